"""Results of training: accuracies, learning curves, histories.

The colors are the color-blind-safe ones of M. Okabe and K. Ito, "Color Universal Design", 2008.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from tlcourse.plots.basics import figure

# One color and one marker for each way of training, the same in every lesson.
COLORS = {
    "from scratch": "#D55E00",
    "frozen": "#0072B2",
    "fine-tuned": "#009E73",
}
MARKERS = {"from scratch": "s", "frozen": "o", "fine-tuned": "^"}
OTHER_COLORS = ("#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442", "#999999")
OTHER_MARKERS = ("D", "v", "P", "X", "*", "h")


def _style(label: str, position: int) -> dict:
    return {
        "color": COLORS.get(label, OTHER_COLORS[position % len(OTHER_COLORS)]),
        "marker": MARKERS.get(label, OTHER_MARKERS[position % len(OTHER_MARKERS)]),
    }


def learning_curves(
    sizes: Sequence[int],
    accuracies: Mapping[str, np.ndarray],
    *,
    chance: float | None = None,
    xlabel: str = "labeled images a class",
    ax=None,
):
    """Test accuracy against the size of the training set: a line a method, with its spread.

    Args:
        sizes: (s,) values of the x-axis.
        accuracies: method → (s, r) accuracies in [0, 1], r repetitions (seeds). The line is the
            mean, the band spans the lowest to the highest.
        chance: accuracy of guessing, drawn as a dotted line.
        xlabel: what the sizes are.
        ax: Axes to draw on, or None.

    Returns:
        The Axes.

    Raises:
        ValueError: the accuracies do not match the sizes.
    """
    if ax is None:
        _, ax = figure()
    places = np.arange(len(sizes))
    for position, (label, values) in enumerate(accuracies.items()):
        values = np.asarray(values, float)
        if values.ndim != 2 or len(values) != len(sizes):
            raise ValueError(
                f"accuracies[{label!r}] must be ({len(sizes)}, repetitions), not {values.shape}."
            )
        style = _style(label, position)
        ax.plot(places, values.mean(1), label=label, linewidth=2.5, markersize=8, **style)
        ax.fill_between(places, values.min(1), values.max(1), color=style["color"], alpha=0.18)
    _finish(ax, places, sizes, chance)
    ax.set_xlabel(xlabel, fontsize=12)
    return ax


def bars(
    labels: Sequence[str],
    accuracies: Mapping[str, np.ndarray],
    *,
    chance=None,
    order: Sequence[str] = (),
    ax=None,
):
    """Test accuracy of several methods on several tasks: a group of bars a task.

    Args:
        labels: (t,) names of the groups.
        accuracies: method → (t, r) accuracies in [0, 1]; the bar is the mean over r seeds, the
            thin line spans the lowest to the highest.
        chance: accuracy of guessing: one number, or (t,) of them.
        order: methods of an earlier figure, in its order: each keeps its color in this one.
        ax: Axes to draw on, or None.

    Returns:
        The Axes.
    """
    if ax is None:
        _, ax = figure()
    order = list(order)
    places = np.arange(len(labels))
    width = 0.8 / len(accuracies)
    for position, (label, values) in enumerate(accuracies.items()):
        values = np.asarray(values, float)
        mean = values.mean(1)
        at = places + (position - (len(accuracies) - 1) / 2) * width
        ends = np.stack([mean - values.min(1), values.max(1) - mean])
        color = _style(label, order.index(label) if label in order else position)["color"]
        span = ends if values.shape[1] > 1 else None  # of a single run, it would be a dash
        ax.bar(at, mean, width * 0.9, yerr=span, color=color, label=label, capsize=4)
    for at, level in zip(places, np.broadcast_to(chance, len(labels)), strict=True):
        if level is not None:
            ax.hlines(level, at - 0.45, at + 0.45, color="#444444", linestyle=":", linewidth=2)
    _finish(ax, places, labels, None)
    return ax


def _finish(ax, places, labels, chance) -> None:
    """Axes of an accuracy plot: percent, room at the top, a legend that hides nothing."""
    if chance is not None:
        ax.axhline(chance, color="#444444", linestyle=":", linewidth=2)
        ax.annotate("guessing", (places[-1], chance), (0, 4), ha="right",
                    textcoords="offset points", fontsize=10, color="#444444")  # fmt: skip
    ax.set_xticks(places, [str(label) for label in labels], fontsize=12)
    ax.set_ylim(0, 1.02)
    ax.set_yticks(np.linspace(0, 1, 6), [f"{v:.0%}" for v in np.linspace(0, 1, 6)], fontsize=11)
    ax.set_ylabel("test accuracy", fontsize=12)
    ax.grid(axis="y", alpha=0.3)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(fontsize=11, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def history(curves: Mapping[str, Sequence[float]], *, ylabel: str = "accuracy", ax=None):
    """Accuracy or loss after each epoch: a line a curve.

    Args:
        curves: label → (epochs,) values, such as `{"training": fit.history["accuracy"]}`.
        ylabel: what the values are.
        ax: Axes to draw on, or None.

    Returns:
        The Axes.
    """
    if ax is None:
        _, ax = figure(6.0, 3.5)
    for position, (label, values) in enumerate(curves.items()):
        epochs = np.arange(1, len(values) + 1)
        every = -(-len(values) // 15)  # more marks than that hide the line
        style = _style(label, position) | {"markersize": 6, "markevery": every}
        ax.plot(epochs, values, label=label, linewidth=2.5, **style)
    ax.set_xlabel("epoch", fontsize=12)
    ax.set_ylabel(ylabel, fontsize=12)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(axis="y", alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(fontsize=11, frameon=False)
    return ax
