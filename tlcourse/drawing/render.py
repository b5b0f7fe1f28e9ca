"""Pictures of drawn objects: the 20 source classes, the 6 target classes, and `render`.

Any picture can be made alone: it depends on its class name, the seed and its number, on nothing
else, and is the same on every machine (see `tlcourse.drawing.canvas`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tlcourse.drawing import carried, eyewear, home, outdoors
from tlcourse.drawing.canvas import Canvas
from tlcourse.errors import did_you_mean

RENDERER_VERSION = 1
"""Raised whenever a change to the renderer changes any pixel: pictures in a cache carry it."""

SOURCE_CLASSES: tuple[str, ...] = (
    "backpack",
    "aeroplane",
    "apple",
    "bicycle",
    "book",
    "car",
    "chair",
    "clock",
    "fish",
    "guitar",
    "hat",
    "key",
    "lamp",
    "mug",
    "sailboat",
    "scissors",
    "shirt",
    "shoe",
    "teapot",
    "umbrella",
)
"""Classes of the source task `objects`, in label order."""

TARGET_CLASSES: tuple[str, ...] = (
    "sunglasses",
    "eyeglasses",
    "goggles",
    "mask",
    "bow_tie",
    "binoculars",
)
"""Classes of the target task `sunglasses`, in label order."""


def _drawing(name: str) -> Callable[[Canvas], None]:
    """The function that draws a class; ValueError with near matches for an unknown name."""
    known = SOURCE_CLASSES + TARGET_CLASSES
    if name not in known:
        hint = " ".join(filter(None, [did_you_mean(name, known), f"Known: {', '.join(known)}."]))
        raise ValueError(f"No drawn object is called {name!r}. {hint}")
    for module in (carried, home, outdoors, eyewear):
        if hasattr(module, name):
            return getattr(module, name)
    raise AssertionError(name)


def render(name: str, seed: int, index: int, size: int = 64) -> np.ndarray:
    """Draw one picture of a class.

    Args:
        name: one of `SOURCE_CLASSES` or `TARGET_CLASSES`.
        seed: which stream of pictures, 0 or more.
        index: which picture of that stream, 0 or more.
        size: height and width in pixels, a multiple of 32. Made for 64.

    Returns:
        uint8 array (size, size, 3), red, green and blue in 0..255. The same for the same four
        arguments on every machine.

    Raises:
        ValueError: the name is unknown (near matches are listed), a number is negative, or the
            size is not a positive multiple of 32.
    """
    draw = _drawing(name)
    if seed < 0 or index < 0:
        raise ValueError(f"seed and index must be 0 or more; got seed={seed}, index={index}.")
    if size < 32 or size % 32:
        raise ValueError(f"size must be a positive multiple of 32; got {size}.")
    canvas = Canvas(name, seed, index, size)
    draw(canvas)
    return canvas.picture()
