"""Hostile submissions, graded beside an honest one: each is named, and nothing outside changes."""

import hashlib
import json
import shutil
import socketserver
import threading
from pathlib import Path

import psutil
import pytest

from tests.commands.test_classroom import NAME, SOLUTION, cell, solved
from tlcourse.commands import classroom
from tlcourse.exercises.tampering import tampering
from tlcourse.machine import sandbox

ROOT = Path(__file__).resolve().parents[2]
LIMITS = sandbox.Limits(seconds=60, memory_mib=1800, disk_mib=32, processes=40, output_mib=1)
MARK = "tlcourse-left-behind"
# What each does in its answer cell, and a word of the reason; None: it ends well, with no points.
HOSTILE = {
    "reads-another": ("open({other!r}).read()", None),
    "reads-the-gradebook": ("open({book!r}, 'rb').read()", None),
    "reads-the-source": ("import os; os.listdir({source!r})", None),
    "writes-outside": ("open({outside!r}, 'w').write('was here')", None),
    "removes-the-course": ("import shutil; shutil.rmtree({package!r})", None),
    "uses-the-network": (
        "import socket; socket.create_connection(('127.0.0.1', {port}), 2).send(b'x')",
        None,
    ),
    "reads-a-secret": ("import os; open('/nowhere' + os.environ['TLC_SECRET'])", None),
    "forks": (
        "import os, time\nfor _ in range(300):\n    if not os.fork():\n        time.sleep(60)",
        "more than",  # 40 processes, or the memory of so many: whichever is seen first
    ),
    "prints-for-ever": ("while True:\n    print('x' * 1000)", "printed"),
    "sleeps-for-ever": ("import time\ntime.sleep(10_000)", "seconds"),
    "eats-memory": (
        "import time\nhoard = [bytearray(b'x' * 2**20) for _ in range(2000)]\ntime.sleep(30)",
        "memory",
    ),
    "fills-the-disk": (
        "for n in range(9):\n    open(f'/tmp/{{n}}', 'wb').write(b'x' * 2**23)",
        None,
    ),
    "assigns-check": ("check = lambda *a: True", "assigns `check`"),
    "patches-the-judge": ("import tlcourse.exercises.registry as r", "imports"),
    "ends-its-kernel": ("import os\nos._exit(0)", "ended"),
    "leaves-a-daemon": (
        "import subprocess, sys\nsubprocess.Popen("
        "[sys.executable, '-c', 'import time; time.sleep(600)', {mark!r}],"
        " start_new_session=True)\nassert False",
        None,
    ),
}


def short(answer: str) -> str:
    """Of the lesson's notebook, one exercise, answered: each kernel is started for itself."""
    notebook = json.loads(SOLUTION)
    first = next(c for c in notebook["cells"] if "exercises import" in "".join(c["source"]))
    asked, checked = (
        notebook["cells"][cell(notebook, f"{kind}-05-5")] for kind in ("answer", "check")
    )
    notebook["cells"] = [first, asked | {"source": answer}, checked]
    return json.dumps(notebook)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    if reason := sandbox.why_not():
        forbidden = shutil.which("bwrap") and shutil.which("prlimit")
        pytest.skip(f"no namespaces on this machine: {reason}" if forbidden else reason)
    folder = tmp_path_factory.mktemp("hostile")
    course, outside = folder / "course", folder / "home"
    outside.mkdir()
    (outside / "letter").write_text("dear diary")
    (folder / "solutions").mkdir()
    (folder / "solutions" / NAME).write_text(short(solved("answer-05-5")), "utf-8")
    classroom.make_course(course, folder / "solutions")
    hits = []

    class Hit(socketserver.BaseRequestHandler):
        def handle(self):
            hits.append(1)

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Hit)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    honest = course / "submitted" / "honest" / "lesson_05" / NAME
    named = {
        "other": str(honest),
        "book": str(course / "gradebook.db"),
        "source": str(course / "source"),
        "outside": str(outside / "letter"),
        "package": str(ROOT / "tlcourse"),
        "port": server.server_address[1],
        "mark": MARK,
    }
    for student, (code, _) in HOSTILE.items():
        target = course / "submitted" / student / "lesson_05" / NAME
        target.parent.mkdir(parents=True)
        # Whoever gets through has the right answer as well: points would tell.
        text = code.format(**named) + "\n" + solved("answer-05-5")
        target.write_text(short(text), "utf-8")
    honest.parent.mkdir(parents=True)
    honest.write_text(short(solved("answer-05-5")), "utf-8")
    watched = [course / "submitted", course / "source", course / "release", outside]
    watched.append(ROOT / "tlcourse")
    before = [digests(one) for one in watched]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLC_SECRET", "s3cret")
        results = classroom.grade(course, "lesson_05", feedback=False, limits=LIMITS)
    server.shutdown()
    server.server_close()
    same = before == [digests(one) for one in watched]
    return {one.student: one for one in results}, same, hits


@pytest.mark.slow
@pytest.mark.parametrize("student", HOSTILE)
def test_a_hostile_submission_gets_no_points(batch, student):
    one, reason = batch[0][student], HOSTILE[student][1]
    assert one.points == 0, one
    assert (reason or "") in one.problem
    assert bool(one.problem) == bool(reason), one


@pytest.mark.slow
def test_the_honest_one_beside_them_gets_its_points(batch):
    assert (batch[0]["honest"].points, batch[0]["honest"].problem) == (2, "")


@pytest.mark.slow
def test_nothing_outside_has_changed_and_nobody_was_called(batch):
    assert batch[1]
    assert batch[2] == []


@pytest.mark.slow
def test_no_process_is_left(batch):
    left = [p for p in psutil.Process().children(recursive=True) if p.name() == "bwrap"]
    assert left == []
    assert not [p for p in psutil.process_iter(["cmdline"]) if MARK in (p.info["cmdline"] or [])]


def test_without_bubblewrap_the_choice_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(classroom, "why_not", lambda: "no bwrap")
    with pytest.raises(classroom.ClassroomError, match="--no-sandbox"):
        classroom.grade(tmp_path, "lesson_05")


@pytest.mark.parametrize("folder", ["solutions", "exercises"])
def test_no_notebook_of_the_course_is_taken_for_tampering(folder):
    for path in sorted((ROOT / "lessons" / folder).glob("*.ipynb")):
        assert tampering(json.loads(path.read_text("utf-8"))["cells"]) == "", path.name


@pytest.mark.parametrize(
    "source",
    [
        "def check(*a): pass",
        "from elsewhere import check",
        "import sys; sys.modules",
        "import inspect",
        "check.__code__ = None",
        "for check in []: pass",
        "%reset",
    ],
)
def test_what_reaches_for_the_checks_is_named(source):
    assert tampering([{"cell_type": "code", "metadata": {}, "source": source}]).startswith(
        "cell 1 "
    )
