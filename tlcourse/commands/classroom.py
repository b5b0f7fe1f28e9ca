"""`tlcourse classroom`: the exercises as an nbgrader course.

nbgrader does the work (extra `grading`). This module lays out its folders and grades submission
by submission, so that one that cannot be read does not hold up the rest.
"""

import argparse
import contextlib
import csv
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tlcourse.errors import CourseError
from tlcourse.exercises.exercise import STUB
from tlcourse.exercises.tampering import tampering
from tlcourse.files.assets import PACKAGE, atomic_path
from tlcourse.machine.sandbox import Limits, why_not

CONFIG = "nbgrader_config.py"
GRADES = "grades-{assignment}.csv"
LIMITS = Limits()
_CONFIG_TEXT = '''"""Settings of nbgrader for this course, written by `tlcourse classroom make`."""

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "transfer_learning"
c.ClearSolutions.code_stub = {{"python": "{stub}"}}
# A check that a student has deleted is put back and graded.
c.OverwriteCells.add_missing_cells = True
c.Execute.timeout = 120
'''


class ClassroomError(CourseError, RuntimeError):
    """A course could not be made or graded; the message says what to do."""


@dataclass(frozen=True)
class Graded:
    """One submission: points and the most there are, or why it could not be graded."""

    student: str
    points: float | None
    most: float | None
    problem: str = ""


def make_course(folder: Path, solutions: Path | None = None) -> list[str]:
    """Lay out an nbgrader course: one assignment `lesson_NN` for each notebook of solutions.

    What is there already, submissions and grades among it, stays; the notebooks in `source` are
    brought up to date. `release` gets what students work on.

    Args:
        folder: of the course; made where it is not there.
        solutions: folder of the notebooks; default `lessons/solutions` of the checkout.

    Returns:
        The assignments' names.

    Raises:
        ClassroomError: there are no solutions, nbgrader is missing, or it could not release one.
    """
    folder, solutions = Path(folder), Path(solutions or PACKAGE.parent / "lessons" / "solutions")
    notebooks = sorted(solutions.glob("[0-9][0-9]_*.ipynb"))
    if not notebooks:
        raise ClassroomError(
            f"There are no notebooks of solutions in {solutions}. They come with the course's "
            "repository, not with the package: run this in a clone, or name the folder with "
            "--solutions."
        )

    if not (folder / CONFIG).exists():
        _write(folder / CONFIG, _CONFIG_TEXT.format(stub=STUB))
    names = []
    for notebook in notebooks:
        names.append(f"lesson_{notebook.name[:2]}")
        _write(folder / "source" / names[-1] / notebook.name, notebook.read_text("utf-8"))
    api = _api(folder)
    for name in names:
        result = api.generate_assignment(name, force=True, create=True)
        if not result["success"]:
            raise ClassroomError(f"nbgrader could not release {name}: {_reason(result)}")
    return names


