"""`objects` and `sunglasses`: tasks drawn by the course's own renderer, kept in the cache."""

import warnings
from pathlib import Path

import numpy as np

from tlcourse.data.task import Split, Task
from tlcourse.drawing import render as renderer
from tlcourse.files import assets
from tlcourse.files.arrays import cached_array
from tlcourse.progress import with_bar

# Pictures a class of the two fixed splits. Training pictures are numbered after them, so a
# training set can be of any size and never shares a picture with validation or test.
TEST_PER_CLASS = 50
VALIDATION_PER_CLASS = 50


def load_objects(*, train_per_class: int = 200, seed: int = 0, description: str = "") -> Task:
    """The 20 classes of everyday things, 64×64; the source task of method 1.

    Args:
        train_per_class: training images a class, at least 1; as many as asked for are drawn.
        seed: another seed gives other pictures, in all three splits.
        description: one line, shown with the task.

    Raises:
        ValueError: `train_per_class` is below 1.
    """
    return _load("objects", renderer.SOURCE_CLASSES, train_per_class, seed, description)


def load_sunglasses(*, train_per_class: int = 100, seed: int = 0, description: str = "") -> Task:
    """Sunglasses and 5 look-alikes, 64×64; the target task. Arguments as for `load_objects`."""
    return _load("sunglasses", renderer.TARGET_CLASSES, train_per_class, seed, description)


def _load(name: str, classes: tuple[str, ...], train: int, seed: int, description: str) -> Task:
    if train < 1:
        raise ValueError(f"train_per_class must be at least 1, not {train}.")
    first_train = TEST_PER_CLASS + VALIDATION_PER_CLASS
    unsaved: list[assets.AssetError] = []
    test = _pictures(name, classes, seed, 0, TEST_PER_CLASS, unsaved)
    validation = _pictures(name, classes, seed, TEST_PER_CLASS, VALIDATION_PER_CLASS, unsaved)
    training = _pictures(name, classes, seed, first_train, train, unsaved)
    if unsaved:  # one warning, not one a split
        warnings.warn(
            f"{unsaved[0]} The pictures are in memory and will be drawn again next time.",
            stacklevel=4,
        )
    return Task(name, classes, training, validation, test, description)


def _pictures(
    name: str,
    classes: tuple[str, ...],
    seed: int,
    start: int,
    count: int,
    unsaved: list[assets.AssetError],
) -> Split:
    """Pictures `start` … `start + count - 1` of each class, read from the cache or drawn.

    What keeps the cache from being written is added to `unsaved`.
    """
    shape = (len(classes) * count, 64, 64, 3)
    labels = np.repeat(np.arange(len(classes), dtype=np.int64), count)
    key = Path("drawn") / f"v{renderer.RENDERER_VERSION}" / f"{name}-s{seed}-{start}-{count}.npy"
    images, unsaved_because = cached_array(
        key,
        lambda: _draw(name, classes, seed, start, count),
        lambda array: array.shape == shape and array.dtype == np.uint8,
    )
    if unsaved_because:
        unsaved.append(unsaved_because)
    return Split(images, labels)


def _draw(name: str, classes: tuple[str, ...], seed: int, start: int, count: int) -> np.ndarray:
    images = np.empty((len(classes) * count, 64, 64, 3), np.uint8)
    jobs = [(k, start + i) for k in range(len(classes)) for i in range(count)]
    if len(jobs) >= 2000:  # a few seconds
        jobs = with_bar(jobs, f"Drawing {name}")
    for at, (k, index) in enumerate(jobs):
        images[at] = renderer.render(classes[k], seed, index)
    return images
