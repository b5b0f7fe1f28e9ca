"""Interactive parts of the lessons and the demos; the only modules that import ipywidgets.

A widget composes what others compute and draw. Every control has a label, and can be used by
keyboard.
"""

from tlcourse.widgets.catalog import SPEED, catalog, matching

__all__ = ["SPEED", "catalog", "matching"]
