"""The pictures and labels that a model is given, read once and left as they are."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tlcourse.data import Task
from tlcourse.machine.limits import one_by_one
from tlcourse.photos.check import class_folders

MOST = 5000  # pictures of a split that are looked at,
BYTES = 2**28  # and no more than this
SPLITS = ("train", "validation", "test")


class Pictures(NamedTuple):
    """What was read of one split.

    Attributes:
        images: (n, ...), or None where there is not one array to a picture.
        labels: (n,) whole numbers, or (n, classes) one-hot; None where there are none.
        whole: whether all of the split was read.
        weighted: whether each picture comes with a weight.
        all_labels: those of the pictures that were not read, too; None where these are unknown.
    """

    images: np.ndarray | None
    labels: np.ndarray | None
    whole: bool
    weighted: bool = False
    all_labels: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Data:
    """All that is known about the data.

    Attributes:
        splits: what was read, by the name of the split.
        again: the same for validation and test sets that were read a second time.
        names: class names, by where they come from.
        class_weight: what `fit` will get.
    """

    splits: dict[str, Pictures] = field(default_factory=dict)
    again: dict[str, Pictures] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    class_weight: Mapping[int, float] | None = None

    @property
    def sample(self) -> np.ndarray | None:
        """Up to 32 pictures, as the model gets them."""
        for split in self.splits.values():
            if split.images is not None and len(split.images):
                picked = np.linspace(0, len(split.images) - 1, min(32, len(split.images)))
                return split.images[picked.astype(int)]
        return None

    @property
    def num_classes(self) -> int | None:
        """By the class names, else by the labels; None where there is neither."""
        if self.names:
            return len(next(iter(self.names.values())))
        known = [
            split.labels if split.all_labels is None else split.all_labels
            for split in self.splits.values()
        ]
        counts = [
            labels.shape[1] if is_one_hot(labels) else int(labels.max()) + 1
            for labels in known
            if is_class_labels(labels)
        ]
        return max(counts, default=None)

    @property
    def may_have_more_classes(self) -> bool:
        """Whether each split was read in part only, and no class names are known."""
        return not self.names and all(split.all_labels is None for split in self.splits.values())


def is_one_hot(labels: np.ndarray | None) -> bool:
    """Whether each row is 0 but for one 1."""
    return (
        labels is not None
        and labels.ndim == 2
        and labels.shape[1] > 1
        and bool(np.all((labels == 0) | (labels == 1)) and np.all(labels.sum(axis=1) == 1))
    )


def is_class_labels(labels: np.ndarray | None) -> bool:
    """Whether the labels name one class each: whole numbers from 0, or one-hot rows."""
    if labels is None or not len(labels):
        return False
    if labels.dtype.kind not in "biuf":
        return False
    whole = labels.ndim == 1 and np.all(labels == np.round(labels)) and labels.min() >= 0
    return bool(whole) or is_one_hot(labels)


def class_numbers(labels: np.ndarray) -> np.ndarray:
    """Labels as whole numbers (n,)."""
    return (labels.argmax(axis=1) if labels.ndim == 2 else labels).astype(int)


def read_data(
    task: Task | None,
    given: Mapping[str, Any],
    folders: Sequence[str | Path],
    class_weight: Mapping[int, float] | None,
) -> tuple[Data, list[str]]:
    """Read what `audit` was given.

    Args:
        task: its splits are taken where `given` has none.
        given: by name of the split: a `tf.data.Dataset` of batches, or (images, labels); or None.
        folders: of one sub-folder a class.
        class_weight: kept as it is.

    Returns:
        The data, and sentences on what could not be read.
    """
    data, skipped = Data(class_weight=class_weight), []
    if task is not None:
        data.names["the task"] = tuple(task.class_names)
    for name in SPLITS:
        source = given.get(name)
        source = getattr(task, name) if source is None and task is not None else source
        if source is None:
            continue
        if names := getattr(source, "class_names", None):  # image_dataset_from_directory has them
            data.names[name] = tuple(names)
        try:
            data.splits[name] = read(source)
            if name != "train" and data.splits[name].whole and not isinstance(source, tuple):
                data.again[name] = read(source)
        except Exception as error:
            skipped.append(f"{name} could not be read: {error}")
    for folder in folders:
        try:
            data.names[f"{folder}"] = tuple(path.name for path in class_folders(Path(folder)))
        except ValueError as error:
            skipped.append(str(error))
    return data, skipped


def read(source: Any) -> Pictures:
    """The pictures and labels of one split, up to `MOST`.

    Raises:
        TypeError: it is neither batches nor a pair of arrays.
    """
    if isinstance(source, tuple) and len(source) > 1:  # a split of texts has more columns
        images, labels = (np.asarray(part) for part in source[:2])
        labels = _flat(labels)
        most = min(MOST, max(1, BYTES * len(images) // max(1, images.nbytes)))
        whole = len(images) <= most
        return Pictures(images[:most], labels[:most], whole, len(source) == 3, labels)
    if not hasattr(source, "__iter__"):
        raise TypeError(f"expected a tf.data.Dataset or (images, labels), not {type(source)}.")
    images, labels, weighted, whole = [], [], False, True
    count = size = 0
    for batch in _batches(source):
        if count >= MOST or size >= BYTES:
            whole = False
            break
        images.append(batch[0])
        labels.append(batch[1])
        weighted = batch[2]
        count, size = count + len(batch[0]), size + batch[0].nbytes
    if not images:
        return Pictures(np.empty((0,)), None, True)
    known = all(part is not None for part in labels)
    flat = _flat(np.concatenate(labels)) if known else None
    return Pictures(np.concatenate(images), flat, whole, weighted, flat if whole else None)


def _batches(dataset: Any) -> Iterator[tuple[np.ndarray, np.ndarray | None, bool]]:
    for batch in dataset:
        parts = batch if isinstance(batch, tuple | list) else (batch,)
        images = np.asarray(parts[0])
        labels = np.asarray(parts[1]) if len(parts) > 1 else None
        if labels is not None and (labels.ndim == 0 or images.ndim == 3):  # was not batched
            images, labels = images[None], labels[None]
        yield images, labels, len(parts) > 2


def _flat(labels: np.ndarray) -> np.ndarray:
    """(n, 1) as (n,)."""
    return labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels


def digests(split: Pictures) -> list[bytes]:
    """One short hash a picture, the same for pictures that are equal in each pixel."""
    if split.images is None:
        return []
    return [
        hashlib.blake2b(
            repr(image.tolist()).encode() if image.dtype == object else image.tobytes(),
            digest_size=12,
        ).digest()
        for image in map(np.ascontiguousarray, one_by_one(split.images))
    ]
