"""The transfer surface: accuracy against labels, layers kept, and method, over seeds.

    python -m tlcourse.recipes.surface --out FOLDER/surface.csv

For each seed, a small network learns the twenty classes of `objects`. Then its first 0 to 4 stages
are reused for `sunglasses`, frozen or tuned, with few and with many labeled images. Each run adds
a line to the file; the same command goes on where it was stopped. 540 runs, about 40 minutes on
two cores. Lesson 3 explores the result, and computes some of its points again.
"""

import argparse
import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from tlcourse.data import Task, load_task
from tlcourse.data.studies import METHODS, STAGES, SURFACE_SIZES, Point, read
from tlcourse.files.assets import atomic_path
from tlcourse.networks.small import LOSS, RATES, small_network
from tlcourse.old_names import moved
from tlcourse.progress import with_bar

SEEDS = 10
BATCH = 16


def train_source(objects: Task, seed: int) -> keras.Model:
    """The small network, trained on all of `objects.train` for three passes."""
    keras.utils.set_random_seed(seed)
    model = small_network(objects.num_classes)
    batches = objects.as_dataset("train", batch_size=64, shuffle=True, seed=seed)
    steps = 3 * len(batches)
    rate = keras.optimizers.schedules.CosineDecay(
        0.02, steps - 30, warmup_target=0.4, warmup_steps=30
    )
    model.compile(keras.optimizers.SGD(rate, momentum=0.9, nesterov=True), LOSS)
    model.fit(batches, epochs=3, verbose=0)
    return model


def reuse(source: keras.Model, num_classes: int, kept: int, method: str) -> keras.Model:
    """A network with the first `kept` stages of `source`; the rest, and the head, are random.

    A kept normalization is always frozen; a kept convolution only if the method is `"frozen"`.
    """
    model = small_network(num_classes)
    for stage in range(1, kept + 1):
        for name in (f"conv{stage}", f"norm{stage}"):
            layer = model.get_layer(name)
            layer.set_weights(source.get_layer(name).get_weights())
            layer.trainable = name.startswith("conv") and method == "tuned"
    return model


def steps(images_per_class: int) -> int:
    """Training steps of a run: about enough for every method to come to rest."""
    return 400 if images_per_class <= 50 else 800 if images_per_class <= 100 else 1600


def accuracy(source: keras.Model, task: Task, point: Point) -> float:
    """Test accuracy of one run."""
    keras.utils.set_random_seed(point.seed)
    model = reuse(source, task.num_classes, point.kept, point.method)
    count = steps(point.images_per_class)
    rate = keras.optimizers.schedules.CosineDecay(RATES[point.method], count)
    model.compile(keras.optimizers.SGD(rate, momentum=0.9), LOSS)
    few = task.few_shot(point.images_per_class, seed=point.seed)
    batches = few.as_dataset("train", batch_size=BATCH, shuffle=True, seed=point.seed)
    model.fit(batches.repeat().take(count), verbose=0)
    logits = model.predict_on_batch(task.test.images)
    return float(np.mean(np.argmax(logits, axis=1) == task.test.labels))


def points(seeds: int = SEEDS) -> Iterator[Point]:
    """All runs, seed by seed, so that a part of them is a whole table of fewer seeds."""
    for seed in range(seeds):
        for size in SURFACE_SIZES:
            yield Point(seed, size, 0, "tuned")  # nothing kept: nothing can be frozen
            for kept in range(1, STAGES + 1):
                for method in METHODS:
                    yield Point(seed, size, kept, method)


def write(path: Path, table: dict[NamedTuple, float]) -> None:
    """Put the whole table into the file, or nothing."""
    with atomic_path(path) as draft, open(draft, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow([*next(iter(table))._fields, "accuracy"])
        rows.writerows([*point, f"{value:.4f}"] for point, value in table.items())


def run(path: Path, todo: Iterable[Point]) -> dict[Point, float]:
    """Compute the points that the file does not have yet."""
    table = read(path) if path.is_file() else {}
    todo = [point for point in todo if point not in table]
    objects = load_task("objects", train_per_class=150)
    task = load_task("sunglasses", train_per_class=max(SURFACE_SIZES))
    source, seed = None, None
    for point in with_bar(todo, "Transfer surface"):
        if point.seed != seed:
            source, seed = train_source(objects, point.seed), point.seed
        table[point] = accuracy(source, task, point)
        write(path, table)
    return table


def main(argv: list[str] | None = None) -> int:
    """Compute the table, or go on with it; returns 0."""
    parser = argparse.ArgumentParser(prog="surface", description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, type=Path, help="the table, a CSV file")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    options = parser.parse_args(argv)
    run(options.out, points(options.seeds))
    return 0


# Until the next release; see old_names.
__getattr__ = moved(__name__, {"load_surface": "tlcourse.load_surface"})


if __name__ == "__main__":
    sys.exit(main())
