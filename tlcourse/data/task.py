"""`Task`: what a model has to learn, as arrays."""

import base64
import html
import io
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from tlcourse.data.splits import few_of_each


class Split(NamedTuple):
    """Pictures and their labels; unpacks as `images, labels = task.train`.

    `images` is uint8 (n, height, width, 3) in [0, 255]; `labels` is int64 (n,), each the index of
    a class name. Keras takes a split as it is: `model.fit(*task.train)`,
    `model.fit(..., validation_data=task.validation)`.
    """

    images: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True, eq=False)
class Task:
    """A classification task: three splits that share no image, and the names of the classes.

    Raises:
        ValueError: a split has the wrong type or shape, the splits differ in image size, or a
            label has no class name.
    """

    name: str
    class_names: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    description: str = ""

    def __post_init__(self):
        for split_name in ("train", "validation", "test"):
            _check_split(f"{self.name}.{split_name}", getattr(self, split_name), self.class_names)
        sizes = {s.images.shape[1:3] for s in (self.train, self.validation, self.test)}
        if len(sizes) > 1:
            raise ValueError(
                f"{self.name}: all splits must have images of one size, found "
                f"{', '.join(f'{height}×{width}' for height, width in sorted(sizes))}."
            )

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of the pictures, in pixels."""
        return tuple(self.train.images.shape[1:3])

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    def few_shot(self, n: int, seed: int = 0) -> "Task":
        """The same task with `n` training images a class, drawn at random with `seed`.

        For one seed the sets are nested: the 5 images of `few_shot(5)` are among the 10 of
        `few_shot(10)`. Validation and test stay as they are.

        Raises:
            ValueError: `n` is below 1, or a class has fewer images than that.
        """
        chosen = few_of_each(self.train.labels, n, self.class_names, seed, self.name, "images")
        return replace(self, train=Split(self.train.images[chosen], self.train.labels[chosen]))

    def as_dataset(
        self, split: str = "train", *, batch_size: int = 32, shuffle: bool = False, seed: int = 0
    ):
        """A `tf.data.Dataset` of batches (uint8 images, int64 labels) of one split.

        Args:
            split: `"train"`, `"validation"` or `"test"`.
            batch_size: images a batch; the last batch may be smaller.
            shuffle: a new order each epoch, the same ones for the same seed.
            seed: seed of the shuffling.

        Raises:
            ValueError: there is no such split.
        """
        import tensorflow as tf

        if split not in ("train", "validation", "test"):
            raise ValueError(f"split must be 'train', 'validation' or 'test', not {split!r}.")
        images, labels = getattr(self, split)
        dataset = tf.data.Dataset.from_tensor_slices((images, labels.astype(np.int64)))
        if shuffle:
            dataset = dataset.shuffle(max(1, len(labels)), seed=seed, reshuffle_each_iteration=True)
        # The thread that tunes a pipeline sleeps 10, 20, 40, ... ms, and the end of an epoch waits
        # until it wakes: short runs take up to twice as long. There is nothing to tune here.
        options = tf.data.Options()
        options.autotune.enabled = False
        return dataset.batch(batch_size).prefetch(2).with_options(options)

    def __repr__(self) -> str:
        height, width = self.image_size
        sizes = " / ".join(f"{len(s.labels):,}" for s in (self.train, self.validation, self.test))
        return (
            f"Task {self.name!r}: {self.num_classes} classes, {height}×{width} pixels, "
            f"{sizes} images to train / validate / test"
        )

    def _repr_html_(self) -> str:
        picture, alt = _sheet(self)
        return (
            f"<p><b>{html.escape(self.name)}</b>: {html.escape(self.description)}</p>"
            f"<p>{html.escape(repr(self).split(': ', 1)[1])}</p>"
            f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{picture}"/>'
        )


def _check_split(where: str, split: Split, class_names: tuple[str, ...]) -> None:
    if not isinstance(split, Split) or not all(isinstance(part, np.ndarray) for part in split):
        raise ValueError(f"{where}: must be Split(images, labels), both NumPy arrays.")
    images, labels = split
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] != 3:
        raise ValueError(
            f"{where}: images must be uint8 (n, height, width, 3) in [0, 255], not "
            f"{images.dtype} {images.shape}."
        )
    if labels.shape != (len(images),) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"{where}: labels must be {len(images)} whole numbers, one an image, not "
            f"{labels.dtype} {labels.shape}."
        )
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(class_names):
        raise ValueError(
            f"{where}: labels must lie in 0 … {len(class_names) - 1} (one a class name), found "
            f"{labels.min()} … {labels.max()}."
        )


def _sheet(task: Task, columns: int = 10, tile: int = 64) -> tuple[str, str]:
    """A strip of training pictures, a column a class, as base64 PNG, and a text for it."""
    from PIL import Image

    rows, gap = 2, 4
    shown = list(range(min(task.num_classes, columns)))
    sheet = Image.new("RGB", (len(shown) * (tile + gap) - gap, rows * (tile + gap) - gap), "white")
    for column, k in enumerate(shown):
        for row, index in enumerate(np.flatnonzero(task.train.labels == k)[:rows]):
            picture = Image.fromarray(np.asarray(task.train.images[index])).resize((tile, tile))
            sheet.paste(picture, (column * (tile + gap), row * (tile + gap)))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    names = ", ".join(task.class_names[k] for k in shown)
    more = "" if len(shown) == task.num_classes else f" (of {task.num_classes} classes)"
    text = f"Two training pictures a class: {names}{more}"
    return base64.b64encode(buffer.getvalue()).decode(), text
