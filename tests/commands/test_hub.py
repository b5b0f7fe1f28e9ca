"""The classroom on JupyterHub, without the hub: who is in it, what is seen, what is collected."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "classroom"))

import fence  # noqa: E402
import hub as rooms  # noqa: E402

from tlcourse.errors import AssetError  # noqa: E402
from tlcourse.machine import sandbox  # noqa: E402

GIVEN = "student+lesson_05+2026-11-27 10:0{minute}:00.000000 UTC+abc"


@pytest.fixture
def hub(tmp_path):
    made = rooms.Hub(tmp_path / "class")
    for path in (made.folder, made.outbound, made.shared, made.course / "release" / "lesson_05"):
        path.mkdir(exist_ok=True, parents=True)
    (made.course / "release" / "lesson_05" / "05.ipynb").write_text("{}")
    (made.course / "answers").write_text("secret")
    return made


def hand_in(hub, student: str, text: str, minute: int = 1, name: str = GIVEN) -> Path:
    folder = hub.exchange(student) / "inbound" / name.format(minute=minute)
    folder.mkdir()
    (folder / "05.ipynb").write_text(text)
    for last in ("timestamp.txt", "submission_secret.txt"):  # as nbgrader writes them
        (folder / last).write_text("x")
    return folder


def collected(hub, student: str) -> str:
    return (hub.course / "submitted" / student / "lesson_05" / "05.ipynb").read_text()


def test_a_student_has_lessons_and_exercises_and_no_solutions(hub):
    rooms.add(hub, ["ada"])
    found = [path.relative_to(hub.home("ada")) for path in hub.home("ada").rglob("*.ipynb")]
    assert any(path.parts[:2] == ("lessons", "exercises") for path in found)
    assert not any("solutions" in path.parts for path in found)


def test_what_a_student_has_changed_stays_and_what_is_missing_comes(hub):
    rooms.add(hub, ["ada"])
    lesson, gone = sorted((hub.home("ada") / "lessons").glob("*.ipynb"))[:2]
    lesson.write_text("mine")
    gone.unlink()
    rooms.inside(hub, "ada")
    assert lesson.read_text() == "mine"
    assert gone.exists()


def test_no_link_of_a_students_is_followed(hub, tmp_path):
    rooms.add(hub, ["ada"])
    folder, elsewhere = hub.home("ada") / "lessons" / "exercises", tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder.rename(folder.with_name("away"))
    folder.symlink_to(elsewhere)
    rooms.inside(hub, "ada")
    assert list(elsewhere.iterdir()) == []


def test_a_password_is_right_for_its_student_alone_and_is_kept_nowhere(hub):
    given = rooms.add(hub, ["ada", "bob"])
    assert rooms.is_right(hub, "ada", given["ada"])
    assert not rooms.is_right(hub, "bob", given["ada"])
    assert not rooms.is_right(hub, "ada", "")
    assert not rooms.is_right(hub, "nobody", "")
    assert given["ada"] not in hub.passwords.read_text()
    assert hub.passwords.stat().st_mode & 0o077 == 0


def test_a_new_password_ends_the_old_one(hub):
    old = rooms.add(hub, ["ada"])["ada"]
    rooms.add(hub, ["ada"])
    assert not rooms.is_right(hub, "ada", old)


@pytest.mark.parametrize("name", ["", "../bob", "Ada", "a+b", "a b", "/etc"])
def test_a_name_that_is_no_account_is_refused(hub, name):
    with pytest.raises(rooms.HubError, match="no name for an account"):
        rooms.add(hub, [name])


def test_what_is_not_there_is_not_released(hub):
    rooms.release(hub, "lesson_05")
    assert (hub.outbound / "lesson_05" / "05.ipynb").exists()
    with pytest.raises(rooms.HubError, match="There are: lesson_05"):
        rooms.release(hub, "lesson_55")


def test_the_newest_is_collected_and_is_the_folders_owners(hub):
    rooms.add(hub, ["ada", "bob", "cleo"])
    hand_in(hub, "ada", "first", 1)
    hand_in(hub, "ada", "second", 2)
    # Ada hands in under Bob's name; it lies in her folder, so it is hers.
    hand_in(hub, "ada", "forged", 0, GIVEN.replace("student", "bob"))
    hand_in(hub, "bob", "bob's", 1)
    told = rooms.collect(hub, "lesson_05")
    assert collected(hub, "ada") == "second"
    assert collected(hub, "bob") == "bob's"
    assert told["cleo"] == "nothing handed in"
    assert "10:02" in told["ada"]


def test_what_a_full_disk_has_cut_off_is_not_collected(hub):
    rooms.add(hub, ["ada", "bob"])
    hand_in(hub, "ada", "whole", 1)
    (hand_in(hub, "ada", "half", 2) / "timestamp.txt").write_text("")
    (hand_in(hub, "bob", "half", 1) / "submission_secret.txt").unlink()
    told = rooms.collect(hub, "lesson_05")
    assert collected(hub, "ada") == "whole"
    assert "10:01" in told["ada"]
    assert told["bob"] == "handed in, but cut off: once more, please"
    assert not (hub.course / "submitted" / "bob").exists()


def test_what_was_collected_stays_if_the_disk_fills(hub, monkeypatch):
    rooms.add(hub, ["ada"])
    hand_in(hub, "ada", "first", 1)
    rooms.collect(hub, "lesson_05")
    hand_in(hub, "ada", "second", 2)

    def full(source, target, **_):
        Path(target).mkdir()
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(rooms.shutil, "copytree", full)
        with pytest.raises(rooms.HubError, match=r"No space left .* collect again"):
            rooms.collect(hub, "lesson_05")
    assert collected(hub, "ada") == "first"
    assert [path.name for path in (hub.course / "submitted" / "ada").iterdir()] == ["lesson_05"]
    rooms.collect(hub, "lesson_05")
    assert collected(hub, "ada") == "second"


def test_a_lesson_is_copied_whole_or_not_at_all(hub, monkeypatch):
    rooms.add(hub, ["ada"])
    lesson, *_ = sorted((hub.home("ada") / "lessons").glob("*.ipynb"))
    content = lesson.read_bytes()
    lesson.unlink()

    def full(source, target):
        Path(target).write_bytes(content[:100])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(rooms.shutil, "copyfile", full)
        with pytest.raises(AssetError, match="No space left"):
            rooms.inside(hub, "ada")
    assert not lesson.exists()
    rooms.inside(hub, "ada")
    assert lesson.read_bytes() == content


def test_a_server_may_start_on_a_full_disk(hub, monkeypatch):
    rooms.add(hub, ["ada"])
    account = hub.account("ada").read_text()
    assert account.startswith("ada:x:")
    monkeypatch.setattr(Path, "write_text", lambda *_: pytest.fail("something is written"))
    rooms.inside(hub, "ada")
    assert hub.account("ada").read_text() == account


def test_links_and_what_is_too_large_are_not_collected(hub, monkeypatch):
    rooms.add(hub, ["ada", "bob", "cleo"])
    (hand_in(hub, "ada", "{}") / "x").symlink_to(hub.course / "answers")
    monkeypatch.setattr(rooms, "LARGEST_MIB", 0.001)
    hand_in(hub, "bob", "x" * 2000)
    other = hub.exchange("cleo") / "inbound" / GIVEN.format(minute=1)
    other.symlink_to(hub.exchange("bob") / "inbound")
    told = rooms.collect(hub, "lesson_05")
    assert told["ada"] == "refused: it holds a link"
    assert told["bob"].startswith("refused: larger than")
    assert told["cleo"] == "nothing handed in"
    assert not (hub.course / "submitted").exists()


def test_feedback_goes_to_the_one_it_is_about(hub):
    rooms.add(hub, ["ada", "bob"])
    page = hub.course / "feedback" / "ada" / "lesson_05" / "05.html"
    page.parent.mkdir(parents=True)
    page.write_text("well done")
    assert rooms.feedback(hub, "lesson_05") == ["ada"]
    assert len(list((hub.exchange("ada") / "feedback").rglob("*.html"))) == 1
    assert list((hub.exchange("bob") / "feedback").rglob("*.html")) == []


TRIES = """
import json, os, pathlib, sys
def tried(what):
    try:
        what()
        return True
    except OSError:
        return False
