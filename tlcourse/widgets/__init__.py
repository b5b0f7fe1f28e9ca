"""Interactive parts of the lessons and the demos; the only modules that import ipywidgets.

A widget composes what others compute and draw. Every control has a label, and can be used by
keyboard.
"""

from tlcourse.widgets.catalog import SPEED, catalog, matching
from tlcourse.widgets.distance_dial import distance_dial
from tlcourse.widgets.freeze_dial import freeze_dial
from tlcourse.widgets.how_much_data import how_much_data
from tlcourse.widgets.layer_explorer import layer_explorer
from tlcourse.widgets.photo_lab import photo_lab
from tlcourse.widgets.threshold_dial import threshold_dial

__all__ = [
    "SPEED",
    "catalog",
    "distance_dial",
    "freeze_dial",
    "how_much_data",
    "layer_explorer",
    "matching",
    "photo_lab",
    "threshold_dial",
]
