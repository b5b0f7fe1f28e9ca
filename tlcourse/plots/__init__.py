"""Pictures of the course: arrays in, Axes out (`ax=None` makes a new figure).

All colors are safe for the color-blind. The background is white in dark mode too, so a figure
reads the same everywhere. `show` puts a figure into the notebook with a caption and an alt text.
"""

from tlcourse.plots.basics import figure, images, png, show
from tlcourse.plots.inside import (
    activation_grid,
    channel_tile,
    embedding,
    filters,
    heat_maps,
    heat_over,
    matrix,
)
from tlcourse.plots.results import COLORS, MARKERS, bars, history, learning_curves
from tlcourse.plots.schemes import block

__all__ = [
    "COLORS",
    "MARKERS",
    "activation_grid",
    "bars",
    "block",
    "channel_tile",
    "embedding",
    "figure",
    "filters",
    "heat_maps",
    "heat_over",
    "history",
    "images",
    "learning_curves",
    "matrix",
    "png",
    "show",
]
