"""Exercises that end in a difference of two accuracies, measured by the learner."""

from collections.abc import Mapping

import numpy as np

from tlcourse.exercises import answers
from tlcourse.exercises.core import AnswerError, Exercise


def difference(
    id: str,
    title: str,
    bounds: tuple[float, float],
    too_small: str,
    too_large: str,
    order: str,
    praise: str,
    hints: tuple[str, ...],
    right: Mapping[str, float],
    wrong: Mapping[str, tuple[object, str]],
) -> Exercise:
    """An exercise answered with such a difference, as a fraction.

    Args:
        id: such as `"09.4"`.
        title: a few words.
        bounds: the least and the most that is right. They leave room for another seed and another
            processor, and leave out what the usual mistakes give.
        too_small: what to say below.
        too_large: what to say above.
        order: what is to be subtracted from what, such as `"trained minus random"`.
        praise: what to say of a right one; `{points}` is replaced by the points.
        hints: one after the other.
        right: answers that must be accepted, besides other forms of the first.
        wrong: answers that must not be, besides percent, the other sign and two numbers.
    """
    low, high = bounds

    def judge(answer: object) -> str:
        value = answers.number(answer)
        if abs(value) > 1:
            raise AnswerError(f"{value:g} is more than all. Give a fraction: 0.25, not 25 points.")
        if -value >= low:
            raise AnswerError(f"{value:.2f} is negative. Subtract the other way round: {order}.")
        if value < low:
            raise AnswerError(f"{value:.2f} is too small. {too_small}")
        if value > high:
            raise AnswerError(f"{value:.2f} is too large. {too_large}")
        return praise.format(points=f"{100 * value:.1f} points")

    def accepted() -> dict[str, object]:
        first = next(iter(right.values()))
        return {**right, "a NumPy number": np.float32(first), "an array of one": np.array([first])}

    def refused() -> dict[str, tuple[object, str]]:
        first = next(iter(right.values()))
        return {
            "percent": (100 * first, "fraction"),
            "the wrong way round": (-first, "other way round"),
            "two numbers": ((0.7, 0.3), "holds 2"),
            **wrong,
        }

    return Exercise(id, title, judge, hints, accepted, refused)
