"""Schemes of the blocks that networks are built of."""

from collections.abc import Sequence

from tlcourse.plots.basics import figure

WIDTH, HEIGHT, GAP = 1.0, 0.5, 0.35
BOX = {
    "boxstyle": "round,pad=0.02",
    "linewidth": 1.5,
    "edgecolor": "#0072B2",
    "facecolor": "#E8F1F8",
}
ARROW = {"arrowstyle": "->", "color": "#444444", "linewidth": 1.5, "shrinkA": 0, "shrinkB": 0}


def block(
    branches: Sequence[Sequence[str]], *, title: str, join: str = "", around: bool = False, ax=None
):
    """A block of a network as boxes and arrows, from its input above to its output below.

    Args:
        branches: side by side, each from first to last; what a box says.
        title: above the block.
        join: what is done with the ends of the branches, such as `"+"`; nothing by default, for
            a single branch.
        around: whether the input also goes around the branches, to `join`.
        ax: Axes to draw on, or None.

    Returns:
        The Axes.

    Raises:
        ValueError: there is no branch, one is empty, or several ends are not joined.
    """
    if not branches or not all(branches):
        raise ValueError(f"A block needs branches of one box or more, not {branches!r}.")
    if not join and (len(branches) > 1 or around):
        raise ValueError("Several ways through a block meet: say how, such as join='+'.")
    if ax is None:
        _, ax = figure(3.0, 4.0)
    depth = max(map(len, branches))
    bottom = -(depth + 1) * (HEIGHT + GAP)
    centers = [(at - (len(branches) - 1) / 2) * (WIDTH + 0.15) for at in range(len(branches))]
    for x, boxes in zip(centers, branches, strict=True):
        ends = [(0.0, -HEIGHT / 2)]
        for row, words in enumerate(boxes, start=1):
            y = -row * (HEIGHT + GAP)
            _box(ax, x, y, words)
            _arrow(ax, ends[-1], (x, y + HEIGHT / 2))
            ends.append((x, y - HEIGHT / 2))
        floor = bottom + HEIGHT + GAP - HEIGHT / 2  # of the longest branch
        if len(boxes) < depth:  # straight down first, so that no arrow crosses a box
            _arrow(ax, ends[-1], (x, floor), style="-")
        _arrow(ax, (x, floor), (0.0, bottom + HEIGHT / 2))
    if around:
        side = centers[-1] + WIDTH / 2 + 0.3
        corners = [(0.1, 0.0), (side, 0.0), (side, bottom), (WIDTH / 2 + 0.03, bottom)]
        ax.plot(*zip(*corners[:3], strict=True), color=ARROW["color"], linewidth=1.5)
        _arrow(ax, corners[2], corners[3])
    if join:
        _box(ax, 0.0, bottom, join)
    ax.text(0.0, 0.0, "x", ha="center", va="center", fontsize=12, style="italic")
    reach = max(abs(centers[0]), WIDTH / 2 + 0.35 * around) + WIDTH / 2 + 0.1
    ax.set_xlim(-reach, reach)
    ax.set_ylim(bottom - HEIGHT, HEIGHT)
    ax.set_title(title, fontsize=12)
    ax.axis("off")
    return ax


def _box(ax, x: float, y: float, words: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    ax.add_patch(FancyBboxPatch((x - WIDTH / 2, y - HEIGHT / 2), WIDTH, HEIGHT, **BOX))
    ax.text(x, y, words, ha="center", va="center", fontsize=9)


def _arrow(ax, start: tuple[float, float], end: tuple[float, float], style: str = "->") -> None:
    ax.annotate("", end, start, arrowprops=ARROW | {"arrowstyle": style})
