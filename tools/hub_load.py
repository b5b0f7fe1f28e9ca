"""`make hub-load`: a class of simulated students on JupyterHub, on this machine alone.

    python -m tools.hub_load 1 5 10 20           classes of so many students, one after the other
    python -m tools.hub_load --lesson 05 --table lessons/INSTRUCTORS.md 1 5

For each class, a hub of its own is brought up in a folder of its own, on 127.0.0.1. Each student
logs in, starts a server, opens a lesson, runs it to its first figure, fetches the exercises,
answers one, and hands in. Meanwhile one kernel is killed, one server is restarted, one student
uploads a large file, and one spies; at the end all hand in at once. The instructor collects and
grades. Then everything is counted, ended and removed.

With `--disk MIB` (root, Linux), the class has a file system of its own with so much room left, in
memory, and one student fills it: nobody can save or hand in then, and nothing may be lost by it.
"""

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import psutil

from tools.hub_student import Student
from tools.hub_teaching import EXERCISE, POINTS, Class, Teaching

ROOT = Path(__file__).resolve().parent.parent
LOG = ROOT / "build" / "hub_load.log"  # of the last hub
MARKS = ("<!-- hub-load begins -->", "<!-- hub-load ends -->")


def free_ports() -> tuple[int, int]:
    """A port for browsers, and one for the hub with a free one after it."""
    with contextlib.ExitStack() as stack:
        found = []
        while len(found) < 2:
            one, two = (stack.enter_context(socket.socket()) for _ in range(2))
            one.bind(("127.0.0.1", 0))
            try:
                two.bind(("127.0.0.1", one.getsockname()[1] + 1))
            except OSError:
                continue
            found.append(one.getsockname()[1])
    return found[0], found[1]


