"""Exercises: each check accepts what is right, refuses what is not, and never raises."""

import json
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from tests.exercises.answers import RIGHT, WRONG
from tlcourse.exercises import asking, check, choose, hint, quiz, record, registry, solution
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import STUB, Exercise, choice, difference
from tlcourse.notebooks import APPENDIX, lessons_in
from tools.make_exercises import generated

ROOT = Path(__file__).resolve().parents[2]
LESSONS = ROOT / "lessons"
ALL = [
    exercise for lesson in registry.lessons() for exercise in registry.exercises(lesson).values()
]
EACH = pytest.mark.parametrize("exercise", ALL, ids=[exercise.id for exercise in ALL])


@pytest.fixture(autouse=True)
def own_record(tmp_path, monkeypatch):
    monkeypatch.setenv("TLCOURSE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(record, "_here", {})
    monkeypatch.setattr(asking, "_shown_hints", {})


class Bomb:
    """An answer that goes off whenever somebody looks at it."""

    def __repr__(self, *args, **named):
        raise RuntimeError("boom")

    __len__ = __iter__ = __array__ = __float__ = __eq__ = __hash__ = __repr__


def leaves():
    raise SystemExit


NONSENSE = {
    "nothing": None,
    "dots": ...,
    "empty text": "",
    "empty list": [],
    "zero": 0,
    "nan": float("nan"),
    "text": "banana",
    "an object": object(),
    "a class": dict,
    "a function that fails": lambda *args, **named: 1 / 0,
    "a function that leaves": leaves,
    "no numbers": np.zeros((0, 3)),
    "many numbers": np.arange(12.0).reshape(3, 4),
    "numbers of many kinds": [1, "two", [3]],
    "a dict": {"a": 1},
    "a bomb": Bomb(),
    "a list of bombs": [Bomb()],
}


# ------------------------------------------------------------------------- each exercise


def test_each_lesson_but_the_first_has_three_exercises_or_more():
    counts = {lesson: len(registry.exercises(lesson)) for lesson in registry.lessons()}
    assert sorted(counts) == [*(f"{number:02}" for number in range(1, 15)), "21", "22", "23"]
    assert min(counts.values()) >= 3


def test_right_and_wrong_answers_are_known_for_every_exercise_and_no_other():
    ids = [exercise.id for exercise in ALL]
    assert list(RIGHT) == ids
    assert list(WRONG) == ids


@EACH
def test_the_check_accepts_the_solution_and_its_variants(exercise: Exercise):
    variants = RIGHT[exercise.id]()
    assert len(variants) >= 2
    for name, answer in variants.items():
        verdict = check(exercise.id, answer)
        assert verdict.right, f"{name}: {verdict}"
        assert len(verdict.text) > len(f"{exercise.id}: Right. ")


@EACH
def test_the_check_refuses_every_wrong_answer_with_words_that_fit(exercise: Exercise):
    mistakes = WRONG[exercise.id]()
    assert len(mistakes) >= 4
    assert all(words for _, words in mistakes.values())
    for name, (answer, words) in mistakes.items():
        verdict = check(exercise.id, answer)
        assert not verdict.right, f"{name} was accepted"
        assert words in verdict.text, f"{name}: {verdict}"
        assert "could not be checked" not in verdict.text, f"{name}: {verdict}"


@EACH
def test_nonsense_is_refused_and_raises_nothing(exercise: Exercise):
    for name, answer in NONSENSE.items():
        verdict = check(exercise.id, answer)
        assert not verdict.right, f"{name} was accepted"
        assert verdict.text.startswith(exercise.id)
        assert "Traceback" not in verdict.text


@EACH
def test_hints_are_several_and_all_different(exercise: Exercise):
    assert len(exercise.hints) >= 2
    assert len(set(exercise.hints)) == len(exercise.hints)


@EACH
def test_a_question_has_one_right_option_and_explains_every_one(exercise: Exercise):
    if not exercise.options:
        return
    assert exercise.question.endswith("?")
    assert list(exercise.options) == list("abcdef")[: len(exercise.options)]
    right = [letter for letter in exercise.options if check(exercise.id, letter).right]
    assert len(right) == 1
    for letter, option in exercise.options.items():
        assert option.explanation in check(exercise.id, letter).text


# --------------------------------------------------------------------------- the notebooks


def test_the_generated_files_are_in_step_with_the_solutions():
    stale = [
        path.relative_to(ROOT).as_posix()
        for path, text in generated(LESSONS).items()
        if not path.is_file() or path.read_text("utf-8") != text
    ]
    assert not stale, f"run `make exercises`: {', '.join(stale)}"


def test_each_lesson_has_one_notebook_of_solutions_and_one_of_exercises():
    lessons = [path.name for path in lessons_in(LESSONS)[1:] if path.parent.name != APPENDIX]
    for kind in ("solutions", "exercises"):
        assert [path.name for path in sorted((LESSONS / kind).glob("*.ipynb"))] == lessons


def read(kind: str, lesson: str) -> nbformat.NotebookNode:
    (path,) = (LESSONS / kind).glob(f"{lesson}_*.ipynb")
    return nbformat.read(path, as_version=4)


def grade_ids(notebook) -> dict[str, str]:
    return {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in notebook.cells
        if "nbgrader" in cell.metadata
    }


@EACH
def test_the_notebooks_ask_each_exercise_and_grade_it(exercise: Exercise):
    name = exercise.id.replace(".", "-")
    solved = grade_ids(read("solutions", exercise.id[:2]))
    open_ = grade_ids(read("exercises", exercise.id[:2]))
    words = "\n".join(cell.source for cell in read("exercises", exercise.id[:2]).cells)
    assert f"## {exercise.id} · {exercise.title}" in words
    assert ("choose(" in words) >= bool(exercise.options)
    assert "### BEGIN SOLUTION" in solved[f"answer-{name}"]
    graded = solved[f"check-{name}"]
    variable = re.search(rf'^check\("{exercise.id}", (\w+)\)$', graded, re.MULTILINE)[1]
    assert f'assert check("{exercise.id}", {variable}).right' in graded
    assert open_[f"check-{name}"] == f'check("{exercise.id}", {variable})'
    assert STUB in open_[f"answer-{name}"]


@pytest.mark.parametrize("lesson", registry.lessons())
def test_an_exercise_notebook_gives_nothing_away(lesson):
    notebook = read("exercises", lesson)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "SOLUTION" not in text
    assert "HIDDEN" not in text
    assert not any(cell.get("outputs") for cell in notebook.cells)


def test_the_notebooks_hold_no_exercise_that_is_not_defined():
    for lesson in registry.lessons():
        named = {id for id in grade_ids(read("solutions", lesson)) if id.startswith("check-")}
        assert named == {f"check-{id.replace('.', '-')}" for id in registry.exercises(lesson)}


# ----------------------------------------------------------------- check, hint, solution


ASKED = (lambda id: check(id, "b"), hint, solution, choose)


@pytest.mark.parametrize("ask", ASKED, ids=["check", "hint", "solution", "choose"])
@pytest.mark.parametrize("id", ["05.9", "5", "99.1", "", None, "../05.1"])
def test_an_unknown_exercise_is_told_with_those_that_there_are(id, ask):
    note = ask(id)
    assert "There is no exercise" in note.text
    assert "05" in note.text


@pytest.mark.parametrize("ask", ASKED, ids=["check", "hint", "solution", "choose"])
def test_without_quotes_and_the_zero_it_is_clear_which_exercise_is_meant(ask, monkeypatch):
    meant = ask("05.2").text
    assert "There is no exercise" not in meant
    monkeypatch.setattr(asking, "_shown_hints", {})  # else the second hint would come
    assert ask(5.2).text == meant


@pytest.mark.parametrize(
    ("even", "value", "words"),
    [
        ("as good", -0.05, "Subtract the other way round: one minus other"),
        ("as good", -0.049, "as good"),
        ("as good", 0.049, "as good"),
        ("as good", 0.05, "0.05 is too small. Why?"),
        ("", -0.049, "-0.05 is too small. Why?"),
        ("", -0.05, "Subtract the other way round: one minus other"),
        ("", 0.61, "0.61 is too large. How?"),
        ("", 31.0, "a fraction: 0.25"),
    ],
)
def test_a_difference_is_told_apart_from_its_negative_and_from_none(even, value, words):
    asked = difference(
        "00.1", "A gain", (0.3, 0.6), too_small="Why?", too_large="How?", even=even,
        order="one minus other", praise="{points}", hints=(),
    )  # fmt: skip
    assert asked.check(0.4) == "40.0 points"
    with pytest.raises(AnswerError) as told:
        asked.check(value)
    assert words in str(told.value)


def test_no_answer_is_no_try():
    verdict = check("05.2", None)
    assert "no answer yet" in verdict.text
    assert "Try first" in solution("05.2").text


def test_a_function_without_a_body_is_no_answer():
    def stub(one, *others):
        """What it should do."""

    def forgot_to_return(one):
        print(one)

    assert asking.is_empty(stub)
    assert not asking.is_empty(forgot_to_return)
    assert not asking.is_empty(lambda: 0)


def test_the_solution_opens_after_a_try_and_stays_open(monkeypatch):
    check("05.2", 640)
    assert "Dense(classes)" in solution("05.2").code
    monkeypatch.setattr(record, "_here", {})  # another kernel, the same learner
    assert "Dense(classes)" in solution("05.2").code
    assert "Try first" in solution("05.3").text


def test_hints_come_one_by_one_and_begin_again():
    count = len(registry.find("05.2").hints)
    texts = [hint("05.2").text for _ in range(count + 1)]
    assert len(set(texts)) == count
    assert texts[-1] == texts[0]
    assert "That was the last" in texts[count - 1]


def test_a_note_shows_itself_as_text_and_as_html():
    note = asking.Note("use `a < b`", code="a < b")
    assert repr(note) == "use `a < b`\n\na < b"
    assert "<code>a &lt; b</code>" in note._repr_html_()
    stressed = asking.Note("the *test* is `2 *x* 3`")._repr_html_()
    assert "the <em>test</em> is <code>2 *x* 3</code>" in stressed


def test_a_function_of_the_learners_that_stops_is_named_with_its_error():
    from tlcourse.exercises import answers

    call = answers.function(lambda x: 1 / x)
    with pytest.raises(AnswerError, match="ZeroDivisionError"):
        call(0)
    with pytest.raises(AnswerError, match="`return` missing"):
        answers.function(lambda: None)()


@pytest.mark.parametrize(
    ("answer", "shape", "words"),
    [
        ([[1, 2]], (2,), "shape (2)"),
        ([1, "a"], (2,), "must hold numbers"),
        ([1, float("inf")], (2,), "not finite"),
        (np.mean, (2,), "Call it"),
        ({"a": 1, "b": 2}, (2,), "not a dict"),
        (0.5, (2,), "single number"),
        ([1, None], (2,), "None"),
    ],
)
def test_an_array_of_another_kind_is_told(answer, shape, words):
    from tlcourse.exercises import answers

    with pytest.raises(AnswerError) as told:
        answers.array(answer, shape)
    assert words in str(told.value)


def test_shares_are_fractions_and_percent_is_told():
    from tlcourse.exercises import answers

    assert answers.fractions([0, 1], 2).tolist() == [0, 1]
    with pytest.raises(AnswerError, match=r"0\.25, not 25.* One is 60"):
        answers.fractions([0.5, 60], 2)


def test_a_column_does_for_a_row_of_numbers():
    from tlcourse.exercises import answers

    assert answers.array([[1], [2]], (2,)).shape == (2,)
    assert answers.array([1, 2], (None, 1)).shape == (2, 1)


# ------------------------------------------------------------------------------- the widget


def test_the_widget_explains_what_is_chosen_and_keeps_what_is_right(monkeypatch):
    asked = choice(
        "05.2",
        "Stripes",
        "Which of them has stripes?",
        {"a": ("A horse", "It has one color."), "b": ("A zebra", "Black and white.")},
        right="b",
        hints=(),
    )
    monkeypatch.setattr(quiz, "find", lambda id: asked)
    monkeypatch.setattr(asking, "find", lambda id: asked)
    box = choose("05.2")
    question, options, answer = box.children
    assert "Which of them" in question.value
    assert options.value is None
    assert answer.value == ""
    options.value = "a"
    assert "Not yet" in answer.value
    assert "It has one color." in answer.value
    assert record.read()[0] == {"05.2": "tried"}
    options.value = "b"
    assert "Right." in answer.value
    assert record.read()[0] == {"05.2": "right"}


def test_an_exercise_without_options_is_no_question():
    assert "answer it in its cell" in choose("05.2").text


def test_the_solutions_are_json_that_holds_every_exercise():
    known = json.loads((registry.FOLDER / "solutions.json").read_text("utf-8"))
    assert sorted(known) == sorted(exercise.id for exercise in ALL)
    assert all(known.values())
