"""The record of what a learner has done: nothing that was earned is ever lost."""

import json
import multiprocessing
import os
import signal
import time

import pytest

from tests.exercises.answers import RIGHT
from tlcourse.exercises import check, progress, record

INTERVAL = RIGHT["04.4"]()["a tuple"]  # a right answer that takes no time


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TLCOURSE_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.setattr(record, "_here", {})
    return tmp_path / "data"


def forget(monkeypatch):
    """What this kernel remembers: from now on, only the file tells."""
    monkeypatch.setattr(record, "_here", {})


def test_a_right_answer_is_on_record_and_a_later_wrong_one_takes_nothing(monkeypatch):
    assert record.tried("05.2") == ""
    assert record.read() == ({"05.2": "tried"}, "")
    record.earned("05.2")
    record.tried("05.2")
    forget(monkeypatch)
    assert record.read() == ({"05.2": "right"}, "")


def test_the_file_is_lines_of_json(folder):
    record.earned("05.2")
    lines = (folder / "progress.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        {"exercise": "05.2", "state": "right"},
        {"exercise": "end", "state": "right"},
    ]


def _earn(folder, ids, started):
    os.environ["TLCOURSE_DATA"] = str(folder)
    started.wait()
    for id in ids:
        record.earned(id)


def test_two_notebooks_that_write_at_once_lose_nothing(folder, monkeypatch):
    spawn = multiprocessing.get_context("spawn")
    started = spawn.Event()
    ids = [[f"0{book}.{number}" for number in range(20)] for book in (1, 2)]
    books = [spawn.Process(target=_earn, args=(folder, mine, started)) for mine in ids]
    for book in books:
        book.start()
    started.set()
    for book in books:
        book.join(60)
        assert book.exitcode == 0
    assert sorted(record.read()[0]) == sorted(ids[0] + ids[1])


def _write_for_ever(folder, told):
    os.environ["TLCOURSE_DATA"] = str(folder)
    for number in range(100_000):
        record.earned(f"09.{number}")
        told.value = number


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_kill_in_the_middle_of_a_write_loses_nothing(folder):
    spawn = multiprocessing.get_context("spawn")
    for wait in (0.0, 0.01, 0.02, 0.03):
        # Without a lock, which a process that is killed while it holds it would hold for ever.
        told = spawn.RawValue("i", -1)
        process = spawn.Process(target=_write_for_ever, args=(folder, told))
        process.start()
        try:
            deadline = time.monotonic() + 120
            while told.value < 5:
                assert process.is_alive()
                assert time.monotonic() < deadline
                time.sleep(0.005)
            time.sleep(wait)
        finally:
            process.kill()
            process.join(30)
        assert process.exitcode == -signal.SIGKILL
        states, remark = record.read()
        assert remark == ""
        assert {f"09.{number}" for number in range(told.value)} <= set(states)
    record.earned("05.1")  # the lock of the killed one does not hold
    assert "05.1" in record.read()[0]


DAMAGE = {
    "empty": lambda data: b"",
    "cut in a line": lambda data: data[:-50],
    "cut at a line's end": lambda data: b"".join(data.splitlines(keepends=True)[:-1]),
    "noise": lambda data: bytes(range(256)),
    "a line of another program": lambda data: b"<html>\n" + data,
    "other JSON": lambda data: b'["a", 1]\n' + data,
    "another state": lambda data: data.replace(b'"right"', b'"done"', 1),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_is_set_aside_and_nothing_is_lost(kind, folder, monkeypatch):
    for id in ("01.1", "02.2", "05.2"):
        record.earned(id)
    forget(monkeypatch)
    file = folder / "progress.jsonl"
    spoiled = DAMAGE[kind](file.read_bytes())
    file.write_bytes(spoiled)
    done = progress()
    assert "set aside" in done.remark
    assert "3 right" in done.remark
    assert record.read() == ({"01.1": "right", "02.2": "right", "05.2": "right"}, "")
    (aside,) = folder.glob("progress.damaged-*")
    assert aside.read_bytes() == spoiled


def test_a_damaged_file_is_told_by_the_next_check(folder, monkeypatch):
    record.earned("01.1")
    forget(monkeypatch)
    (folder / "progress.jsonl").write_text("{", "utf-8")
    assert "set aside" in check("05.2", 640).text
    assert record.read() == ({"01.1": "right", "05.2": "tried"}, "")


def test_where_both_file_and_copy_are_damaged_the_kernel_remembers(folder):
    record.earned("01.1")
    for name in ("progress.jsonl", "progress.copy.jsonl"):
        (folder / name).write_text("?", "utf-8")
    record.earned("05.2")
    assert record.read()[0] == {"01.1": "right", "05.2": "right"}


def test_a_folder_that_cannot_be_written_is_said_and_the_kernel_remembers(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder", "utf-8")
    monkeypatch.setenv("TLCOURSE_DATA", str(tmp_path / "file"))
    verdict = check("04.4", INTERVAL)
    assert verdict.right
    assert "could not be put on record" in verdict.text
    assert progress().lessons["04"]["04.4"] == "right"


def test_grading_somebody_elses_answers_is_not_put_on_record(folder, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert check("04.4", INTERVAL).right
    assert not folder.exists()


def test_progress_counts_and_shows(monkeypatch):
    record.earned("05.1")
    record.tried("05.2")
    done = progress()
    assert done.done == 1
    assert done.lessons["05"]["05.1"] == "right"
    assert repr(done).splitlines()[0].startswith(f"1 of {done.total} exercises done")
    assert "lesson 05  ✓ … ·" in repr(done)
    assert done._repr_html_().startswith("<pre")


def test_the_record_lies_in_the_users_data_folder_unless_told_otherwise(monkeypatch):
    import platformdirs

    monkeypatch.delenv("TLCOURSE_DATA")
    assert record.data_dir() == platformdirs.user_data_path("tlcourse", appauthor=False)
