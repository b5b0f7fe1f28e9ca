"""What all tests of the audit begin with."""

import pytest

from tests.helpers.audited import pictures
from tlcourse.data import Task


@pytest.fixture(scope="session")
def task():
    return Task("blobs", ("red", "blue"), pictures(24, 1), pictures(12, 2), pictures(20, 3))
