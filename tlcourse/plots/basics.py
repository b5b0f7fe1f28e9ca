"""A figure, its way into the notebook, and a grid of pictures."""

import html
import io
from collections.abc import Sequence

import numpy as np


def figure(
    width: float = 7.0, height: float = 4.0, *, rows: int = 1, columns: int = 1, **options
) -> tuple:
    """A figure with type that reads on a projector.

    Args:
        width: in inches, at 100 dots an inch.
        height: in inches.
        rows: rows of axes.
        columns: columns of axes.
        **options: passed to `matplotlib.figure.Figure.subplots`, such as `sharey=True`.

    Returns:
        The figure, and its Axes (an array of them when there are several).
    """
    from matplotlib.figure import Figure

    # Figure, not pyplot: nothing is kept open, and no global style is touched.
    made = Figure(figsize=(width, height), dpi=100, layout="constrained", facecolor="white")
    return made, made.subplots(rows, columns, **options)


def show(fig, *, caption: str, alt: str) -> None:
    """Put a figure into the notebook's output, with a caption, and a text for screen readers.

    Args:
        fig: a matplotlib figure, or its Axes.
        caption: one or two sentences under the picture: what to see in it.
        alt: what the picture shows, for those who cannot see it.

    Raises:
        ValueError: caption or alt text is empty.
    """
    from IPython.display import HTML, Image, display

    if not caption.strip() or not alt.strip():
        raise ValueError("A figure needs a caption and an alt text: neither may be empty.")
    display(Image(png(fig), alt=alt))
    display(HTML(f"<p style='max-width: 46em'><i>{html.escape(caption)}</i></p>"))


def png(fig) -> bytes:
    """A figure, given itself or by its Axes, as a PNG file: on white, 100 dots an inch."""
    buffer = io.BytesIO()
    fig.figure.savefig(
        buffer, format="png", dpi=100, facecolor="white", pil_kwargs={"optimize": True}
    )
    return buffer.getvalue()


def images(
    pictures: np.ndarray,
    titles: Sequence[str] | None = None,
    *,
    columns: int = 8,
    tile: float = 1.15,
):
    """A grid of pictures.

    Args:
        pictures: uint8 (n, height, width, 3).
        titles: one line above each picture, or None.
        columns: pictures a row.
        tile: width of a picture, in inches.

    Returns:
        The matplotlib figure.

    Raises:
        ValueError: the pictures have the wrong shape or type, or titles are of another number.
    """
    pictures = np.asarray(pictures)
    if pictures.ndim != 4 or pictures.dtype != np.uint8:
        raise ValueError(
            f"pictures must be uint8 (n, height, width, 3), not {pictures.dtype} {pictures.shape}. "
            "For one picture, give picture[None]."
        )
    if titles is not None and len(titles) != len(pictures):
        raise ValueError(f"{len(titles)} titles for {len(pictures)} pictures.")
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    lift = 0.28 if titles is not None else 0.0
    fig, axes = figure(
        columns * tile, rows * (tile + lift), rows=rows, columns=columns, squeeze=False
    )
    for at, ax in enumerate(axes.flat):
        ax.set_axis_off()
        if at < len(pictures):
            ax.imshow(pictures[at], interpolation="nearest")
            if titles is not None:
                ax.set_title(titles[at], fontsize=10)
    return fig
