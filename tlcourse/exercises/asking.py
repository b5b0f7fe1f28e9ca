"""`check`, `hint`, `solution` and `progress`: what answers to a learner, and the notes it shows."""

import dis
import html
import os
import re
from dataclasses import dataclass

from tlcourse.exercises import record
from tlcourse.exercises.answers import AnswerError, shown
from tlcourse.exercises.registry import exercises, find, lessons, solutions

NO_ANSWER = "There is no answer yet. Fill in your cell, run it, then run this one again."


@dataclass(frozen=True)
class Note:
    """A short text for the learner that shows itself as the last line of a cell."""

    text: str
    color: str = "#56606b"
    code: str = ""

    def __repr__(self) -> str:
        return f"{self.text}\n\n{self.code}" if self.code else self.text

    def _repr_html_(self) -> str:
        words = re.sub(r"`([^`]+)`|\*(\w+)\*", _marked, html.escape(self.text))
        code = f"<pre>{html.escape(self.code)}</pre>" if self.code else ""
        return (
            f'<div style="border-left: 4px solid {self.color}; padding: 0.3em 0.8em">'
            f"{words}{code}</div>"
        )


def _marked(found: re.Match) -> str:
    code, stressed = found.groups()
    return f"<em>{stressed}</em>" if code is None else f"<code>{code}</code>"


@dataclass(frozen=True, repr=False)
class Verdict(Note):
    """What `check` has to say; `right` is what a grader reads."""

    right: bool = False


def is_empty(answer: object) -> bool:
    """Whether nothing was answered.

    That is None, `...`, a text or container with nothing in it, or a function with no body yet.
    """
    if answer is None or answer is ...:
        return True
    try:
        if code := getattr(answer, "__code__", None):
            return _steps(code) == _steps((lambda: None).__code__)
        return isinstance(answer, (str, list, tuple, dict, set)) and not len(answer)
    except Exception:
        return False


def _steps(code) -> list[tuple[str, object]]:
    return [(step.opname, step.argval) for step in dis.get_instructions(code)]


def check(id: str, answer: object = None) -> Verdict:
    """Say whether an answer is right, or what is wrong with it.

    It raises nothing, so that a notebook without answers runs to its end; but for nbgrader's
    *Validate*, which counts the cells that stop, it raises an `AssertionError` with the verdict.

    Args:
        id: such as `"05.2"`.
        answer: whatever the exercise asks for: a number, an array, a letter, a function, a model.

    Returns:
        A verdict, which shows itself as the last line of a cell. A right one is kept on the
        learner's record (see `progress`).
    """
    verdict = _judge(id, answer)
    if os.environ.get("NBGRADER_EXECUTION") == "validate" and not verdict.right:
        raise AssertionError(verdict.text)
    return verdict


def _judge(id: str, answer: object) -> Verdict:
    try:
        exercise = find(id)
    except KeyError as error:
        return Verdict(error.args[0])
    if is_empty(answer):
        return Verdict(f"{exercise.id}: {NO_ANSWER}")
    try:
        praise = exercise.check(answer)
    except AnswerError as error:
        return _verdict(exercise.id, str(error), right=False)
    except (Exception, SystemExit) as error:
        what = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        text = f"{shown(answer)} could not be checked: it is not of the kind that was asked for."
        return _verdict(exercise.id, f"{text} ({what})", right=False)
    return _verdict(exercise.id, praise, right=True)


def _verdict(id: str, text: str, right: bool) -> Verdict:
    remark = record.earned(id) if right else record.tried(id)
    word, color = ("Right.", "#2e8b57") if right else ("Not yet.", "#d55e00")
    return Verdict(f"{id}: {word} {text} {remark}".rstrip(), color, right=right)


_shown_hints: dict[str, int] = {}


def hint(id: str) -> Note:
    """The next hint for an exercise; after the last, the first again."""
    try:
        exercise = find(id)
    except KeyError as error:
        return Note(error.args[0])
    at = _shown_hints.get(exercise.id, 0) % len(exercise.hints)
    _shown_hints[exercise.id] = at + 1
    end = f' That was the last. After a try, `solution("{exercise.id}")` shows the solution.'
    more = end if at + 1 == len(exercise.hints) else ""
    return Note(f"Hint {at + 1} of {len(exercise.hints)}: {exercise.hints[at]}{more}", "#0072b2")


def solution(id: str) -> Note:
    """The solution of an exercise, once an answer to it was checked."""
    try:
        exercise = find(id)
    except KeyError as error:
        return Note(error.args[0])
    if not record.was_tried(exercise.id):
        return Note(
            f'Try first: give `check("{exercise.id}", …)` an answer, and the solution opens. '
            f'`hint("{exercise.id}")` helps on the way.'
        )
    return Note(f"A solution of {exercise.id}:", "#0072b2", code=solutions()[exercise.id])


@dataclass(frozen=True)
class Progress:
    """What is done of each lesson: lesson → exercise → `"right"`, `"tried"` or `""`."""

    lessons: dict[str, dict[str, str]]
    remark: str = ""

    @property
    def done(self) -> int:
        """Exercises answered rightly."""
        return sum(state == "right" for row in self.lessons.values() for state in row.values())

    @property
    def total(self) -> int:
        """All exercises."""
        return sum(len(row) for row in self.lessons.values())

    def __repr__(self) -> str:
        marks = {"right": "✓", "tried": "…", "": "·"}
        rows = [
            f"lesson {lesson}  " + " ".join(marks[state] for state in row.values())
            for lesson, row in self.lessons.items()
        ]
        head = f"{self.done} of {self.total} exercises done (✓ right, … tried)"
        return "\n".join([head, *rows, *([self.remark] if self.remark else [])])

    def _repr_html_(self) -> str:
        return f'<pre style="line-height: 1.5">{html.escape(repr(self))}</pre>'


def progress() -> Progress:
    """What you have done so far, of all lessons' exercises."""
    states, remark = record.known()
    table = {lesson: {id: states.get(id, "") for id in exercises(lesson)} for lesson in lessons()}
    return Progress(table, remark)
