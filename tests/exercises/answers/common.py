"""Answers that every question with options has, and every difference of two accuracies."""

from collections.abc import Mapping

import numpy as np

from tlcourse.exercises import registry


def letter(right: str) -> dict[str, object]:
    """The right letter, in the forms that are accepted."""
    return {"the letter": right, "upper case": right.upper(), "as printed": f" {right}) "}


def other_letters(id: str, right: str) -> dict[str, tuple[object, str]]:
    """The other options of a question, each told why it is wrong, and what is no option."""
    options = registry.find(id).options
    others = {
        f"option {letter}": (letter, option.explanation)
        for letter, option in options.items()
        if letter != right
    }
    last = max(options)
    return others | {
        "a number": (ord(right) - ord("a"), "one letter"),
        "two letters": (f"{right} and {'b' if right == 'a' else 'a'}", "one letter"),
        "a letter too far": (chr(ord(last) + 1), f"`a` to `{last}`"),
    }


def forms_of_a_difference(right: Mapping[str, float]) -> dict[str, object]:
    """Right differences, and other forms of the first."""
    first = next(iter(right.values()))
    return {**right, "a NumPy number": np.float32(first), "an array of one": np.array([first])}


def no_difference(right: float) -> dict[str, tuple[object, str]]:
    """What a right difference can be mistaken for, whatever it is a difference of."""
    return {
        "percent": (100 * right, "fraction"),
        "the wrong way round": (-right, "other way round"),
        "two numbers": ((0.7, 0.3), "holds 2"),
    }
