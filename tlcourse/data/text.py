"""`TextTask`: what a model has to learn from sentences, as arrays."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from tlcourse.data.splits import few_of_each


class TextSplit(NamedTuple):
    """Sentences, their labels, and what is known about them; four arrays of length n.

    `texts`, `topics` and `kinds` are arrays of `str`, `labels` is int64. A data set without topics
    or kinds has empty strings there.
    """

    texts: np.ndarray
    labels: np.ndarray
    topics: np.ndarray
    kinds: np.ndarray

    def take(self, where: np.ndarray) -> "TextSplit":
        """The part of the split that an index or a boolean array picks out."""
        return TextSplit(*(array[where] for array in self))


@dataclass(frozen=True, eq=False)
class TextTask:
    """A classification task on sentences: three splits that share none, and the class names.

    Raises:
        ValueError: the arrays of a split differ in length, or a label has no class name.
    """

    name: str
    class_names: tuple[str, ...]
    train: TextSplit
    validation: TextSplit
    test: TextSplit
    description: str = ""

    def __post_init__(self):
        for name in ("train", "validation", "test"):
            split = getattr(self, name)
            lengths = [len(array) for array in split]
            if len(set(lengths)) > 1:
                raise ValueError(f"{self.name}.{name}: arrays of different lengths, {lengths}.")
            if not set(np.unique(split.labels)) <= set(range(len(self.class_names))):
                raise ValueError(
                    f"{self.name}.{name}: labels must lie in 0 … {len(self.class_names) - 1}, "
                    f"found {sorted(set(split.labels.tolist()))}."
                )

    def few_shot(self, n: int, seed: int = 0) -> "TextTask":
        """The same task with `n` training sentences a class; see `Task.few_shot`.

        Raises:
            ValueError: `n` is below 1, or a class has fewer sentences than that.
        """
        chosen = few_of_each(self.train.labels, n, self.class_names, seed, self.name, "sentences")
        return replace(self, train=self.train.take(chosen))

    def __repr__(self) -> str:
        sizes = " / ".join(f"{len(s.labels):,}" for s in (self.train, self.validation, self.test))
        return (
            f"TextTask {self.name!r}: {', '.join(self.class_names)}; "
            f"{sizes} sentences to train / validate / test"
        )
