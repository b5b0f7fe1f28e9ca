"""The distance dial as a table: what was computed by `distance`, read without TensorFlow."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from tlcourse.assets import bundled
from tlcourse.recipes.surface_table import read

SOURCES = ("objectnet", "photonet", "noisenet", "objectnet_shuffled", "random")  # lesson 4's order
TARGETS = ("sunglasses", "digits")
SIZES = {  # images a class; fine-tuning takes the longest
    "scratch": (5, 10, 20, 50, 100),
    "frozen": (5, 10, 20, 50, 100),
    "tuned": (10, 100),
}


class Run(NamedTuple):
    """One run: what was learned, from where, how, with how many labels, in which repetition."""

    target: str
    source: str
    method: str
    images_per_class: int
    seed: int


def load_distance(path: str | Path | None = None) -> dict[tuple[str, str, str, int], np.ndarray]:
    """The bundled table. See datasets/source_distance.

    Args:
        path: another table; None is the bundled one.

    Returns:
        (target, source, method, images a class) → test accuracies, by seed. From scratch has the
        source `"none"` and the method `"scratch"`.
    """
    table: dict[tuple, dict[int, float]] = {}
    for run, value in read(path or bundled("source_distance/distance.csv"), Run).items():
        table.setdefault(run[:4], {})[run.seed] = value
    return {key: np.array([by[s] for s in sorted(by)]) for key, by in table.items()}
