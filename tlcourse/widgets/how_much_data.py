"""How much data? The learner draws a curve, then sees the one that was measured.

The numbers are the transfer surface of lesson 3: 540 training runs, made beforehand (see
datasets/transfer_surface), so that nothing has to be waited for.
"""

from collections.abc import Sequence

import ipywidgets as widgets
import numpy as np

from tlcourse import plots
from tlcourse.claims import interval
from tlcourse.data.studies import STAGES, load_surface
from tlcourse.widgets import style

GUESS_COLOR = plots.results.OTHER_COLORS[0]
_NAMES = {"frozen": "frozen", "tuned": "fine-tuned"}


def how_much_data(*, kept: int = STAGES, method: str = "frozen") -> widgets.VBox:
    """Accuracy against labeled images a class, with and without transfer: guess, then reveal.

    Training from scratch is shown. The sliders draw where the learner expects transfer to be; the
    buttons reveal what was measured, point by point or at once, with the range of ten repetitions,
    and where the two curves cross.

    Args:
        kept: stages of the source network that are taken over at first, 1 to 4.
        method: what becomes of them: `"frozen"` or `"tuned"` (they learn on).

    Returns:
        The widget.
    """
    sizes, table = load_surface()
    scratch = table["scratch", 0]
    start = [5 * round(20 * value) for value in scratch.mean(axis=1)]  # whole fives of a percent

    stages = style.labeled(
        widgets.SelectionSlider, "Stages kept (of 4)", options=range(1, STAGES + 1), value=kept
    )
    ways = style.labeled(
        widgets.Dropdown, "They are", options=[("frozen", "frozen"), ("learning on", "tuned")],
        value=method,
    )  # fmt: skip
    guesses = [
        style.labeled(
            widgets.IntSlider, f"{size} a class", width="21em", value=value, min=0, max=100,
            readout_format="d",
        )
        for size, value in zip(sizes, start, strict=True)
    ]  # fmt: skip
    for slider in guesses:  # one below the other
        slider.style.description_width = "6em"
    picture, line = widgets.HTML(), style.message()
    shown = 0  # points that are revealed

    def refresh(_=None) -> None:
        transfer = table[ways.value, stages.value]
        guess = np.array([slider.value for slider in guesses]) / 100
        figure, alt = _draw(sizes, scratch, transfer, _NAMES[ways.value], guess, shown)
        picture.value = style.image_html(figure, alt=alt)
        line.say(in_words(sizes, transfer, scratch, guess, shown))
        next_point.disabled = all_points.disabled = shown == len(sizes)

    def reveal(count: int) -> None:
        nonlocal shown
        shown = min(count, len(sizes))
        refresh()

    def again(_) -> None:
        for slider, value in zip(guesses, start, strict=True):
            slider.value = value
        reveal(0)

    next_point = style.button("Reveal next", lambda _: reveal(shown + 1), primary=True)
    all_points = style.button("Reveal all", lambda _: reveal(len(sizes)))
    for control in (stages, ways, *guesses):
        control.observe(refresh, "value")
    refresh()
    left = widgets.VBox(
        [
            widgets.HTML("<b>Your guess, percent right</b>"),
            *guesses,
            widgets.HBox([next_point, all_points, style.button("Again", again)]),
        ]
    )
    wrap = widgets.Layout(flex_flow="row wrap", grid_gap="12px")
    return style.demo(
        "How much data?",
        widgets.HBox([stages, ways], layout=wrap),
        line,
        widgets.HBox([left, picture], layout=wrap),
    )


def crossing(sizes: Sequence[int], gain: Sequence[float]) -> float | None:
    """Images a class at which a gain turns into a loss, between two sizes on a logarithmic scale.

    Args:
        sizes: (s,) images a class, rising.
        gain: (s,) how far transfer is ahead, as a fraction.

    Returns:
        The last place where the gain falls to zero or below and stays there; None if it does not.
    """
    gain = np.asarray(gain, float)
    ahead = np.flatnonzero(gain > 0)
    if not len(ahead) or ahead[-1] == len(gain) - 1:
        return None
    at = ahead[-1]
    share = gain[at] / (gain[at] - gain[at + 1])
    low, high = np.log(sizes[at]), np.log(sizes[at + 1])
    return float(np.exp(low + share * (high - low)))


def in_words(
    sizes: Sequence[int],
    transfer: np.ndarray,
    scratch: np.ndarray,
    guess: np.ndarray,
    shown: int,
) -> str:
    """What the picture says, with the first `shown` points revealed.

    Args:
        sizes: (s,) images a class.
        transfer: (s, seeds) test accuracies in [0, 1].
        scratch: (s, seeds) of training from scratch with the same seeds.
        guess: (s,) accuracies that the learner expects.
        shown: from 0 to s.
    """
    if not shown:
        return "Where will transfer be? Move the sliders, then reveal."
    gain = (transfer - scratch).mean(axis=1)
    off = 100 * np.abs(transfer.mean(axis=1) - guess)[:shown].mean()
    told = f"With {sizes[shown - 1]} images a class, transfer is {_points(gain[shown - 1])}"
    off = f"Your guess is off by {off:.0f} points on average."
    if shown < len(sizes):
        return f"{told}. {off}"
    low, high = interval((transfer - scratch)[-1])
    luck = low < 0 < high
    told += ", which may be luck" if luck else ""
    place = crossing(sizes, gain)
    if place is None:
        return f"The curves do not cross up to {sizes[-1]} images a class. {told}. {off}"
    verb = "meet" if luck else "cross"
    return f"The curves {verb} at about {_rounded(place)} images a class. {told}. {off}"


def _points(gain: float) -> str:
    side = "ahead" if gain > 0 else "behind"
    return f"{100 * abs(gain):.1f} points {side}"


def _rounded(number: float) -> str:
    """Two digits: between two measured sizes, no more is known."""
    return f"{float(f'{number:.2g}'):.0f}"


def _draw(sizes, scratch, transfer, name, guess, shown):
    """The figure and its alt text."""
    seen = np.where(np.arange(len(sizes))[:, None] < shown, transfer, np.nan)
    figure, ax = plots.figure(6.5, 4.4)
    curves = {"from scratch": scratch} | ({name: seen} if shown else {})
    plots.learning_curves(sizes, curves, chance=1 / 6, xlabel="labeled images a class", ax=ax)
    places = np.arange(len(sizes))
    ax.plot(places, guess, "D--", color=GUESS_COLOR, label="your guess", linewidth=2, markersize=9)
    alt = "From scratch: " + _listed(sizes, scratch.mean(axis=1))
    alt += "; your guess: " + _listed(sizes, guess)
    if shown:
        alt += f"; {name}: " + _listed(sizes[:shown], transfer.mean(axis=1))
    place = crossing(sizes, (transfer - scratch).mean(axis=1))
    if shown == len(sizes) and place is not None:
        at = np.interp(np.log(place), np.log(sizes), places)
        ax.axvline(at, color="#444444", linewidth=2)
        ax.annotate(f"about {_rounded(place)}", (at, 0.02), (6, 0), textcoords="offset points",
                    fontsize=14)  # fmt: skip
        alt += f"; the curves cross at about {_rounded(place)} images a class"
    ax.legend(fontsize=13, frameon=False, loc="upper left")
    return figure, f"{alt}."


def _listed(sizes, values) -> str:
    return ", ".join(f"{value:.0%} with {size}" for size, value in zip(sizes, values, strict=False))
