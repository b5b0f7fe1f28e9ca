"""The exercises as an nbgrader course: made, handed in well and badly, graded, told."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.one_kernel import one_kernel
from tests.helpers.what_is_here import lacking
from tlcourse import cli
from tlcourse.commands import classroom
from tlcourse.exercises import registry

ROOT = Path(__file__).resolve().parents[2]
LESSONS = ROOT / "lessons"
NAME = "05_method_1_train_and_reuse.ipynb"
SOLUTION = (LESSONS / "solutions" / NAME).read_text("utf-8")
EXERCISE = (LESSONS / "exercises" / NAME).read_text("utf-8")
MOST = 10.0


def cell(notebook: dict, name: str) -> int:
    ids = [c["metadata"].get("nbgrader", {}).get("grade_id") for c in notebook["cells"]]
    return ids.index(name)


def solved(name: str) -> str:
    """The source of an answer cell in the solution."""
    notebook = json.loads(SOLUTION)
    return "".join(notebook["cells"][cell(notebook, name)]["source"])


def answered(**answers: str) -> dict:
    """The exercise, some of its answer cells filled in: `answer_5=PLACES`."""
    notebook = json.loads(EXERCISE)
    for name, source in answers.items():
        at = cell(notebook, name.replace("answer_", "answer-05-"))
        notebook["cells"][at]["source"] = source
    return notebook


def doubled(name: str) -> dict:
    notebook = json.loads(EXERCISE)
    at = cell(notebook, name)
    notebook["cells"].insert(at + 1, notebook["cells"][at] | {"id": "second"})
    return notebook


def without(name: str, notebook: dict) -> dict:
    del notebook["cells"][cell(notebook, name)]
    return notebook


def stripped_mark() -> dict:
    notebook = json.loads(EXERCISE)
    notebook["cells"][cell(notebook, "check-05-2")]["metadata"]["nbgrader"] = {"grade": True}
    return notebook


PLACES = solved("answer-05-5")
FROZEN = "    early.trainable = False\n"
LEARNS_ON = solved("answer-05-2").replace(FROZEN, "")  # what is kept is not frozen
AVERAGE = "def keep_places(maps):\n    return maps.mean(axis=(1, 2))"
HANDED_IN = {
    "ada-right": SOLUTION,
    "bob-wrong": json.dumps(answered(answer_2=LEARNS_ON, answer_5=AVERAGE)),
    "cleo-half": json.dumps(answered(answer_2=LEARNS_ON, answer_5=PLACES)),
    "dan-empty": EXERCISE,
    "eve-cut-off": EXERCISE[:2000],
    "fay-doubled-answer": json.dumps(doubled("answer-05-2")),
    "gus-doubled-check": json.dumps(doubled("check-05-2")),
    "hal-no-mark": json.dumps(stripped_mark()),
    "ian-no-notebook": json.dumps([1, 2]),
    "joy-cell-stops": json.dumps(answered(answer_2="1 / 0", answer_5=PLACES)),
    "kim-check-deleted": json.dumps(
        without("check-05-5", answered(answer_2=LEARNS_ON, answer_5=PLACES))
    ),
}
EXPECTED = {
    "ada-right": MOST,
    "bob-wrong": 0.0,
    "cleo-half": 2.0,
    "dan-empty": 0.0,
    "eve-cut-off": "damaged",
    "fay-doubled-answer": "answer-05-2 twice",
    "gus-doubled-check": "check-05-2 twice",
    "hal-no-mark": "lost its grade_id",
    "ian-no-notebook": "no notebook",
    "joy-cell-stops": 2.0,
    "kim-check-deleted": 2.0,
    "leo-other-name": "give the file its name back",
    "mia-nothing": "found no notebook",
}


# What is graded twice below. The solutions of the other lessons train for minutes; `make notebooks`
# runs each with the very checks that give the points, and each exercise without an answer.
GRADED = ("01", "04", "05", "07", "12", "13", "14", "22", "23")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """One course for all tests, everything handed in: making it takes long, and so does grading."""
    folder = tmp_path_factory.mktemp("class") / "course"
    classroom.make_course(folder)

    def hand_in(student: str, name: str, text: str) -> None:
        target = folder / "submitted" / student / f"lesson_{name[:2]}" / name
        target.parent.mkdir(parents=True)
        target.write_text(text, "utf-8")

    for student, text in HANDED_IN.items():
        hand_in(student, NAME, text)
    for student, kind in (("ada-right", "solutions"), ("dan-empty", "exercises")):
        for path in (LESSONS / kind).glob("[0-9]*.ipynb"):
            if path.name != NAME:
                hand_in(student, path.name, path.read_text("utf-8"))
    other = folder / "submitted" / "leo-other-name" / "lesson_05"
    other.mkdir(parents=True)
    (other / "05_copy.ipynb").write_text(EXERCISE, "utf-8")
    (folder / "submitted" / "mia-nothing" / "lesson_05").mkdir(parents=True)
    return folder


@pytest.fixture(scope="module")
def in_one_kernel():
    with one_kernel() as shared:
        yield shared


@pytest.fixture(scope="module")
def graded(course, in_one_kernel):
    with in_one_kernel():
        return {one.student: one for one in classroom.grade(course, "lesson_05", sandboxed=False)}


def test_the_course_has_an_assignment_a_lesson_and_releases_the_stored_exercises(course):
    released = sorted(course.glob("release/*/*.ipynb"))
    assert [path.parent.name for path in released] == [
        f"lesson_{path.name[:2]}" for path in sorted((LESSONS / "exercises").glob("*.ipynb"))
    ]
    for path in released:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        stored = json.loads((LESSONS / "exercises" / path.name).read_text("utf-8"))["cells"]
        assert cells == stored


@pytest.mark.slow
@pytest.mark.parametrize("student", EXPECTED)
def test_each_submission_is_graded_or_told(graded, student):
    one, expected = graded[student], EXPECTED[student]
    if isinstance(expected, float):
        assert (one.points, one.most, one.problem) == (expected, MOST, "")
    else:
        assert one.points is None
        assert expected in one.problem


@pytest.mark.slow
@pytest.mark.parametrize("lesson", GRADED)
def test_the_solution_gets_all_points_and_the_empty_exercise_none(
    course, graded, in_one_kernel, lesson
):
    (path,) = (LESSONS / "solutions").glob(f"{lesson}_*.ipynb")
    if reason := lacking(path):
        pytest.skip(reason)
    known = graded
    if lesson != "05":
        with in_one_kernel():
            results = classroom.grade(course, f"lesson_{lesson}", feedback=False, sandboxed=False)
        known = {one.student: one for one in results}
        assert sorted(known) == ["ada-right", "dan-empty"]
    most = known["ada-right"].most
    assert most >= len(registry.exercises(lesson))
    assert known["ada-right"].points == most
    assert known["dan-empty"].points == 0


@pytest.mark.slow
def test_the_table_of_grades_holds_everyone(course, graded):
    lines = (course / "grades-lesson_05.csv").read_text("utf-8").splitlines()
    assert lines[0] == "student,points,of,problem"
    assert lines[1] == f"ada-right,{MOST},{MOST},"
    assert [line.split(",")[0] for line in lines[1:]] == sorted(EXPECTED)


@pytest.mark.slow
def test_the_feedback_tells_what_was_wrong(course, graded):
    page = next((course / "feedback" / "cleo-half" / "lesson_05").glob("*.html"))
    assert "What is kept has to be frozen" in page.read_text("utf-8")


@pytest.mark.slow
def test_a_submission_is_left_as_it_was_handed_in(course, graded):
    for student, text in HANDED_IN.items():
        assert (course / "submitted" / student / "lesson_05" / NAME).read_text("utf-8") == text


@pytest.mark.slow
def test_a_mended_submission_is_graded_the_next_time_and_making_again_keeps_grades(
    course, graded, tmp_path
):
    target = course / "submitted" / "eve-cut-off" / "lesson_05" / NAME
    others = [path for path in (course / "submitted").iterdir() if path.name != "eve-cut-off"]
    aside = course / "aside"
    aside.mkdir()
    for path in others:
        path.rename(aside / path.name)
    target.write_text(json.dumps(answered(answer_5=PLACES)), "utf-8")
    (tmp_path / NAME).write_text(SOLUTION, "utf-8")
    classroom.make_course(course, tmp_path)
    # In a kernel of its own, as every submission outside these tests.
    (one,) = classroom.grade(course, "lesson_05", feedback=False, sandboxed=False)
    assert one.points == 2
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        assert book.find_submission("lesson_05", "ada-right").score == MOST
    for path in aside.iterdir():
        path.rename(course / "submitted" / path.name)
    target.write_text(HANDED_IN["eve-cut-off"], "utf-8")


@pytest.mark.slow
def test_nbgrader_validates_a_solution_and_no_wrong_one(in_one_kernel, tmp_path):
    from nbgrader.validator import Validator

    def validate(text: str) -> str:
        (tmp_path / NAME).write_text(text, "utf-8")
        validator = Validator()
        validator.stream = io.StringIO()
        with in_one_kernel():
            validator.validate_and_print(str(tmp_path / NAME))
        return validator.stream.getvalue()

    notebook = json.loads(SOLUTION)  # up to the second exercise, without the long first one
    first, last = cell(notebook, "answer-05-1"), cell(notebook, "check-05-2")
    notebook["cells"] = notebook["cells"][:first] + notebook["cells"][first + 2 : last + 1]
    right = json.dumps(notebook)
    assert "Success" in validate(right)
    wrong = right.replace(json.dumps(FROZEN)[1:-1], "    early.trainable = True\\n", 1)
    assert wrong != right
    said = validate(wrong)
    assert "VALIDATION FAILED ON 1 CELL" in said
    assert "After a training of two steps" in said  # nbgrader cuts what follows


@pytest.mark.slow
def test_the_command_of_nbgrader_does_not_validate_an_empty_exercise(tmp_path):
    (tmp_path / NAME).write_text(EXERCISE, "utf-8")
    command = [sys.executable, "-m", "nbgrader", "validate", str(tmp_path / NAME)]
    said = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path).stdout
    assert "VALIDATION FAILED ON 5 CELL" in said


# ------------------------------------------------------------------------ what is said


def test_a_folder_without_solutions_is_told(tmp_path):
    with pytest.raises(classroom.ClassroomError, match="no notebooks of solutions"):
        classroom.make_course(tmp_path / "course", tmp_path)
    assert not (tmp_path / "course").exists()


def test_what_cannot_be_graded_is_told(course, tmp_path, capsys):
    assert cli.main(["classroom", "grade", "--no-sandbox", str(tmp_path), "lesson_05"]) == 1
    assert "run `tlcourse classroom make" in capsys.readouterr().err
    assert cli.main(["classroom", "grade", "--no-sandbox", str(course), "lesson_55"]) == 1
    assert "There are: lesson_0" in capsys.readouterr().err


def test_without_nbgrader_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "nbgrader.apps", None)
    with pytest.raises(classroom.ClassroomError, match="grading"):
        classroom.make_course(tmp_path / "course")
