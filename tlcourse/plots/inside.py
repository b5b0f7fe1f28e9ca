"""What is inside a network: filters, activations, heat maps, embeddings, similarities.

Color maps are viridis and inferno: safe for the color-blind, and right in gray, too.
"""

from collections.abc import Sequence

import numpy as np

from tlcourse.plots.basics import figure
from tlcourse.plots.results import COLORS, MARKERS, OTHER_COLORS, OTHER_MARKERS

_INCHES = 1.1  # of a tile
_PIXELS = 96  # of a tile's longer side, at least
_GAP = 4


def activation_grid(
    activation: np.ndarray,
    channels: Sequence[int] | None = None,
    *,
    columns: int = 8,
    titles: Sequence[str] | None = None,
    ax=None,
):
    """Channels of one layer for one picture, a tile a channel.

    Each tile has a scale of its own, from 0 (dark) or its lowest value to its highest (yellow):
    compare places within a tile, not tiles.

    Args:
        activation: (h, w, c).
        channels: which, in order; None is the first 16.
        columns: tiles a row.
        titles: a line above each tile; None is the number of the channel.
        ax: Axes to draw on, or None.

    Returns:
        The Axes.

    Raises:
        ValueError: the activation has no spatial map, or there is no such channel.
    """
    activation = np.asarray(activation, "float32")
    if activation.ndim != 3:
        raise ValueError(
            f"activation must be (h, w, channels), that of one picture, not {activation.shape}. "
            "Of a batch, give one: activations[0]."
        )
    count = activation.shape[-1]
    channels = list(range(min(16, count)) if channels is None else channels)
    if not channels or not all(0 <= k < count for k in channels):
        raise ValueError(f"channels must lie in 0 … {count - 1}, not {channels}.")
    tiles = [channel_tile(activation[..., k]) for k in channels]
    return _tiles(tiles, titles or [str(k) for k in channels], columns, ax)