hub = pathlib.Path(sys.argv[1])
exchange = pathlib.Path("/srv/exchange/transfer_learning")
print(json.dumps({
    "own home": tried(lambda: (pathlib.Path.home() / "x").write_text("mine")),
    "hand in": tried(lambda: (exchange / "inbound" / "x").write_text("mine")),
    "the course": tried(lambda: __import__("tlcourse")),
    "the hub": tried(lambda: os.listdir(hub)),
    "another home": tried(lambda: os.listdir(hub / "homes" / "bob")),
    "the solutions": tried(lambda: os.listdir(sys.argv[2])),
    "write outbound": tried(lambda: (exchange / "outbound" / "x").write_text("x")),
    "write feedback": tried(lambda: (exchange / "feedback" / "x").write_text("x")),
    "write the course": tried(lambda: pathlib.Path(sys.argv[2], "..", "x").write_text("x")),
    "replace inbound": tried(lambda: os.rename(exchange / "inbound", exchange / "y")),
    "the hub's process": tried(lambda: os.kill(int(sys.argv[3]), 0)),
    "root": os.getuid() == 0,
}))
"""


def test_behind_the_fence_are_the_course_and_ones_own_things_alone(hub):
    if reason := sandbox.why_not():
        pytest.skip(f"no namespaces on this machine: {reason}")
    rooms.add(hub, ["ada", "bob"])
    line = fence.fence(hub, "ada")
    places = [str(hub.folder), str(ROOT / "lessons" / "solutions"), str(os.getpid())]
    done = subprocess.run(
        [*line, sys.executable, "-c", TRIES, *places],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": sandbox.HOME, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    reached = [what for what, came in json.loads(done.stdout).items() if came]
    assert reached == ["own home", "hand in", "the course"]
    assert (hub.home("ada") / "x").read_text() == "mine"
    assert (hub.exchange("ada") / "inbound" / "x").read_text() == "mine"


def test_the_hub_does_not_start_where_it_would_not_be_safe(hub, monkeypatch):
    monkeypatch.setattr(sandbox, "why_not", lambda: "")
    assert "Nobody is in this class" in rooms.why_not(hub, "http://127.0.0.1:8000", False)
    rooms.add(hub, ["ada"])
    assert rooms.why_not(hub, "http://127.0.0.1:8000", False) == ""
    assert "in the clear" in rooms.why_not(hub, "http://0.0.0.0:8000", False)
    assert "in the clear" in rooms.why_not(hub, "http://:8000", False)
    assert rooms.why_not(hub, "https://course.example:443", True) == ""
    monkeypatch.setattr(sandbox, "why_not", lambda: "no bwrap")
    assert "kept from the others: no bwrap" in rooms.why_not(hub, "http://localhost:8000", False)
