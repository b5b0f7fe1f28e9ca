"""How much data? The learner draws a curve, then sees the one that was measured.

The numbers are the transfer surface of lesson 3, 540 training runs, and the flowers of the table of
real tasks, all made beforehand (see datasets/transfer_surface and datasets/real_tasks), so that
nothing has to be waited for.
"""

from collections.abc import Sequence
from typing import NamedTuple

import ipywidgets as widgets
import numpy as np

from tlcourse import plots
from tlcourse.claims import interval
from tlcourse.data.studies import REAL_SIZES, STAGES, load_real_tasks, load_surface
from tlcourse.widgets import style

GUESS_COLOR = plots.results.OTHER_COLORS[0]
_NAMES = {"frozen": "frozen", "tuned": "fine-tuned"}
TASKS = {"eyewear": "eyewear (drawn)", "flowers": "flowers (photographs)"}
NETWORKS = {  # for the flowers: what is said → source, method, pixels in the table of real tasks
    "photonet, frozen": ("photonet", "frozen", 64),
    "MobileNetV2, frozen": ("MobileNetV2", "frozen", 160),
    "MobileNetV2, fine-tuned": ("MobileNetV2", "tuned", 160),
}


class Curves(NamedTuple):
    """Two curves of one task: (sizes, seeds) test accuracies in [0, 1], a column a seed of both."""

    sizes: tuple[int, ...]
    scratch: np.ndarray
    transfer: np.ndarray
    name: str
    chance: float


def eyewear_curves(kept: int, method: str) -> Curves:
    """Of the transfer surface, with `kept` stages *frozen* or *tuned*."""
    sizes, table = load_surface()
    return Curves(sizes, table["scratch", 0], table[method, kept], _NAMES[method], 1 / 6)


def flowers_curves(network: str) -> Curves:
    """Of the table of real tasks, with one of `NETWORKS`; the seeds that both ways have."""
    table = load_real_tasks()
    scratch = np.array([table["flowers", "none", "scratch", 128, n] for n in REAL_SIZES])
    transfer = [table["flowers", *NETWORKS[network], n][: scratch.shape[1]] for n in REAL_SIZES]
    return Curves(REAL_SIZES, scratch, np.array(transfer), network, 1 / 5)


def how_much_data(*, kept: int = STAGES, method: str = "frozen") -> widgets.VBox:
    """Accuracy against labeled images a class, with and without transfer: guess, then reveal.

    Training from scratch is shown. The sliders draw where the learner expects transfer to be; the
    buttons reveal what was measured, point by point or at once, with the range of the repetitions,
    and where the two curves cross.

    Args:
        kept: stages of the source network that are taken over at first, 1 to 4.
        method: what becomes of them: `"frozen"` or `"tuned"` (they learn on).

    Returns:
        The widget.
    """
    tasks = [(name, task) for task, name in TASKS.items()]
    task = style.labeled(widgets.Dropdown, "Task", options=tasks, value="eyewear")
    stages = style.labeled(
        widgets.SelectionSlider, "Stages kept (of 4)", options=range(1, STAGES + 1), value=kept
    )
    ways = style.labeled(
        widgets.Dropdown, "They are", options=[("frozen", "frozen"), ("learning on", "tuned")],
        value=method,
    )  # fmt: skip
    network = style.labeled(widgets.Dropdown, "Network", options=list(NETWORKS))
    guesses = [
        style.labeled(
            widgets.IntSlider, f"{size} a class", width="21em", min=0, max=100, readout_format="d"
        )
        for size in eyewear_curves(kept, method).sizes
    ]
    for slider in guesses:  # one below the other
        slider.style.description_width = "6em"
    picture, line = widgets.HTML(), style.message()
    shown = 0  # points that are revealed

    def curves() -> Curves:
        if task.value == "eyewear":
            return eyewear_curves(stages.value, ways.value)
        return flowers_curves(network.value)

    def refresh(_=None) -> None:
        now = curves()
        guess = np.array([slider.value for slider in guesses]) / 100
        figure, alt = _draw(now, guess, shown)
        picture.value = style.image_html(figure, alt=alt)
        line.say(in_words(now.sizes, now.transfer, now.scratch, guess, shown))
        next_point.disabled = all_points.disabled = shown == len(now.sizes)

    def reveal(count: int) -> None:
        nonlocal shown
        shown = min(count, len(guesses))
        refresh()

    def again(_=None) -> None:
        now = curves()
        for slider, size, values in zip(guesses, now.sizes, now.scratch, strict=True):
            slider.description = f"{size} a class"
            slider.value = 5 * round(20 * values.mean())  # whole fives of a percent
        for control in (stages, ways, network):
            hidden = (control is network) == (task.value == "eyewear")
            control.layout.display = "none" if hidden else None
        reveal(0)

    next_point = style.button("Reveal next", lambda _: reveal(shown + 1), primary=True)
    all_points = style.button("Reveal all", lambda _: reveal(len(guesses)))
    again()
    task.observe(again, "value")
    for control in (stages, ways, network, *guesses):
        control.observe(refresh, "value")
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
        widgets.HBox([task, stages, ways, network], layout=wrap),
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
    return f"The curves {verb} at about {two_digits(place)} images a class. {told}. {off}"


def _points(gain: float) -> str:
    side = "ahead" if gain > 0 else "behind"
    return f"{100 * abs(gain):.1f} points {side}"


def two_digits(number: float) -> str:
    """Two digits: between two measured sizes, no more is known."""
    return f"{float(f'{number:.2g}'):.0f}"


def _draw(now: Curves, guess: np.ndarray, shown: int):
    """The figure and its alt text."""
    sizes, places = now.sizes, np.arange(len(now.sizes))
    seen = np.where(places[:, None] < shown, now.transfer, np.nan)
    figure, ax = plots.figure(6.5, 4.4)
    curves = {"from scratch": now.scratch} | ({now.name: seen} if shown else {})
    plots.learning_curves(sizes, curves, chance=now.chance, xlabel="labeled images a class", ax=ax)
    ax.plot(places, guess, "D--", color=GUESS_COLOR, label="your guess", linewidth=2, markersize=9)
    alt = "From scratch: " + _listed(sizes, now.scratch.mean(axis=1))
    alt += "; your guess: " + _listed(sizes, guess)
    if shown:
        alt += f"; {now.name}: " + _listed(sizes[:shown], now.transfer.mean(axis=1))
    place = crossing(sizes, (now.transfer - now.scratch).mean(axis=1))
    if shown == len(sizes) and place is not None:
        at = np.interp(np.log(place), np.log(sizes), places)
        ax.axvline(at, color="#444444", linewidth=2)
        ax.annotate(f"about {two_digits(place)}", (at, 0.02), (6, 0), textcoords="offset points",
                    fontsize=14)  # fmt: skip
        alt += f"; the curves cross at about {two_digits(place)} images a class"
    ax.set_ylim(top=1.14)  # room for the legend above curves that are high
    ax.legend(fontsize=13, frameon=False, loc="upper left")
    return figure, f"{alt}."


def _listed(sizes, values) -> str:
    return ", ".join(f"{value:.0%} with {size}" for size, value in zip(sizes, values, strict=False))
