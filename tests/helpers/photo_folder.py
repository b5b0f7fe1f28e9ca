"""A folder of photos to test with: drawn things on scenes, as JPEGs of the usual size.

python tests/photo_folder.py FOLDER --each 50
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from tlcourse.drawing.render import SOURCE_CLASSES, render

SIZE = (500, 375)


def photo(name: str, index: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """Photo `index` of a class: enlarged, with the grain that a sensor adds."""
    small = Image.fromarray(render(name, 77, index))
    picture = np.asarray(small.resize(size, Image.Resampling.BICUBIC), "int16")
    grain = np.random.default_rng(index).integers(-12, 13, picture.shape, "int16")
    return Image.fromarray(np.clip(picture + grain, 0, 255).astype("uint8"))


def make_folder(
    folder: Path, classes: int = 10, each: int = 50, size: tuple[int, int] = SIZE
) -> Path:
    """Write `classes` sub-folders of `each` photos."""
    for name in SOURCE_CLASSES[:classes]:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for index in range(each):
            photo(name, index, size).save(folder / name / f"{index:05}.jpg", quality=85)
    return folder


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--each", type=int, default=50)
    given = parser.parse_args()
    make_folder(given.folder, given.classes, given.each)
