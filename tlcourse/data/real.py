"""Real photos: flowers, satellite tiles, blood cells, recycling. Cards in datasets/ of these names.

They do not come with the course: `files.photo_files` finds or loads them.
"""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from tlcourse.data.task import Split, Task
from tlcourse.errors import InputError
from tlcourse.files.photo_files import load_photos
from tlcourse.files.photo_sets import SETS, Photo, PhotoSet, photo_list
from tlcourse.progress import with_bar

SPLITS = ("train", "validation", "test")
SMALLEST = 64  # pixels


def load_flowers(
    *, image_size: int = 64, folder: str | Path | None = None, description: str = ""
) -> Task:
    """Photographs of 5 kinds of flowers, 200 / 40 / 60 a class, squeezed to a square.

    No photographer is in two splits.
    """
    return _load("flowers", image_size, folder, description)


def load_satellite(
    *, image_size: int = 64, folder: str | Path | None = None, description: str = ""
) -> Task:
    """Tiles of land seen by Sentinel-2, 10 kinds of land use, 100 / 40 / 60 a class, by lot.

    640 m wide, 64×64 pixels as published.
    """
    return _load("satellite", image_size, folder, description)


def load_blood_cells(
    *, image_size: int = 64, folder: str | Path | None = None, description: str = ""
) -> Task:
    """Single blood cells under a microscope, 8 kinds, 100 / 40 / 60 a class, by lot."""
    return _load("blood_cells", image_size, folder, description)


def load_blood_cells_other_series(
    *, image_size: int = 64, folder: str | Path | None = None, description: str = ""
) -> Task:
    """The first 7 kinds of `blood_cells` in a series of other colors, 15 / 5 / 30 a class, by lot.

    Labels mean the same cells as there; there are no platelets, its last class.
    """
    return _load("blood_cells_other_series", image_size, folder, description)


def load_recycling(
    *,
    image_size: int = 64,
    folder: str | Path | None = None,
    split_by: str = "number",
    description: str = "",
) -> Task:
    """Photographs of rubbish, 6 classes, 100 / 40 / 60 a class (trash: 68 / 27 / 41).

    One thing was often photographed several times, with numbers near each other.
    `split_by="number"` splits the row of numbers into three; `"lot"` draws by lot, and so lets
    one thing be in two splits.
    """
    if split_by not in ("number", "lot"):
        raise InputError(f"split_by must be 'number' or 'lot', not {split_by!r}.")
    return _load("recycling", image_size, folder, description, by_lot=split_by == "lot")


def list_photos(task: str, split: str, *, split_by: str = "number") -> tuple[Photo, ...]:
    """File, photographer and more of each picture of a split, in the order of its images.

    Args:
        task: `"flowers"`, `"satellite"`, `"blood_cells"`, `"blood_cells_other_series"` or
            `"recycling"`.
        split: `"train"`, `"validation"` or `"test"`.
        split_by: of recycling, as it was loaded.

    Returns:
        A `Photo` each, with `file` (`class/name.jpg`), `photographer` and `page` (flowers alone).

    Raises:
        InputError: there is no such task or split.
    """
    _known(task)
    if split not in SPLITS:
        raise InputError(f"split must be 'train', 'validation' or 'test', not {split!r}.")
    lot = split_by == "lot"
    chosen = [p for p in photo_list(task) if (p.by_lot if lot else p.split) == split]
    # Mixed, as whoever forgets to shuffle should not see one class after the other.
    order = np.random.default_rng(SPLITS.index(split)).permutation(len(chosen))
    return tuple(chosen[i] for i in order)


def photo_credit(task: str) -> str:
    """Whose pictures a task of real photos has, and under which license, in a line or two.

    A figure that shows pictures carries it.
    """
    return _known(task).credit


def write_photos(
    task: str, target: str | Path, *, folder: str | Path | None = None, split_by: str = "number"
) -> Path:
    """Write the pictures of a task as files, `target/split/class/name.jpg`, for Keras to read.

    As they are, of the size and shape that they have. Files that are there are written again.

    Args:
        task: one of real photos.
        target: a folder; made where it is not there.
        folder: has an archive of the set, if the cache has none.
        split_by: of recycling.

    Returns:
        The folder.
    """
    by_split = {split: list_photos(task, split, split_by=split_by) for split in SPLITS}
    files, _ = load_photos(task, folder)
    for split, photos in by_split.items():
        for photo in photos:
            path = Path(target) / split / photo.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[photo.file])
    return Path(target)


def _known(task: str) -> PhotoSet:
    if task not in SETS:
        raise InputError(f"{task!r} is no task of real photos; these are: {', '.join(SETS)}.")
    return SETS[task]


def _load(name: str, size: int, folder, description: str, by_lot: bool = False) -> Task:
    if not isinstance(size, int) or size < SMALLEST:
        raise InputError(
            f"image_size of {name!r} must be a whole number of pixels, {SMALLEST} or more, "
            f"not {size!r}."
        )
    files, _ = load_photos(name, folder)
    folders = sorted({photo.folder for photo in photo_list(name)})
    splits = []
    for split in SPLITS:
        photos = list_photos(name, split, split_by="lot" if by_lot else "number")
        with ThreadPoolExecutor() as pool:  # Pillow decodes without holding the others back
            pictures = pool.map(lambda photo: _pixels(files[photo.file], size), photos)
            label = f"reading {name}, {split}"
            images = np.stack(list(with_bar(pictures, label, len(photos))))
        labels = np.array([folders.index(photo.folder) for photo in photos], np.int64)
        splits.append(Split(images, labels))
    names = tuple(_words(folder) for folder in folders)
    return Task(name, names, *splits, description=f"{description}. {SETS[name].credit}")


def _pixels(content: bytes, size: int) -> np.ndarray:
    """A picture, squeezed to a square (bicubic): uint8 (size, size, 3)."""
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    return np.asarray(picture.resize((size, size), Image.Resampling.BICUBIC))


def _words(folder: str) -> str:
    """`HerbaceousVegetation` and `immature_granulocyte` as words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", folder).replace("_", " ").lower()
