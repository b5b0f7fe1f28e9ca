"""Studies that took hours, as tables: computed once by `tlcourse.recipes`, bundled, read here.

The transfer surface (lesson 3), the distance of a source (lesson 4), the ladder of sources
(lesson 8), real tasks (in the field), what is unknown (lesson 13). Nothing here needs TensorFlow.
"""

import csv
from pathlib import Path
from typing import NamedTuple, get_type_hints

import numpy as np

from tlcourse.files.assets import bundled

STAGES = 4
SURFACE_SIZES = (5, 10, 20, 50, 100, 300)
METHODS = ("frozen", "tuned")


class Point(NamedTuple):
    """One run: how it was trained. `kept` stages come from the source; 0 is from scratch."""

    seed: int
    images_per_class: int
    kept: int
    method: str


def read(path: str | Path, kind: type[NamedTuple] = Point) -> dict[NamedTuple, float]:
    """Run → test accuracy, from a table that `surface.write` wrote.

    A half-written last line is left out.

    Args:
        path: the table, a CSV file.
        kind: what a run is described by; its fields are columns.
    """
    found, types = {}, get_type_hints(kind)
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row.get("accuracy"):
                run = kind(**{name: make(row[name]) for name, make in types.items()})
                found[run] = float(row["accuracy"])
    return found


def load_surface(path: str | Path | None = None) -> tuple[tuple[int, ...], dict]:
    """The bundled table, in the order of `SURFACE_SIZES`. See datasets/transfer_surface.

    Args:
        path: another table; None is the bundled one.

    Returns:
        The numbers of labeled images a class, and (method, kept stages) → test accuracies
        (sizes, seeds); from scratch is `("scratch", 0)`.
    """
    table = read(path or bundled("transfer_surface/surface.csv"))
    seeds = sorted({point.seed for point in table})
    lines = [("scratch", 0), *((m, k) for m in METHODS for k in range(1, STAGES + 1))]
    return SURFACE_SIZES, {
        (method, kept): np.array(
            [[table[Point(seed, size, kept, method if kept else "tuned")] for seed in seeds]
             for size in SURFACE_SIZES]
        )
        for method, kept in lines
    }  # fmt: skip


SOURCES = (  # lesson 4's order
    "objectnet", "photonet", "rotnet", "noisenet", "objectnet_shuffled", "random",
)  # fmt: skip
TARGETS = ("sunglasses", "digits")
DISTANCE_SIZES = {  # images a class; fine-tuning takes the longest
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


REAL_SIZES = (5, 10, 25, 50, 100, 200)


class RealRun(NamedTuple):
    """One run on a real task; `pixels` is the side at which the network looks at the pictures."""

    target: str
    source: str
    method: str
    pixels: int
    images_per_class: int
    seed: int


def load_real_tasks(
    path: str | Path | None = None,
) -> dict[tuple[str, str, str, int, int], np.ndarray]:
    """The bundled table of real tasks. See datasets/real_tasks.

    Args:
        path: another table; None is the bundled one.

    Returns:
        (target, source, method, pixels, images a class) → test accuracies, by seed. From scratch
        has the source `"none"` and the method `"scratch"`.
    """
    table: dict[tuple, dict[int, float]] = {}
    for run, value in read(path or bundled("real_tasks/real_tasks.csv"), RealRun).items():
        table.setdefault(run[:5], {})[run.seed] = value
    return {key: np.array([by[s] for s in sorted(by)]) for key, by in table.items()}


def load_ladder() -> list[dict[str, float]]:
    """The rows of `datasets/source_ladder`: all twelve rungs and what was measured of them."""
    with bundled("source_ladder/ladder.csv").open(newline="", encoding="utf-8") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


UNKNOWN_SCORES = ("softmax", "energy", "distance", "by hand")
UNKNOWN_GROUPS = ("other kinds", "photographs", "digits")
PLACES = 101  # from 0 to 100 percent of the validation pictures


def load_unknown(path: str | Path | None = None) -> dict[tuple[str, str], np.ndarray]:
    """How high known and unknown pictures score. See datasets/unknown.

    Args:
        path: another table; None is the bundled one.

    Returns:
        (score, group) → (seeds, 101) int: how many pictures of the group stand at each place among
        the validation pictures. A score is one of `UNKNOWN_SCORES`, a group `"known"` (test
        pictures) or one of `UNKNOWN_GROUPS`.
    """
    found: dict[tuple[str, str], dict[int, list[int]]] = {}
    with open(path or bundled("unknown/unknown.csv"), newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            counts = [int(count) for count in row["places"].split()]
            found.setdefault((row["score"], row["pictures"]), {})[int(row["seed"])] = counts
    return {key: np.array([by[seed] for seed in sorted(by)]) for key, by in found.items()}


class AdaptRun(NamedTuple):
    """One run: which network learned which task, which part of it, from how many labels."""

    network: str
    target: str
    method: str
    labels_per_class: int
    seed: int


def read_adapted(path: str | Path) -> list[tuple[AdaptRun, dict[str, float]]]:
    """Each run and what was measured, by column, from a table of `tlcourse.recipes.adapt`."""
    kinds = get_type_hints(AdaptRun)
    with open(path, newline="", encoding="utf-8") as file:
        return [
            (
                AdaptRun(**{name: make(row.pop(name)) for name, make in kinds.items()}),
                {name: float(value) for name, value in row.items()},
            )
            for row in csv.DictReader(file)
        ]


def load_adapted(
    path: str | Path | None = None,
) -> dict[tuple[str, str, str, int], dict[str, np.ndarray]]:
    """The bundled table of what small files do. See datasets/adapt_a_little.

    Args:
        path: another table; None is the bundled one.

    Returns:
        (network, target, method, labels a class) → column → numbers, by seed.
    """
    found: dict[tuple, dict[int, dict[str, float]]] = {}
    for run, row in read_adapted(path or bundled("adapt_a_little/adapt.csv")):
        found.setdefault(run[:4], {})[run.seed] = row
    return {
        key: {name: np.array([rows[s][name] for s in sorted(rows)]) for name in rows[min(rows)]}
        for key, rows in found.items()
    }
