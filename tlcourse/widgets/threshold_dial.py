"""Threshold dial: what a *none of these* stops, and what it costs.

The numbers were measured beforehand (see datasets/unknown), so that nothing has to be waited for.
"""

import ipywidgets as widgets
import numpy as np

from tlcourse import plots
from tlcourse.data.studies import PLACES, UNKNOWN_GROUPS, UNKNOWN_SCORES, load_unknown
from tlcourse.widgets import style

HANDED = (0, 1, 2, 5, 10, 15, 20, 30, 40, 50)  # percent of the validation pictures, at the dial
_BINS = 10  # of the histograms, ten places each; the last has the place 100 as well
_KNOWN, _UNKNOWN = plots.COLORS["frozen"], plots.COLORS["from scratch"]


def threshold_dial(*, score: str = "softmax", unknown: str = "other kinds") -> widgets.VBox:
    """Known and unknown pictures by their score, and a threshold between them.

    The learner first says how many of the unknown come through at 5 percent, then reveals them and
    turns the threshold.

    Args:
        score: one of `UNKNOWN_SCORES`, at first.
        unknown: one of `UNKNOWN_GROUPS`, at first.

    Returns:
        The widget.
    """
    table = load_unknown()
    way = style.labeled(widgets.Dropdown, "Score", options=UNKNOWN_SCORES, value=score)
    group = style.labeled(widgets.Dropdown, "Unknown", options=UNKNOWN_GROUPS, value=unknown)
    dial = style.labeled(
        widgets.SelectionSlider, "Validation pictures handed to a person", width="36em",
        options=[(f"{percent} %", percent) for percent in HANDED], value=5,
    )  # fmt: skip
    guess = style.labeled(
        widgets.IntSlider, "My guess: unknown that comes through, percent", width="36em",
        value=50, min=0, max=100, step=5, readout_format="d",
    )  # fmt: skip
    picture, line = widgets.HTML(), style.message()
    shown = False

    def refresh(_=None) -> None:
        known, strange = table[way.value, "known"], table[way.value, group.value]
        figure, alt = _draw(known, strange if shown else None, dial.value, group.value)
        picture.value = style.image_html(figure, alt=alt)
        line.say(in_words(known, strange, dial.value, group.value, guess.value if shown else None))
        button.disabled = shown

    def turn(to: bool) -> None:
        nonlocal shown
        shown = to
        refresh()

    def other(_) -> None:  # another score or group is another question
        turn(False)

    button = style.button("Reveal", lambda _: turn(True), primary=True)
    way.observe(other, "value")
    group.observe(other, "value")
    for control in (dial, guess):
        control.observe(refresh, "value")
    refresh()
    wrap = widgets.Layout(flex_flow="row wrap", grid_gap="12px")
    return style.demo(
        "Threshold dial",
        widgets.HBox([way, group], layout=wrap),
        dial,
        widgets.HBox([guess, button], layout=wrap),
        line,
        picture,
    )


def through(counts: np.ndarray, percent: int) -> np.ndarray:
    """The share that comes through, for each seed.

    Args:
        counts: (seeds, 101), how many pictures stand at each place.
        percent: of the validation pictures that are handed to a person, 0 to 100.

    Returns:
        (seeds,) shares from 0 to 1 whose place is at or above the threshold.
    """
    return counts[:, percent:].sum(axis=1) / counts.sum(axis=1)


def in_words(
    known: np.ndarray, unknown: np.ndarray, percent: int, group: str, guess: int | None
) -> str:
    """What the dial says.

    Args:
        known: (seeds, 101) counts of the known test pictures by place.
        unknown: the same of the unknown.
        percent: of the validation pictures that are handed to a person.
        group: name of the unknown.
        guess: percent of the unknown that the learner expects to come through; None before the
            reveal.
    """
    lost = 100 * (1 - through(known, percent).mean())
    told = f"Of the known test pictures, {lost:.0f} % are handed to a person."
    if guess is None:
        return f"{told} How many of the unknown ({group}) come through? Guess, then reveal."
    passed = 100 * through(unknown, percent)
    told += f" Of the unknown ({group}), {passed.mean():.0f} % come through"
    told += f" ({passed.min():.0f} to {passed.max():.0f} % over ten draws)."
    return f"{told} Your guess: {guess} %."


def _binned(counts: np.ndarray) -> np.ndarray:
    """Percent of all pictures of all seeds, in ten bins of places."""
    bins = np.minimum(np.arange(PLACES) // (PLACES // _BINS), _BINS - 1)
    return 100 * np.bincount(bins, counts.sum(axis=0)) / counts.sum()


def _draw(known: np.ndarray, unknown: np.ndarray | None, percent: int, group: str):
    """The figure and its alt text; without `unknown`, it is hidden."""
    figure, axes = plots.figure(10.5, 4.2, columns=2, width_ratios=(2.2, 1))
    places = np.arange(_BINS) * 10 + 5
    groups = [("known", known, _KNOWN, "", -2.1)]
    groups += [(group, unknown, _UNKNOWN, "//", 2.1)] if unknown is not None else []
    for name, counts, color, hatch, shift in groups:
        axes[0].bar(places + shift, _binned(counts), 4.2, color=color, hatch=hatch,
                    edgecolor="white", label=name)  # fmt: skip
    axes[0].axvline(percent, color="black", linewidth=3)
    axes[0].annotate(f" threshold: {percent} %", (percent, 0.97), fontsize=13, va="top",
                     xycoords=("data", "axes fraction"))  # fmt: skip
    axes[0].set_ylim(0, 100)
    axes[0].set_xlim(-2, 102)
    axes[0].set_xlabel("score, as a place among the validation pictures", fontsize=14)
    axes[0].set_ylabel("percent of the pictures", fontsize=14)
    axes[0].legend(fontsize=13, frameon=False, loc="upper right", bbox_to_anchor=(1, 0.9))
    lost = 100 * (1 - through(known, percent).mean())
    bars = [("known,\nhanded over", lost, _KNOWN, "")]
    alt = f"At a threshold of {percent} percent: {lost:.0f} % of the known are handed over"
    if unknown is not None:
        passed = 100 * through(unknown, percent).mean()
        bars.append(("unknown,\ncomes through", passed, _UNKNOWN, "//"))
        alt += f"; {passed:.0f} % of the unknown ({group}) come through"
    else:
        alt += "; the unknown is hidden"
    for at, (_, value, color, hatch) in enumerate(bars):
        axes[1].bar(at, value, 0.6, color=color, hatch=hatch, edgecolor="white")
        axes[1].text(at, value + 2, f"{value:.0f} %", ha="center", fontsize=15)
    axes[1].set_xlim(-0.6, 1.6)
    axes[1].set_ylim(0, 112)
    axes[1].set_xticks(range(len(bars)), [name for name, *_ in bars], fontsize=13)
    for ax in axes:
        ax.grid(axis="y", alpha=0.3)
        ax.set_axisbelow(True)
        ax.spines[["top", "right"]].set_visible(False)
    return figure, f"{alt}."