def grade(
    folder: Path,
    assignment: str,
    feedback: bool = True,
    *,
    sandboxed: bool = True,
    limits: Limits = LIMITS,
) -> list[Graded]:
    """Grade every submission of an assignment, each for itself, its code in a sandbox.

    Args:
        folder: of a course that `make_course` has laid out.
        assignment: such as `"lesson_05"`.
        feedback: write the pages for the students too, in `feedback/STUDENT/ASSIGNMENT`.
        sandboxed: False runs the students' code with the rights of whoever calls.
        limits: of each submission's kernel, in the sandbox.

    Returns:
        One entry a student, by name. They are also written to `grades-ASSIGNMENT.csv`.

    Raises:
        ClassroomError: there is no such course or assignment, or nobody has handed anything in,
            or there can be no sandbox on this machine.
    """
    folder = Path(folder).resolve()
    if sandboxed and (reason := why_not()):
        raise ClassroomError(
            f"There is no sandbox here: {reason}. On Linux, install bubblewrap; or pass "
            "--no-sandbox, and the students' code runs with all your rights."
        )
    if not (folder / CONFIG).is_file():
        raise ClassroomError(f"{folder} is no course yet: run `tlcourse classroom make {folder}`.")
    known = sorted(path.name for path in (folder / "source").iterdir())
    if assignment not in known:
        raise ClassroomError(f"There is no {assignment}. There are: {', '.join(known)}.")
    submitted = folder / "submitted"
    students = sorted(path.parent.name for path in submitted.glob(f"*/{assignment}"))
    if not students:
        raise ClassroomError(
            f"Nobody has handed in {assignment}. Put each student's notebook into "
            f"{submitted / 'STUDENT' / assignment}, with the name that it came with."
        )
    api, fence = _api(folder), limits if sandboxed else None
    results = [
        _grade_one(api, folder, assignment, student, feedback, fence) for student in students
    ]
    rows = [("student", "points", "of", "problem")]
    rows += [(r.student, r.points, r.most, r.problem) for r in results]
    target = folder / GRADES.format(assignment=assignment)
    with atomic_path(target) as draft, open(draft, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return results


def _grade_one(
    api, folder: Path, assignment: str, student: str, feedback: bool, fence: Limits | None
) -> Graded:
    handed_in = folder / "submitted" / student / assignment
    wanted = {path.name for path in (folder / "source" / assignment).glob("*.ipynb")}
    problem = _unreadable(handed_in, wanted)
    if not problem and fence:
        if problem := _reaching(handed_in, wanted):
            return _zero(api, assignment, student, f"reaches for the checks: {problem}")
        result, ended = _autograde_fenced(api, folder, assignment, student, fence)
        if ended or not result["success"]:
            return _zero(api, assignment, student, ended or f"was ended: {_reason(result)}")
        if feedback:
            result = api.generate_feedback(assignment, student, force=True)
        problem = "" if result["success"] else _reason(result)
    elif not problem:
        result = api.autograde(assignment, student, force=True, create=True)
        if result["success"] and feedback:
            result = api.generate_feedback(assignment, student, force=True)
        problem = "" if result["success"] else _reason(result)
    if problem:
        return Graded(student, None, None, problem)
    graded = api.get_submission(assignment, student)
    return Graded(student, graded["score"], graded["max_score"])


def _autograde_fenced(api, folder: Path, assignment: str, student: str, limits: Limits):
    """What nbgrader's `autograde` gives, and why the sandbox was ended, if it was."""
    from nbgrader.converters import Autograde
    from nbgrader.preprocessors import Execute

    from tlcourse.commands.sandboxed_kernel import execute_step

    ended: list[str] = []
    step = execute_step(folder, folder / "submitted" / student / assignment, limits, ended)
    plain = Autograde.autograde_preprocessors.default_args[0]
    api.config.Autograde.autograde_preprocessors = [
        step if one is Execute else one for one in plain
    ]
    result = api.autograde(assignment, student, force=True, create=True)
    return result, "; ".join(ended)


def _zero(api, assignment: str, student: str, problem: str) -> Graded:
    """No points, and why; an earlier grade in nbgrader's book does not stay."""
    from nbgrader.api import MissingEntry

    most = api.gradebook.find_assignment(assignment).max_score
    with contextlib.suppress(MissingEntry):
        api.gradebook.remove_submission(assignment, student)
    return Graded(student, 0.0, most, problem)


def _reaching(handed_in: Path, wanted: set[str]) -> str:
    """What in a submission reaches for the checks, or nothing."""
    there = [handed_in / name for name in sorted(wanted) if (handed_in / name).is_file()]
    texts = (path.read_text("utf-8") for path in there)
    return next(filter(None, (tampering(json.loads(text)["cells"]) for text in texts)), "")


def _unreadable(handed_in: Path, wanted: set[str]) -> str:
    """Why a submission cannot be graded, or nothing."""
    if links := sorted(path.name for path in handed_in.rglob("*") if path.is_symlink()):
        return f"{links[0]} is a link to somewhere else: ask for the file itself"
    found = {path.name for path in handed_in.glob("*.ipynb")}
    if not wanted & found:
        there = ", ".join(sorted(found)) or "no notebook"
        return f"expected {', '.join(sorted(wanted))}, found {there}: give the file its name back"
    for name in sorted(wanted & found):
        try:
            cells = json.loads((handed_in / name).read_text("utf-8"))["cells"]
            marks = [cell["metadata"]["nbgrader"] for cell in cells if _is_marked(cell)]
        except (ValueError, KeyError, TypeError, AttributeError):
            return f"{name} is damaged: it is no notebook. Ask for it again"
        ids = [mark.get("grade_id", "") for mark in marks]
        if "" in ids:
            return f"{name} is damaged: a cell has lost its grade_id. Ask for it again"
        if twice := sorted({id for id in ids if ids.count(id) > 1}):
            return f"{name} has {', '.join(twice)} twice: keep the one that counts"
    return ""


def _is_marked(cell: dict) -> bool:
    return "nbgrader" in cell["metadata"]


def _api(folder: Path):
    try:
        from nbgrader.apps import NbGraderAPI
        from traitlets.config import PyFileConfigLoader
    except ImportError:
        raise ClassroomError(
            'nbgrader is not installed: pip install -c constraints.txt -e ".[grading]"'
        ) from None
    # nbgrader calls `alembic` by name; an environment that is not activated does not find it.
    programs = str(Path(sys.executable).parent)
    if programs not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([programs, os.environ.get("PATH", "")])
    config = PyFileConfigLoader(CONFIG, str(folder)).load_config()
    config.CourseDirectory.root = str(folder.resolve())
    return NbGraderAPI(config=config)


def _reason(result: dict) -> str:
    """The last line that says something, out of a log of nbgrader."""
    lines = [line.strip() for line in (result.get("error") or "").splitlines() if line.strip()]
    log = [line for line in (result.get("log") or "").splitlines() if "Error:" in line]
    return (log or lines or ["nbgrader gave no reason"])[-1]


def _write(target: Path, text: str) -> None:
    with atomic_path(target) as draft:
        draft.write_text(text, "utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Run `tlcourse classroom make FOLDER` or `… grade FOLDER ASSIGNMENT`.

    Returns 1 when a submission could not be graded.

    Raises:
        CourseError: the course could not be made or graded.
    """
    parser = argparse.ArgumentParser(
        prog="tlcourse classroom", description="The exercises as an nbgrader course."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make", help="lay out the course, or bring it up to date")
    make.add_argument("folder", type=Path, help="of the course")
    make.add_argument("--solutions", type=Path, help="default: lessons/solutions")
    judge = commands.add_parser("grade", help="grade what was handed in, each for itself")
    judge.add_argument("folder", type=Path, help="of the course")
    judge.add_argument("assignment", help="such as lesson_05")
    judge.add_argument("--no-feedback", action="store_true", help="write no pages for students")
    judge.add_argument(
        "--no-sandbox", action="store_true", help="run students' code with all your rights"
    )
    options = parser.parse_args(argv)
    try:
        return _make(options) if options.command == "make" else _grade(options)
    except OSError as error:  # such as a folder that may not be looked into
        raise ClassroomError(str(error)) from error


def _make(options: argparse.Namespace) -> int:
    names = make_course(options.folder, options.solutions)
    print(f"{len(names)} assignments ({', '.join(names)}) are in {options.folder / 'release'}.")
    print(f"Collect into {options.folder / 'submitted' / 'STUDENT' / names[0]}, then run:")
    print(f"tlcourse classroom grade {options.folder} {names[0]}")
    return 0


def _grade(options: argparse.Namespace) -> int:
    fenced = not options.no_sandbox
    results = grade(options.folder, options.assignment, not options.no_feedback, sandboxed=fenced)
    for one in results:
        points = "" if one.points is None else f"{one.points:g} of {one.most:g} points"
        print(f"{one.student}: {', '.join(filter(None, (points, one.problem)))}")
    failed = sum(bool(one.problem) for one in results)
    table = options.folder / GRADES.format(assignment=options.assignment)
    print(f"{len(results) - failed} graded, {failed} with a problem; all are in {table}.")
    return 1 if failed else 0
