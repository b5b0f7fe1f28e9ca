"""What all tests of photos begin with."""

import warnings

import pytest

from tests.helpers.odd_photos import photos


@pytest.fixture(autouse=True)
def no_warning_leaks():
    """Pillow's warnings are for programmers; only `pytest.warns` may catch one here."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture
def folder(tmp_path):
    return photos(tmp_path / "pets")
