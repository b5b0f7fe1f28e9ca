"""Distance dial: from a near source to a useless one; where does help turn into harm?

The numbers were measured beforehand (see datasets/source_distance and datasets/real_tasks), so that
nothing has to be waited for.
"""

from collections.abc import Sequence

import ipywidgets as widgets
import numpy as np

from tlcourse import plots
from tlcourse.claims import interval
from tlcourse.data.studies import DISTANCE_SIZES, TARGETS, load_distance, load_real_tasks
from tlcourse.widgets import style

LABELS = {  # source → what is said of it, near to useless
    "objectnet": "drawings",
    "photonet": "photographs",
    "rotnet": "no labels",
    "noisenet": "noise",
    "objectnet_shuffled": "wrong labels",
    "random": "random",
}
REAL_TARGETS = {
    "flowers": "flowers (photographs)",
    "satellite": "satellite tiles",
    "blood_cells": "blood cells",
}
REAL_LABELS = {
    "MobileNetV2": "ImageNet",
    "photonet": "photographs",
    "objectnet": "drawings",
    "random": "random",
}
REAL_SIZES = (10, 100)  # images a class of all real targets
_FLOWERS_AT = 160  # pixels at which MobileNetV2 looks at the flowers; the table has others, too
_METHODS = {"frozen": "frozen", "tuned": "fine-tuned"}
_HELP, _HARM = plots.COLORS["frozen"], plots.COLORS["from scratch"]


def distance_dial(*, target: str = "sunglasses", images_per_class: int = 10) -> widgets.VBox:
    """Points that six sources gain over training from scratch, revealed from near to far.

    The learner first says where harm begins, then turns the dial.

    Args:
        target: one of `TARGETS` or `REAL_TARGETS`, at first.
        images_per_class: labeled images of each class at first, one of those of `sizes_of`.

    Returns:
        The widget.
    """
    table = load_all()
    task = style.labeled(
        widgets.Dropdown,
        "Target",
        options=[*((name, name) for name in TARGETS), *((b, a) for a, b in REAL_TARGETS.items())],
        value=target,
    )
    method = style.labeled(
        widgets.Dropdown, "The network is", options=[(b, a) for a, b in _METHODS.items()]
    )
    size = style.labeled(
        widgets.SelectionSlider,
        "Images a class",
        options=sizes_of(target, "frozen"),
        value=images_per_class,
    )
    guess = style.labeled(
        widgets.Dropdown, "My guess: harm begins at", options=[("choose …", None)]
    )
    dial = style.labeled(
        widgets.SelectionSlider, "Source, near to useless", width="36em", options=[("turn me", 0)]
    )
    picture, line = widgets.HTML(), style.message()
    settled = False  # while a target changes, its controls do not fit each other

    def refresh(_=None) -> None:
        if not settled:
            return
        key = task.value, method.value, size.value
        gains, names = gains_of(table, *key), list(labels_of(task.value).values())
        scratch = table[task.value, "none", "scratch", size.value]
        figure, alt = _draw(gains, names, float(scratch.mean()), dial.value, guess.value)
        picture.value = style.image_html(figure, alt=alt)
        line.say(in_words(gains, dial.value, guess.value, names))

    def other_sizes(_) -> None:
        kept = size.value
        with size.hold_trait_notifications():
            size.options = sizes_of(task.value, method.value)
            size.value = kept if kept in size.options else size.options[0]
        refresh()

    def other_target(_=None) -> None:
        """Other targets may have other sources; a guess and a dial for the same ones stay."""
        nonlocal settled
        settled, names = False, list(labels_of(task.value).values())
        options = (("turn me", 0), *((name, at) for at, name in enumerate(names, start=1)))
        if dial.options != options:
            guess.value, dial.value = None, 0
            dial.options = options
            guess.options = (("choose …", None), *((name, at) for at, name in enumerate(names)),
                             ("none of them", len(names)))  # fmt: skip
        settled = True
        other_sizes(None)

    other_target()
    task.observe(other_target, "value")
    method.observe(other_sizes, "value")
    for control in (size, guess, dial):
        control.observe(refresh, "value")
    wrap = widgets.Layout(flex_flow="row wrap", grid_gap="12px")
    return style.demo(
        "Distance dial",
        widgets.HBox([task, size], layout=wrap),
        widgets.HBox([method, guess], layout=wrap),
        dial,
        line,
        picture,
    )


def load_all() -> dict[tuple[str, str, str, int], np.ndarray]:
    """Both tables: (target, source, method, images a class) → test accuracies, by seed.

    Of the real tasks, the one input size that all numbers of images have.
    """
    real = {
        (target, source, method, count): values
        for (target, source, method, pixels, count), values in load_real_tasks().items()
        if target in REAL_TARGETS
        and ((target, source) != ("flowers", "MobileNetV2") or pixels == _FLOWERS_AT)
    }
    return load_distance() | real


