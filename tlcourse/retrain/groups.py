"""Photos that belong together: near copies, and shots of one thing. They stay on one side.

A model that has learned from one shot of a mug is not tested by the next shot of it. Who deals
photos by lot does that, and gets too good a result (S. Kapoor and A. Narayanan, "Leakage and the
reproducibility crisis in machine-learning-based science", Patterns 4, 2023).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tlcourse.errors import InputError
from tlcourse.photos.folder import Dealt
from tlcourse.retrain import likeness, taken

AUTO, FOLDER, NAMES, NONE = "auto", "folder", "name-pattern", "none"
WAYS = (AUTO, FOLDER, NAMES, NONE)


@dataclass(frozen=True)
class Groups:
    """Which photos belong together.

    Attributes:
        of: a number a photo; the same for those of a group.
        copies: photos that are near copies of others, or other shots of the same thing by looks.
        rows: photos that were taken right after others, by clock or file name.
    """

    of: Mapping[Path, int]
    copies: int = 0
    rows: int = 0

    @property
    def sizes(self) -> np.ndarray:
        """Photos in each group, int (g,)."""
        return np.bincount(list(self.of.values())) if self.of else np.zeros(0, int)

    def beside(self, dealt: Dealt) -> int:
        """How many of the test photos have one of their group among those to train on."""
        learned = {self.of[path] for path in dealt.paths["train"]}
        return sum(self.of[path] in learned for path in dealt.paths["test"])


def find_groups(
    by: str,
    homes: Mapping[Path, Path],
    labels: np.ndarray,
    features: np.ndarray,
    pictures: np.ndarray,
) -> Groups:
    """Say which photos belong together.

    Args:
        by: `"auto"` looks at pictures, features, camera times and file names. `"folder"` goes by
            the folders within the classes, `"name-pattern"` by what stands before the last number
            in a file's name; both keep near copies together, too. `"none"` groups nothing.
        homes: of each photo the folder of its class.
        labels: int (n,).
        features: (n, d).
        pictures: uint8 (n, size, size, 3).

    Raises:
        InputError: no folder, or no name, says what belongs together.
    """
    paths = list(homes)
    if by == NONE:
        return Groups({path: at for at, path in enumerate(paths)})
    unit = likeness.unit_features(features)
    alike = [likeness.copies(pictures), likeness.shots(unit, pictures, labels)]
    rows: list[np.ndarray] = []
    if by == AUTO:
        burst, perhaps = taken.neighbors(paths, labels)
        usual = likeness.usual_likeness(unit, labels, taken.order(paths))
        close = np.sum(unit[perhaps[:, 0]] * unit[perhaps[:, 1]], axis=1) >= usual
        rows = [burst, perhaps[close]]
    else:
        rows = [_same(_by_folder(homes) if by == FOLDER else _by_name(paths))]
    number = likeness.linked([*alike, *rows], len(paths))
    counts = [len(np.unique(np.concatenate(pairs))) for pairs in (alike, rows)]
    return Groups(dict(zip(paths, number.tolist(), strict=True)), *counts)


def _by_folder(homes: Mapping[Path, Path]) -> list:
    """A key a photo: its folder within the class; photos right in the class have one each."""
    keys = [path.parent if path.parent != home else path for path, home in homes.items()]
    if len(set(keys)) == len(keys):
        raise InputError(
            "--group-by folder: there are no folders with several photos within the classes. "
            "Expected such as cup/blue-one/1.jpg, a folder for what belongs together; or take "
            "--group-by auto."
        )
    return keys


def _by_name(paths: Sequence[Path]) -> list:
    keys = [(path.parent, taken.split_name(path).stem) for path in paths]
    if len(set(keys)) == len(paths):
        raise InputError(
            "--group-by name-pattern: no two photos of a class share a name up to its last number. "
            "Expected such as mug1_1.jpg, mug1_2.jpg and mug2_1.jpg; or take --group-by auto."
        )
    return keys


def _same(keys: Sequence) -> np.ndarray:
    """Pairs that link all with the same key."""
    first: dict = {}
    pairs = [(first.setdefault(key, at), at) for at, key in enumerate(keys)]
    return np.array([pair for pair in pairs if pair[0] != pair[1]], int).reshape(-1, 2)
