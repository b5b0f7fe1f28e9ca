"""What a learner guessed, set against what came out, in words that depend on both."""

import math

NEAR = 0.05  # of a share, or in points: 5 points
SIGN = 0.02  # less than that, in points, is neither ahead nor behind
NEAR_RATIO = 1.25  # of any other number


def reveal(
    what: str,
    guess: float | str,
    measured: float | str,
    unit: str = "%",
    *,
    more: str = "More than you thought.",
    less: str = "Less than you thought.",
) -> None:
    """Print a guess, what was measured, and how the two compare.

    Args:
        what: what was guessed, such as `"digits, from the stem"`.
        guess: a number; or a word, where the question was *which*.
        measured: of the same kind.
        unit: `"%"` and `"points"` show a fraction as percent or percentage points, as `claim`
            does; any other text is put after the number. A word has none.
        more: what to say when more was measured than was guessed.
        less: when it was less.

    Raises:
        TypeError: one is a word and the other a number.
    """
    if isinstance(guess, str) != isinstance(measured, str):
        expected = "a word, in quotes" if isinstance(measured, str) else "a number"
        raise TypeError(f"{what}: the guess should be {expected}, not {guess!r}. Change its cell.")
    if isinstance(guess, str):
        came = "and so it is." if guess == measured else f"but it is {measured}."
        print(f"{what}: you guessed {guess}, {came}")
        return
    guess, measured = float(guess), float(measured)
    if _close(guess, measured, unit):
        verdict = "You were close."
    elif unit == "points" and guess * measured < 0 and abs(measured) > SIGN:
        verdict = "The other way round."
    else:
        verdict = more if measured > guess else less
    shown = [_shown(value, unit) for value in (guess, measured)]
    print(f"{what}: you guessed {shown[0]}, measured {shown[1]}. {verdict}")


def _close(guess: float, measured: float, unit: str) -> bool:
    if unit in ("%", "points"):
        return abs(guess - measured) <= NEAR
    return guess * measured > 0 and abs(math.log(measured / guess)) <= math.log(NEAR_RATIO)


def _shown(value: float, unit: str) -> str:
    if unit == "%":
        return f"{value:.1%}"
    if unit == "points":
        return f"{100 * value:+.1f} points"
    return f"{value:.3g} {unit}".strip()
