"""What an exercise is, and `check`, `hint` and `solution`, which answer to a learner."""

import dis
import html
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path

from tlcourse.exercises import record

FOLDER = Path(__file__).resolve().parent
NO_ANSWER = "There is no answer yet. Fill in your cell, run it, then run this one again."


class AnswerError(Exception):
    """What is wrong with an answer, in words that help."""


@dataclass(frozen=True)
class Option:
    """One answer of a multiple-choice question, and why it is right or not."""

    text: str
    explanation: str


@dataclass(frozen=True)
class Exercise:
    """One exercise, how it is judged, and the answers that its own test tries.

    `check` gets an answer and gives a word of praise, or raises `AnswerError`. `right` and
    `wrong` are functions, so that nothing is computed before it is needed. `right()` gives
    answers that must be accepted, each by a name: other dtypes and shapes of the solution, a list
    in the place of an array, another seed. `wrong()` gives answers that must not be, each with
    words that the message has to hold: the mistakes that people make.
    """

    id: str
    title: str
    check: Callable[[object], str]
    hints: tuple[str, ...]
    right: Callable[[], Mapping[str, object]]
    wrong: Callable[[], Mapping[str, tuple[object, str]]]
    question: str = ""
    options: Mapping[str, Option] = field(default_factory=dict)


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


def choice(
    id: str,
    title: str,
    question: str,
    options: Mapping[str, tuple[str, str]],
    right: str,
    hints: tuple[str, ...],
) -> Exercise:
    """A multiple-choice exercise, answered with a letter.

    Args:
        id: such as `"05.1"`.
        title: a few words.
        question: what is asked, ends with a question mark.
        options: letter → the option's text, and why it is right or not.
        right: the letter of the right one.
        hints: one after the other.
    """
    table = {letter: Option(*texts) for letter, texts in options.items()}
    last = max(options)

    def judge(answer: object) -> str:
        letter = answer.strip().strip(".)(").lower() if isinstance(answer, str) else answer
        if not isinstance(letter, str) or letter not in table:
            raise AnswerError(
                f'Answer with one letter from `a` to `{last}` in quotes, such as `"a"`, '
                f"not {shown(answer)}."
            )
        if letter != right:
            raise AnswerError(table[letter].explanation)
        return table[letter].explanation

    def accepted() -> dict[str, object]:
        return {"the letter": right, "upper case": right.upper(), "as printed": f" {right}) "}

    def refused() -> dict[str, tuple[object, str]]:
        others = {
            f"option {letter}": (letter, option.explanation)
            for letter, option in table.items()
            if letter != right
        }
        return others | {
            "a number": (ord(right) - ord("a"), "one letter"),
            "two letters": (f"{right} and {'b' if right == 'a' else 'a'}", "one letter"),
            "a letter too far": (chr(ord(last) + 1), f"`a` to `{last}`"),
        }

    return Exercise(id, title, judge, hints, accepted, refused, question, table)


def shown(answer: object, length: int = 60) -> str:
    """An answer as a short piece of a message; one whose repr fails is named by its type."""
    try:
        text = " ".join(repr(answer).split())
    except Exception:
        text = ""
    kind = type(answer).__name__
    return f"`{text.replace('`', '')}`" if 0 < len(text) <= length else f"this {kind}"


@cache
def exercises(lesson: str) -> Mapping[str, Exercise]:
    """The exercises of a lesson, such as `"05"`, by id. Empty where there are none."""
    if not (FOLDER / f"lesson{lesson}.py").is_file():
        return {}
    module = import_module(f"tlcourse.exercises.lesson{lesson}")
    return {exercise.id: exercise for exercise in module.EXERCISES}


def lessons() -> list[str]:
    """The numbers of the lessons that have exercises, in two digits."""
    return sorted(path.stem[-2:] for path in FOLDER.glob("lesson[0-9][0-9].py"))


def find(id: object) -> Exercise:
    """The exercise of that id.

    Raises:
        KeyError: there is none; the message names those of the lesson.
    """
    lesson = str(id).split(".")[0].zfill(2)
    known = exercises(lesson) if re.fullmatch(r"\d\d", lesson) else {}
    name = f"{lesson}.{str(id).partition('.')[2]}"
    if name in known:
        return known[name]
    near = ", ".join(f'"{name}"' for name in known) or "lessons " + ", ".join(lessons())
    raise KeyError(f"There is no exercise {shown(id)}; there are: {near}.")


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


@cache
def solutions() -> Mapping[str, str]:
    """Id → the lines that solve it, as `make exercises` took them from `lessons/solutions`."""
    return json.loads((FOLDER / "solutions.json").read_text("utf-8"))
