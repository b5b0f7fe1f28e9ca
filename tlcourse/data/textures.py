"""`textures`: crops of photographs of surfaces, from scikit-image. See datasets/textures."""

import numpy as np
from PIL import Image

from tlcourse.data.splits import resize_all
from tlcourse.data.task import Split, Task

# class name -> (file in skimage.data, the box of it that shows only this: left, top, right, bottom)
_SOURCES = {
    "brick": ("brick.png", (0, 0, 512, 512)),
    "grass": ("grass.png", (0, 0, 512, 512)),
    "gravel": ("gravel.png", (0, 0, 512, 512)),
    "moon": ("moon.png", (0, 0, 512, 512)),
    "stars": ("hubble_deep_field.jpg", (0, 0, 1000, 872)),
    "tissue": ("ihc.png", (0, 0, 512, 512)),
}
_CROP = 64  # pixels of the photograph a side
_STRIDE = 32
# Bands of the photograph from top to bottom, as fractions of its height.
_BANDS = {"train": (0.0, 0.5), "validation": (0.5, 0.75), "test": (0.75, 1.0)}


def load_textures(*, image_size: int = 64, description: str = "") -> Task:
    """Gray crops of six photographed surfaces, split by region of the photograph.

    Each photograph is cut into three bands: the upper half is for training, the next quarter for
    validation, the last for the test, so no pixel is in two splits. Within a band the crops (64×64
    pixels) overlap by half. All are gray, since three of the photographs are.

    Returns:
        A task with images of `image_size` pixels a side.
    """
    splits = {name: ([], []) for name in _BANDS}
    for label, (file, box) in enumerate(_SOURCES.values()):
        photo = _photo(file, box)
        for name, (images, labels) in splits.items():
            crops = _crops(photo, *_BANDS[name])
            images.extend(crops)
            labels.extend([label] * len(crops))
    ready = [
        Split(resize_all(np.stack(images), image_size), np.array(labels, np.int64))
        for images, labels in splits.values()
    ]
    return Task("textures", tuple(_SOURCES), *ready, description=description)


def _photo(file: str, box: tuple[int, int, int, int]) -> np.ndarray:
    """A photograph that comes inside scikit-image, gray, uint8 (height, width)."""
    import skimage.data

    folder = skimage.data.__path__[0]
    with Image.open(f"{folder}/{file}") as picture:
        return np.asarray(picture.convert("L").crop(box))


def _crops(photo: np.ndarray, top: float, bottom: float) -> list[np.ndarray]:
    first, last = round(top * len(photo)), round(bottom * len(photo))
    return [
        photo[y : y + _CROP, x : x + _CROP]
        for y in range(first, last - _CROP + 1, _STRIDE)
        for x in range(0, photo.shape[1] - _CROP + 1, _STRIDE)
    ]
