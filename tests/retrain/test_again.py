"""What an earlier run worked out is read, and only that."""

import numpy as np
import pytest

from tlcourse.retrain import again


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path))
    monkeypatch.delenv("TLCOURSE_SHARED", raising=False)
    return tmp_path / "retrain"


@pytest.fixture
def counted():
    """A function that works something out, and the list of how often it did."""
    calls = []

    def make():
        calls.append(1)
        return {"x": np.arange(3), "note": np.array("")}

    return make, calls


def test_a_result_is_worked_out_once(cache, counted):
    make, calls = counted
    for _ in range(2):
        found = again.once("sum", ["a", 1, (0.5, None)], make)
        assert found["x"].tolist() == [0, 1, 2]
        assert str(found["note"]) == ""
    assert len(calls) == 1
    assert [path.name[:4] for path in cache.iterdir()] == ["sum-"]


@pytest.mark.parametrize(("what", "facts"), [
    ("mean", ["a", 1]), ("sum", ["a", 2]), ("sum", ["a"]), ("sum", ["a1"]), ("sum", [1, "a"]),
])  # fmt: skip
def test_other_facts_are_another_result(cache, counted, what, facts):
    make, calls = counted
    again.once("sum", ["a", 1], make)
    again.once(what, facts, make)
    assert len(calls) == 2


def test_no_result_outlives_the_code_that_made_it(cache, counted, monkeypatch, tmp_path):
    make, calls = counted
    code = tmp_path / "code" / "inner"
    code.mkdir(parents=True)
    (code / "step.py").write_text("x = 1")
    monkeypatch.setattr(again.assets, "PACKAGE", code.parent)
    for text in ("x = 1", "x = 2"):
        (code / "step.py").write_text(text)
        again._code.cache_clear()
        again.once("sum", [], make)
    again._code.cache_clear()
    assert len(calls) == 2


@pytest.mark.parametrize("left", [b"", b"PK", 0.5, 0.99])
def test_a_damaged_file_is_made_anew(cache, counted, left):
    make, calls = counted
    again.once("sum", [], make)
    (path,) = cache.iterdir()
    whole = path.read_bytes()
    path.write_bytes(left if isinstance(left, bytes) else whole[: int(left * len(whole))])
    assert again.once("sum", [], make)["x"].tolist() == [0, 1, 2]
    assert len(calls) == 2
    assert path.read_bytes() == whole


def test_changed_numbers_are_not_taken(cache, counted):
    make, calls = counted
    again.once("sum", [], make)
    (path,) = cache.iterdir()
    whole = path.read_bytes()
    data = np.arange(3).tobytes()
    path.write_bytes(whole.replace(data, data[::-1], 1))
    assert again.once("sum", [], make)["x"].tolist() == [0, 1, 2]
    assert len(calls) == 2


def test_what_is_not_whole_is_not_kept(cache, counted):
    make, calls = counted
    for _ in range(2):
        again.once("sum", [], make, keep=lambda made: bool(str(made["note"])))
    assert len(calls) == 2
    assert not cache.exists()


def test_a_cache_that_cannot_be_written_costs_only_time(counted, tmp_path, monkeypatch):
    make, calls = counted
    (tmp_path / "a file").touch()
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "a file"))
    for _ in range(2):
        assert again.once("sum", [], make)["x"].tolist() == [0, 1, 2]
    assert len(calls) == 2
