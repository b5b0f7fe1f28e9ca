"""Fetching a file: no byte too many, and what went wrong is told apart."""

import io
from typing import ClassVar

import pytest

from tlcourse.files.download import NetworkError, copy_at_most, download


@pytest.mark.parametrize(("length", "written"), [(3, 3), (5, 5), (6, 6), (500_000, 6)])
def test_a_copy_ends_one_byte_beyond_what_is_expected(tmp_path, length, written):
    moved = []
    found = copy_at_most(io.BytesIO(bytes(length)).read, tmp_path / "file", 5, moved.append)
    assert found == sum(moved) == (tmp_path / "file").stat().st_size == written


def test_without_a_size_the_server_is_asked_for_it(tmp_path):
    (tmp_path / "source").write_bytes(b"content")
    download((tmp_path / "source").as_uri(), tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"content"


class Answer(io.BytesIO):
    headers: ClassVar[dict] = {}


def test_an_answer_of_unknown_length_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: Answer(b"content"))
    with pytest.raises(NetworkError, match="does not say how many bytes"):
        download("http://127.0.0.1/file", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_an_answer_that_ends_too_early_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(Answer, "headers", {"Content-Length": "8"})
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: Answer(b"content"))
    with pytest.raises(NetworkError, match="gave 7 bytes where 8 were expected"):
        download("http://127.0.0.1/file", tmp_path / "copy")
