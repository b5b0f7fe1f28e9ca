"""Text that equals another when the words are the same and the numbers are near."""

import re

NUMBER = re.compile(r"(?<![\w.])[-+−]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?(?![\w.]*\d)")
WITH_UNIT = re.compile(rf"({NUMBER.pattern})( ?%| points| ×)?")
# Training on few pictures is a long chain of small roundings: between two kinds of processors (AMD
# EPYC, Intel with AMX), accuracies of one seed moved by up to 4.7 points, differences of two by
# up to 6.8. So 85.1 % may come as 77.6 % elsewhere. How good a result has to be is not
# decided here, but by the claims, which must hold wherever they run.
FRACTION_TOLERANCE = 0.08
PERCENT_TOLERANCE = 8.0
# A gain of 20 points that moves by 5 moves its ratio to another one by a quarter.
RATIO_TOLERANCE = 0.25


class Tolerant(str):
    """Text that equals another one when the words are the same and the numbers are near."""

    def __eq__(self, other):
        if not isinstance(other, str):
            return False
        if str.__eq__(self, other):
            return True
        mine, theirs = WITH_UNIT.findall(self), WITH_UNIT.findall(other)
        same_words = NUMBER.sub("#", self) == NUMBER.sub("#", other)
        return same_words and all(map(near, mine, theirs))

    def __ne__(self, other):
        return not self == other

    __hash__ = str.__hash__


def near(first: tuple[str, str], second: tuple[str, str]) -> bool:
    """Whether two numbers, as text and unit, are near enough. Whole numbers must be equal."""
    (a, unit), (b, _) = first, second
    if "." not in a or "." not in b:
        return a == b
    x, y = (float(text.replace(",", "").replace("−", "-")) for text in (a, b))
    of_unit = {"": FRACTION_TOLERANCE, " ×": RATIO_TOLERANCE} if max(abs(x), abs(y)) <= 1.5 else {}
    return abs(x - y) <= of_unit.get(unit, PERCENT_TOLERANCE)