def labels_of(target: str) -> dict[str, str]:
    """Source → what is said of it, near to useless, for one of `TARGETS` or `REAL_TARGETS`."""
    return REAL_LABELS if target in REAL_TARGETS else LABELS


def sizes_of(target: str, method: str) -> tuple[int, ...]:
    """Images a class that were tried, with `method` *frozen* or *tuned*."""
    return REAL_SIZES if target in REAL_TARGETS else DISTANCE_SIZES[method]


def gains_of(table: dict, target: str, method: str, images_per_class: int) -> list[np.ndarray]:
    """For each source, near to far, (seeds,) accuracy less that of from scratch, seed by seed."""
    scratch = table[target, "none", "scratch", images_per_class]
    found = [table[target, source, method, images_per_class] for source in labels_of(target)]
    pairs = [min(len(values), len(scratch)) for values in found]
    return [values[:n] - scratch[:n] for values, n in zip(found, pairs, strict=True)]


def verdict(gain: np.ndarray) -> str:
    """`"help"`, `"harm"` or `"luck"`, when the 95 % interval of the mean holds both."""
    low, high = interval(gain)
    return "help" if low > 0 else "harm" if high < 0 else "luck"


def in_words(
    gains: Sequence[np.ndarray],
    shown: int,
    guess: int | None,
    names: Sequence[str] = tuple(LABELS.values()),
) -> str:
    """What the dial says.

    Args:
        gains: a source each, near to far: (seeds,) points over training from scratch, as fractions.
        shown: sources that are revealed, from the nearest on.
        guess: number of the source at which harm is thought to begin; as many as there are for
            none; None without a guess.
        names: of the sources.
    """
    if not shown:
        return "Where will transfer turn into harm? Choose your guess, then turn the dial."
    gain = gains[shown - 1]
    low, high = interval(gain)
    told = (
        f"{names[shown - 1]}: {_signed(100 * gain.mean())} points against from scratch "
        f"(95 % interval {_signed(100 * low)} to {_signed(100 * high)}): "
    )
    told += {"help": "help.", "harm": "harm.", "luck": "it may be luck either way."}[verdict(gain)]
    if shown < len(gains):
        return told
    harm = [at for at, gain in enumerate(gains) if verdict(gain) == "harm"]
    begins = harm[0] if harm else len(gains)
    told += f" Harm begins at: {[*names, 'none of them'][begins]}."
    return told if guess is None else f"{told} Your guess: {[*names, 'none of them'][guess]}."


def _signed(number: float) -> str:
    return f"{number:+.0f}".replace("-", "−")


def _draw(gains, names: Sequence[str], scratch: float, shown: int, guess: int | None):
    """The figure and its alt text."""
    figure, ax = plots.figure(9.4, 4.4)
    means = [100 * float(gain.mean()) for gain in gains]
    for at, (gain, mean) in enumerate(zip(gains[:shown], means, strict=False)):
        spread = [[mean - 100 * gain.min()], [100 * gain.max() - mean]]
        good = mean > 0
        ax.bar(at, mean, 0.62, color=_HELP if good else _HARM, hatch="" if good else "//",
               edgecolor="white", yerr=spread, capsize=5,
               alpha=1.0 if at == shown - 1 else 0.55)  # fmt: skip
        end = (100 * gain.max() + 1.5) if good else (100 * gain.min() - 1.5)
        ax.text(at, end, _signed(mean), ha="center", va="bottom" if good else "top", fontsize=15)
    if guess is not None and guess < len(gains):
        ax.axvline(guess - 0.5, color="#CC79A7", linestyle="--", linewidth=3)
        side = "right" if guess > 2 else "left"
        ax.text(guess - 0.5 + (-0.05 if side == "right" else 0.05), -54,
                "your guess: harm from here", fontsize=13, ha=side, color="#8a3d68")  # fmt: skip
    ax.axhline(0, color="black", linewidth=2)
    ax.text(len(gains) - 0.45, 1, f"from scratch: {scratch:.0%} right", ha="right", fontsize=13)
    ax.set_xlim(-0.55, len(gains) - 0.4)
    ax.set_ylim(-56, 46)
    ax.set_xticks(range(len(gains)), names, fontsize=14)
    ax.tick_params(axis="y", labelsize=13)
    ax.set_ylabel("points over from scratch", fontsize=14)
    ax.grid(axis="y", alpha=0.3)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    listed = "; ".join(
        f"{name} {_signed(mean)}" for name, mean in zip(names, means[:shown], strict=False)
    )
    return figure, f"Points over training from scratch ({scratch:.0%} right): {listed or 'hidden'}."
