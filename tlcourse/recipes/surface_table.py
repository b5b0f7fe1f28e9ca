"""The transfer surface as a table: what was computed by `surface`, read without TensorFlow."""

import csv
from pathlib import Path
from typing import NamedTuple, get_type_hints

import numpy as np

from tlcourse.assets import bundled

STAGES = 4
SIZES = (5, 10, 20, 50, 100, 300)
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
    """The bundled table, in the order of `SIZES`. See datasets/transfer_surface.

    Args:
        path: another table; None is the bundled one.

    Returns:
        The numbers of labeled images a class, and (method, kept stages) → test accuracies
        (sizes, seeds); from scratch is `("scratch", 0)`.
    """
    table = read(path or bundled("transfer_surface/surface.csv"))
    seeds = sorted({point.seed for point in table})
    lines = [("scratch", 0), *((m, k) for m in METHODS for k in range(1, STAGES + 1))]
    return SIZES, {
        (method, kept): np.array(
            [[table[Point(seed, size, kept, method if kept else "tuned")] for seed in seeds]
             for size in SIZES]
        )
        for method, kept in lines
    }  # fmt: skip
