"""Claims: a sentence of a lesson, bound to the number that backs it, and to what it is set against.

In a lesson, `claim` shows the sentence with the measured value beside it. On a learner's machine
a claim that does not hold is shown as such and the lesson goes on; in the tests
(`TLCOURSE_CLAIMS=strict`) it fails the run. What makes a claim fair: lessons/PROTOCOL.md.
"""

import html
import json
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

COMPARING = ("points", "×")  # units of a difference and of a ratio


class ClaimError(AssertionError):
    """A claim does not hold (raised only under `TLCOURSE_CLAIMS=strict`)."""


def lesson_seed(default: int = 0) -> int:
    """The seed that a lesson starts from: `TLCOURSE_SEED` if set, else `default`.

    `make claims` runs each lesson with several seeds, to see which claims are luck.
    """
    text = os.environ.get("TLCOURSE_SEED", str(default))
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"TLCOURSE_SEED must be a whole number, not {text!r}.") from None


@dataclass(frozen=True)
class Claim:
    """A sentence, the measured `value` and the bounds it has to keep."""

    text: str
    value: float
    at_least: float | None = None
    at_most: float | None = None
    unit: str = ""
    against: str = ""
    fixed: str = ""
    spread: tuple[float, float] | None = None

    @property
    def holds(self) -> bool:
        """Whether the value keeps its bounds. A NaN keeps none."""
        if math.isnan(self.value):
            return False
        low = -math.inf if self.at_least is None else self.at_least
        high = math.inf if self.at_most is None else self.at_most
        # The bounds may be NumPy numbers, whose comparison is no plain bool (JSON wants one).
        return bool(low <= self.value <= high)

    @property
    def bounds(self) -> str:
        """The bounds in words, such as `at least 15 %`."""
        parts = []
        if self.at_least is not None:
            parts.append(f"at least {self._show(self.at_least)}")
        if self.at_most is not None:
            parts.append(f"at most {self._show(self.at_most)}")
        return " and ".join(parts)

    @property
    def measured(self) -> str:
        """The value, what it is set against, and how sure it is, in words."""
        words = self._show(self.value)
        if self.spread is not None:
            words += (
                f" (95 % interval {self._show(self.spread[0])} to {self._show(self.spread[1])})"
            )
        if self.against:
            words += f", against {self.against}"
        return f"{words}; read from {self.fixed}" if self.fixed else words

    def _show(self, value: float) -> str:
        if self.unit == "%":
            return f"{100 * value:.1f} %"
        if self.unit == "points":
            return f"{100 * value:.1f} points"
        number = f"{value:.0f}" if float(value).is_integer() else f"{value:.3g}"
        return f"{number} {self.unit}".strip()

    def __str__(self) -> str:
        mark = "✓" if self.holds else "✗ does not hold here:"
        return f"{mark} {self.text} Measured: {self.measured} (claimed: {self.bounds})."

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        color = "#2e8b57" if self.holds else "#d55e00"
        mark = "✓" if self.holds else "✗ Does not hold here:"
        number = self._show(self.value)
        rest = self.measured.removeprefix(number)
        return (
            f'<div style="border-left: 4px solid {color}; padding: 0.3em 0.8em">'
            f"<b>{mark}</b> {html.escape(self.text)}<br>"
            f"<small>Measured: <b>{html.escape(number)}</b>{html.escape(rest)} "
            f"(claimed: {html.escape(self.bounds)})</small></div>"
        )


def claim(
    text: str,
    value: float,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    unit: str = "",
    against: str = "",
    fixed: str = "",
    spread: tuple[float, float] | None = None,
) -> Claim:
    """State a result and show the number behind it.

    Args:
        text: a full sentence that the value backs.
        value: the measured number, as a float.
        at_least: lower bound, if any.
        at_most: upper bound, if any.
        unit: `"%"` and `"points"` show a fraction as percent or percentage points; any other text
            is put after the number, such as `"s"` or `"×"`.
        against: the control or baseline that the value is set against, such as `"the small
            network, from scratch"`. A difference in points and a ratio need one.
        fixed: where the number comes from if no seed changes it, such as `"the table of the
            transfer surface"` or `"photonet's weights"`. Such a claim is no more certain for being
            read ten times, and `make claims` says so.
        spread: the 95 % interval of a fixed value, as `bootstrap` gives it.

    Returns:
        The claim. As the last line of a cell it shows itself.

    Raises:
        ValueError: no bound was given, so nothing is claimed; or a comparison does not say with
            what.
        ClaimError: the claim does not hold and `TLCOURSE_CLAIMS` is `strict`.
    """
    if at_least is None and at_most is None:
        raise ValueError("A claim needs a bound that could fail: give at_least=… or at_most=….")
    if unit in COMPARING and not against:
        raise ValueError(
            f"A claim in {unit} compares two things. Say with what the first is compared: "
            'against="…", the control or the baseline.'
        )
    result = Claim(text, float(value), at_least, at_most, unit, against, fixed, spread)
    if log := os.environ.get("TLCOURSE_CLAIMS_LOG"):
        line = {"text": text, "value": result.value, "bounds": result.bounds, "holds": result.holds}
        line |= {"against": against, "fixed": fixed, "spread": spread}
        with open(Path(log), "a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    if not result.holds and os.environ.get("TLCOURSE_CLAIMS") == "strict":
        raise ClaimError(str(result))
    return result


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean of (n,) values, n at least 2, by Student's t-distribution."""
    from scipy import stats

    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return float(np.mean(values) - half), float(np.mean(values) + half)


def bootstrap(
    statistic: Callable[[np.ndarray], float], runs: int, *, draws: int = 1000
) -> tuple[float, float]:
    """95 % interval of a number that was computed from repeated runs, as in a bundled table.

    As many runs are drawn with replacement, again and again (the percentile interval of B. Efron,
    "Bootstrap methods: another look at the jackknife", Annals of Statistics 7, 1979).

    Args:
        statistic: from the numbers of the drawn runs, int (runs,), to the value.
        runs: how many there are.
        draws: how often they are drawn.

    Raises:
        ValueError: there are fewer than two runs.
    """
    if runs < 2:
        raise ValueError(f"An interval needs at least two runs, not {runs}.")
    rng = np.random.default_rng(0)
    values = [statistic(rng.integers(0, runs, runs)) for _ in range(draws)]
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