def filters(kernel: np.ndarray, *, columns: int = 8, ax=None):
    """The filters of a first convolution, as the pictures that they look for; gray is zero.

    Args:
        kernel: (h, w, 1 or 3, n), as `layer.kernel` holds it.
        columns: filters a row.
        ax: Axes to draw on, or None.

    Returns:
        The Axes.

    Raises:
        ValueError: the filters do not look at a picture, but at other channels.
    """
    kernel = np.asarray(kernel, "float32")
    if kernel.ndim != 4 or kernel.shape[2] not in (1, 3):
        raise ValueError(
            f"kernel must be (h, w, 1 or 3, filters), not {kernel.shape}: only the filters of a "
            "first layer look at colors. For later layers, see `activation_grid`."
        )
    tiles = []
    for one in np.moveaxis(kernel, -1, 0):
        tile = 0.5 + 0.5 * one / (np.abs(one).max() or 1)
        tiles.append(np.repeat(tile, 3 // one.shape[-1], axis=-1))
    return _tiles(tiles, None, columns, ax)


def heat_maps(
    pictures: np.ndarray,
    maps: np.ndarray,
    titles: Sequence[str] | None = None,
    *,
    columns: int = 4,
    ax=None,
):
    """Each picture, and beside it the same in gray with its heat map over it.

    Each map has a scale of its own, from 0 (not colored) to its highest value (yellow); negative
    values are not colored.

    Args:
        pictures: uint8 (n, height, width, 3).
        maps: (n, height, width), such as `Explanation.maps`.
        titles: a line above each pair.
        columns: pairs a row.
        ax: Axes to draw on, or None.

    Returns:
        The Axes.

    Raises:
        ValueError: pictures and maps do not match.
    """
    pictures, maps = np.asarray(pictures), np.asarray(maps, "float32")
    if pictures.ndim != 4 or pictures.dtype != np.uint8 or maps.shape != pictures.shape[:3]:
        raise ValueError(
            f"Expected pictures uint8 (n, height, width, 3) and maps (n, height, width) of the "
            f"same size, not {pictures.dtype} {pictures.shape} and {maps.shape}. For one picture, "
            "give picture[None] and map[None]."
        )
    tiles = []
    for picture, heat in zip(pictures, maps, strict=True):
        tiles.append(np.concatenate([picture / 255, heat_over(picture, heat)], axis=1))
    return _tiles(tiles, titles, columns, ax)


def heat_over(picture: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """A picture in gray with a heat map over it, as `heat_maps` shows it.

    Args:
        picture: uint8 (height, width, 3).
        heat: (height, width).

    Returns:
        float (height, width, 3) in [0, 1].
    """
    heat = np.clip(heat / max(heat.max(), np.finfo("float32").tiny), 0, 1)
    gray = np.repeat(picture.mean(axis=-1, keepdims=True) / 255, 3, axis=-1)
    opacity = 0.75 * heat[..., None] ** 0.7
    return (1 - opacity) * gray + opacity * _colored(heat, "inferno")


def channel_tile(channel: np.ndarray) -> np.ndarray:
    """One channel (h, w), as `activation_grid` colors it: float (h, w, 3) in [0, 1]."""
    low, high = min(0.0, channel.min()), channel.max()
    return _colored((channel - low) / (high - low or 1), "viridis")


def embedding(points: np.ndarray, labels: np.ndarray, class_names: Sequence[str], *, ax=None):
    """Pictures as points in the plane, a color and a marker a class.

    Args:
        points: (n, 2), as `similarity.embed` gives them.
        labels: int (n,), index of a class name.
        class_names: one a class.
        ax: Axes to draw on, or None.

    Returns:
        The Axes.

    Raises:
        ValueError: the shapes do not match.
    """
    points, labels = np.asarray(points), np.asarray(labels)
    if points.ndim != 2 or points.shape[1] != 2 or labels.shape != points.shape[:1]:
        raise ValueError(
            f"Expected points (n, 2) and labels (n,), not {points.shape} and {labels.shape}."
        )
    if ax is None:
        _, ax = figure(6.0, 4.5)
    colors = (*COLORS.values(), *OTHER_COLORS)
    markers = (*MARKERS.values(), *OTHER_MARKERS)
    for k, name in enumerate(class_names):
        chosen = labels == k
        # 8 colors and 7 markers: the pairs repeat after 56 classes.
        style = {"color": colors[k % 8], "marker": markers[k % 7]}
        ax.scatter(*points[chosen].T, s=28, alpha=0.8, label=name, **style)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.legend(fontsize=11, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def matrix(
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    xlabel: str = "",
    ylabel: str = "",
    ax=None,
):
    """A table of numbers in [0, 1], colored: similarities of layers (CKA), or accuracies.

    Args:
        values: (len(rows), len(columns)) in [0, 1], such as `similarity.cka_matrix` gives.
        rows: names of the rows, such as layers.
        columns: names of the columns.
        xlabel: what the columns are.
        ylabel: what the rows are.
        ax: Axes to draw on, or None.

    Returns:
        The Axes.

    Raises:
        ValueError: the shapes do not match.
    """
    values = np.asarray(values)
    if values.shape != (len(rows), len(columns)):
        raise ValueError(f"values must be {(len(rows), len(columns))}, not {values.shape}.")
    if ax is None:
        _, ax = figure(1.6 + 0.85 * len(columns), 1.0 + 0.6 * len(rows))
    ax.imshow(values, vmin=0, vmax=1, cmap="viridis", aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        color = "black" if value > 0.6 else "white"
        ax.text(column, row, f"{value:.2f}", ha="center", va="center", color=color, fontsize=11)
    ax.set_xticks(range(len(columns)), columns, fontsize=11)
    ax.set_yticks(range(len(rows)), rows, fontsize=11)
    ax.set_xlabel(xlabel, fontsize=12)
    ax.set_ylabel(ylabel, fontsize=12)
    return ax


def _colored(values: np.ndarray, name: str) -> np.ndarray:
    import matplotlib

    return matplotlib.colormaps[name](values)[..., :3]


def _tiles(tiles: Sequence[np.ndarray], titles, columns: int, ax):
    """Tiles (h, w, 3) in [0, 1] of one size, as one picture with gaps, on one Axes."""
    if titles is not None and len(titles) != len(tiles):
        raise ValueError(f"{len(titles)} titles for {len(tiles)} tiles.")
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    zoom = max(1, -(-_PIXELS // max(tiles[0].shape[:2])))  # whole steps, so that edges stay sharp
    tiles = [np.kron(tile, np.ones((zoom, zoom, 1))) for tile in tiles]
    height, width = tiles[0].shape[:2]
    lift = 0 if titles is None else round(0.24 * height) + _GAP
    sheet = np.ones((rows * (height + lift + _GAP), columns * (width + _GAP), 3))
    corners = []
    for at, tile in enumerate(tiles):
        top = at // columns * (height + lift + _GAP) + lift
        left = at % columns * (width + _GAP)
        sheet[top : top + height, left : left + width] = tile
        corners.append((top, left))
    if ax is None:
        inches = _INCHES * columns * width / height
        _, ax = figure(inches, inches * sheet.shape[0] / sheet.shape[1])
    ax.imshow(sheet, interpolation="nearest")
    ax.set_axis_off()
    for title, (top, left) in zip(titles or (), corners, strict=bool(titles)):
        ax.text(left + width / 2, top - _GAP, title, ha="center", va="bottom", fontsize=10)
    return ax
