"""Which exercises there are, by lesson and by id; and their solutions."""

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

from tlcourse.exercises.answers import shown
from tlcourse.exercises.exercise import Exercise

FOLDER = Path(__file__).resolve().parent


@cache
def exercises(lesson: str) -> Mapping[str, Exercise]:
    """The exercises of a lesson, such as `"05"`, by id. Empty where there are none."""
    if lesson not in lessons():
        return {}
    module = import_module(f"tlcourse.exercises.lessons.lesson{lesson}")
    return {exercise.id: exercise for exercise in module.EXERCISES}


def lessons() -> list[str]:
    """The numbers of the lessons that have exercises, in two digits."""
    return sorted(path.stem[-2:] for path in (FOLDER / "lessons").glob("lesson[0-9][0-9].py"))


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


@cache
def solutions() -> Mapping[str, str]:
    """Id → the lines that solve it, as `make exercises` took them from `lessons/solutions`."""
    return json.loads((FOLDER / "solutions.json").read_text("utf-8"))
