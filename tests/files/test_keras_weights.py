"""Keras's weight files: found, fetched whole, and never taken when they are damaged."""

import hashlib

import h5py
import numpy as np
import pytest

from tlcourse.errors import AssetError
from tlcourse.files.keras_weights import KerasFile, find_weights, locate_weights

NAME = "network_no_top.h5"


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Keras's own folder, the shared one and the server's; the first two are not there yet."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("TLCOURSE_SHARED", str(tmp_path / "shared"))
    monkeypatch.delenv("TLCOURSE_OFFLINE", raising=False)
    (tmp_path / "server").mkdir()
    return tmp_path / "keras/models", tmp_path / "shared/models", tmp_path / "server"


def put(folder, values=(1, 2, 3), cut=None):
    """A weight file; `cut` bytes of it."""
    path = folder / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file.create_group("conv")["kernel"] = np.array(values, "float32")
    path.write_bytes(path.read_bytes()[:cut])
    return path


def published(path, algorithm=None):
    digest = hashlib.new(algorithm, path.read_bytes()).hexdigest() if algorithm else ""
    return KerasFile(NAME, path.as_uri(), digest)


def files_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("algorithm", ["md5", "sha256", None])
def test_a_file_is_fetched_once_and_found_from_then_on(folders, monkeypatch, algorithm):
    own, _, server = folders
    file = published(put(server), algorithm)
    assert find_weights(NAME) is None
    assert locate_weights(file) == own / NAME == find_weights(NAME)
    assert (own / NAME).read_bytes() == (server / NAME).read_bytes()
    (server / NAME).unlink()
    monkeypatch.setenv("TLCOURSE_OFFLINE", "1")
    assert locate_weights(file) == own / NAME
    assert files_in(own) == [NAME]


def test_a_shared_file_is_taken_where_it_lies(folders, monkeypatch):
    own, shared, server = folders
    path = put(shared)
    monkeypatch.setenv("TLCOURSE_OFFLINE", "1")
    assert locate_weights(published(put(server), "md5")) == path
    assert not own.exists()


@pytest.mark.parametrize(("algorithm", "spoiled"), [
    ("md5", {"values": (1, 2, 4)}), ("sha256", {"values": (1, 2, 4)}), (None, {"cut": 900}),
    (None, {"cut": 0}),
])  # fmt: skip
def test_a_damaged_file_is_named_and_a_whole_one_elsewhere_taken(folders, algorithm, spoiled):
    own, shared, server = folders
    file = published(put(server), algorithm)
    path = put(own, **spoiled)
    with pytest.raises(AssetError, match=r"is damaged.*Delete it") as error:
        locate_weights(file)
    assert str(path) in str(error.value)
    assert path.is_file()  # the person may want to look at it
    put(shared)
    assert locate_weights(file) == shared / NAME


@pytest.mark.parametrize(
    ("algorithm", "spoiled"), [("md5", {"values": (1, 2, 4)}), (None, {"cut": 900})]
)
def test_what_comes_damaged_is_not_kept(folders, algorithm, spoiled):
    own, _, server = folders
    file = published(put(server), algorithm)
    put(server, **spoiled)
    with pytest.raises(AssetError, match="what came is another file") as error:
        locate_weights(file)
    assert file.url in str(error.value)
    assert files_in(own) == []


def test_a_download_that_fails_says_why_and_where_to_put_the_file(folders):
    own, _, server = folders
    with pytest.raises(AssetError, match=r"fetching it failed: .*No such file") as error:
        locate_weights(KerasFile(NAME, (server / NAME).as_uri()))
    assert f"not in {own}" in str(error.value)
    assert "copy it to that folder" in str(error.value)


def test_a_folder_that_cannot_be_written_is_named_with_its_variable(folders):
    own, _, server = folders
    own.parent.write_text("a file where the folder should be")
    with pytest.raises(AssetError, match=r"Could not write .*set KERAS_HOME to another"):
        locate_weights(published(put(server)))