def processes_of(folder: Path) -> list[str]:
    """Command lines in which the folder occurs, but for this program's."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = process.cmdline()
            if process.pid != os.getpid() and any(str(folder) in word for word in words):
                found.append(" ".join(words)[:120])
    return found


def run_class(count: int, options: argparse.Namespace, shared: Path) -> Class:
    """Bring a hub up, let a class of `count` in, grade them, and take everything away again."""
    folder = Path(tempfile.mkdtemp(prefix="tlc-hub-")).resolve()
    result = Class(count, options.lesson, load=os.getloadavg()[0])
    if options.disk:
        _mount("-t", "tmpfs", "tlc-hub", str(folder))
    try:
        if options.proxy:
            shutil.copytree(options.proxy, folder / "proxy", symlinks=True)
        _prepared_and_run(folder, result, shared, options)
    finally:
        result.left = processes_of(folder)
        if options.disk:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)
        shutil.rmtree(folder, ignore_errors=True)
    return result


def _mount(*words: str) -> None:
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"--disk needs root on Linux, to mount: {done.stderr.strip()}")


def _prepared_and_run(
    folder: Path, result: Class, shared: Path, options: argparse.Namespace
) -> None:
    sys.path.insert(0, str(ROOT / "classroom"))
    import hub as rooms

    hub = rooms.Hub(folder)
    (solution,) = ROOT.glob(f"lessons/solutions/{EXERCISE}_*.ipynb")
    with tempfile.TemporaryDirectory() as solutions:
        shutil.copy(solution, solutions)
        rooms.make(hub, Path(solutions))
    hub.shared.rmdir()
    shutil.copytree(shared, hub.shared)
    names = [f"student{number:02}" for number in range(1, result.students + 1)]
    passwords = rooms.add(hub, names)
    rooms.release(hub, f"lesson_{EXERCISE}")
    if options.disk:
        taken = shutil.disk_usage(folder).used // 2**20
        _mount("-o", f"remount,size={taken + options.disk}m", str(folder))
    port, inner = free_ports()
    settings = {"TLCOURSE_HUB": str(folder), "TLCOURSE_HUB_URL": f"http://127.0.0.1:{port}"}
    settings |= {"TLCOURSE_HUB_PORT": str(inner), "PYTHONPATH": str(ROOT)}
    config = ROOT / "classroom" / "jupyterhub_config.py"
    log = open(folder / "hub.log", "wb")  # noqa: SIM115
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterhub", "-f", str(config)],
        env={**os.environ, **settings}, stdout=log, stderr=log, cwd=folder,
        start_new_session=True,
    )  # fmt: skip
    try:
        students = [Student(n, passwords[n], f"http://127.0.0.1:{port}") for n in names]
        teaching = Teaching(
            process, students, folder, inner, result, options.upload, bool(options.disk)
        )
        asyncio.run(asyncio.wait_for(teaching.all(), 60 * options.minutes))
        _graded(rooms, hub, students, result)
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(60)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.close()
        LOG.parent.mkdir(exist_ok=True)
        shutil.copyfile(log.name, LOG)


def _graded(rooms, hub, students: list[Student], result: Class) -> None:
    """Collect, grade in the sandbox, give the feedback, and look whose is whose."""
    assignment = f"lesson_{EXERCISE}"
    try:
        collected = rooms.collect(hub, assignment)
    except rooms.HubError as error:
        result.lost.append(f"what was to be collected: {error}")
        return
    if not any("collected" in what for what in collected.values()):
        return  # why, each student has said
    began = time.monotonic()
    from tlcourse.commands import classroom

    graded = {one.student: one for one in classroom.grade(hub.course, assignment)}
    result.grading_seconds = time.monotonic() - began
    rooms.feedback(hub, assignment)
    for student in students:
        folders = {"handed in": hub.course / "submitted", "feedback": hub.folder / "exchange"}
        texts = [
            path.read_text("utf-8")
            for path in (folders["handed in"] / student.name / assignment).glob("*.ipynb")
        ]
        pages = list((hub.exchange(student.name) / "feedback").rglob("*.html"))
        one = graded.get(student.name)
        if not any(student.marker in text for text in texts):
            result.lost.append(f"{student.name}: the notebook that was handed in")
        elif one is None or one.points != POINTS:
            result.lost.append(f"{student.name}: graded {one}")
        elif not any(student.marker in page.read_text("utf-8") for page in pages):
            result.lost.append(f"{student.name}: the feedback")
        else:
            result.graded += 1
        for other in students:
            if other is not student and any(other.marker in text for text in texts):
                result.holes.append(f"{student.name} has {other.name}'s work")


def shared_cache(folder: Path, lesson: str) -> Path:
    """What `tlcourse room` would put there, for this lesson and for the exercises alone."""
    import nbformat

    from tlcourse.notebooks import execute

    variables = {**os.environ, "TLCOURSE_CACHE": str(folder), "PYTHONPATH": str(ROOT)}
    for path in (*ROOT.glob(f"lessons/{lesson}_*.ipynb"),
                 *ROOT.glob(f"lessons/solutions/{EXERCISE}_*.ipynb")):  # fmt: skip
        with tempfile.TemporaryDirectory() as aside:
            execute(nbformat.read(path, as_version=4), Path(aside), variables)
    return folder


def rows(classes: list[Class]) -> str:
    """The table, and under it the circumstances."""
    text = (
        "| students | server | with one kernel | all together | first answer | first figure "
        "| exercise, with its kernel | hand in | graded | lost | holes | left |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|\n"
    )
    for one in classes:
        times = [_middle(one.seconds.get(w), " s") for w in ("answer", "figure", "exercise")]
        times.append(_middle(one.seconds.get("hand in"), " s"))
        cells = [str(one.students), _middle(one.server_mib, " MiB")]
        cells += [_middle(one.kernel_mib, " MiB"), f"{one.taken_mib / 1024:.1f} GiB", *times]
        cells += [f"{one.graded} in {one.grading_seconds:.0f} s"]
        cells += [str(len(found)) for found in (one.lost, one.holes, one.left)]
        text += f"| {' | '.join(cells)} |\n"
    cores, memory = os.cpu_count(), psutil.virtual_memory().total / 2**30
    loads = ", ".join(f"{one.load:.1f}" for one in classes)
    return (
        f"{text}\nMedians, the worst in brackets; memory is PSS, in which what several share is "
        f"shared out. Lesson {classes[0].lesson}, all students at the same moment, without a "
        f"pause to think; {cores} cores, {memory:.0f} GiB; other work on the machine at the "
        f"start of each row: a load of {loads}.\n"
    )


def _middle(values: list[float] | None, unit: str) -> str:
    if not values:
        return "–"
    worst = f" ({max(values):.0f})" if len(values) > 1 else ""
    return f"{statistics.median(values):.0f}{worst}{unit}"


def put(table: str, page: Path) -> None:
    """Replace what stands between the two marks on a page."""
    before, _, rest = page.read_text("utf-8").partition(MARKS[0])
    _, found, after = rest.partition(MARKS[1])
    if not found:
        raise SystemExit(f"{page} has no {MARKS[0]} … {MARKS[1]}")
    page.write_text(f"{before}{MARKS[0]}\n{table}{MARKS[1]}{after}", "utf-8")


def main() -> int:
    """Run the classes, print the table, and say what went wrong."""
    parser = argparse.ArgumentParser(description="Simulated classes on JupyterHub.")
    parser.add_argument("students", nargs="*", type=int, default=[1, 5, 10, 20])
    parser.add_argument("--lesson", default="05")
    parser.add_argument("--shared", type=Path, help="a cache that `tlcourse room` has filled")
    parser.add_argument("--proxy", type=Path, help="a folder `proxy` that `hub.py make` has made")
    parser.add_argument("--upload", type=int, default=200, help="MiB that one student uploads")
    parser.add_argument("--disk", type=int, help="MiB that are left on the disk; one fills it")
    parser.add_argument("--minutes", type=float, default=20, help="most that one class may take")
    parser.add_argument("--table", type=Path, help="page to put the table into")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "hub_load.json")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # and take everything away
    with tempfile.TemporaryDirectory(prefix="tlc-shared-") as folder:
        shared = options.shared or shared_cache(Path(folder), options.lesson)
        classes = []
        for count in options.students:
            one = run_class(count, options, shared)
            classes.append(one)
            options.json.parent.mkdir(parents=True, exist_ok=True)
            options.json.write_text(json.dumps([asdict(x) for x in classes], indent=1), "utf-8")
            print(f"{count} students: {'; '.join(one.told)}", flush=True)
            for kind in ("lost", "holes", "left"):
                for what in getattr(one, kind):
                    print(f"  {kind}: {what}", flush=True)
    table = rows(sorted(classes, key=lambda one: one.students))
    print(table)
    if options.table:
        put(table, options.table)
    return 0 if all(one.well for one in classes) else 1


if __name__ == "__main__":
    sys.exit(main())
