"""Seven photographs that come with scikit-image and scikit-learn. See datasets/photographs."""

from collections.abc import Mapping, Sequence
from importlib.resources import files

import numpy as np
from PIL import Image

# name -> (package whose folder it lies in, file)
_SOURCES = {
    "astronaut": ("skimage.data", "astronaut.png"),
    "cat": ("skimage.data", "chelsea.png"),
    "coffee": ("skimage.data", "coffee.png"),
    "flower": ("sklearn.datasets.images", "flower.jpg"),
    "motorcycle": ("skimage.data", "motorcycle_left.png"),
    "rocket": ("skimage.data", "rocket.jpg"),
    "temple": ("sklearn.datasets.images", "china.jpg"),
}


def load_photographs() -> dict[str, np.ndarray]:
    """Seven color photographs, for looking at what a network sees.

    Returns:
        name → uint8 (height, width, 3), from 300 to 741 pixels a side.
    """
    photographs = {}
    for name, (package, file) in _SOURCES.items():
        with (files(package) / file).open("rb") as opened, Image.open(opened) as picture:
            photographs[name] = np.asarray(picture.convert("RGB"))
    return photographs


def middle(photograph: np.ndarray, *, image_size: int = 64) -> np.ndarray:
    """The largest square in the middle of a photograph, shrunk.

    Args:
        photograph: uint8 (height, width, 3).
        image_size: side of the result, in pixels.

    Returns:
        uint8 (image_size, image_size, 3).
    """
    picture = Image.fromarray(photograph)
    box = middle_box(*picture.size)
    return np.asarray(picture.resize((image_size, image_size), Image.Resampling.BOX, box))


def middle_box(width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the largest square in the middle, in whole pixels.

    Where the middle falls between two pixels, it is the one nearer to the left, or to the top.
    `PIL.ImageOps.fit` would cut there through pixels.
    """
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


def cut(
    photographs: Mapping[str, np.ndarray],
    sides: Sequence[int] = (96, 160, 256),
    *,
    image_size: int = 64,
) -> tuple[np.ndarray, np.ndarray]:
    """Square pieces of photographs, overlapping by half, all brought to one size.

    Args:
        photographs: name → uint8 (height, width, 3).
        sides: of the squares, in pixels of the photograph; those that do not fit are left out.
        image_size: side of the result, in pixels.

    Returns:
        uint8 (n, image_size, image_size, 3), and (n,) the names of the photographs.

    Raises:
        ValueError: a side is below 2.
    """
    if min(sides) < 2:
        raise ValueError(f"sides must be at least 2 pixels, not {min(sides)}.")
    pieces, names = [], []
    for name, photograph in photographs.items():
        picture = Image.fromarray(photograph)
        for side in sides:
            for top in range(0, picture.height - side + 1, side // 2):
                for left in range(0, picture.width - side + 1, side // 2):
                    box = (left, top, left + side, top + side)
                    piece = picture.resize((image_size, image_size), Image.Resampling.BOX, box)
                    pieces.append(np.asarray(piece))
                    names.append(name)
    return np.stack(pieces), np.array(names)
