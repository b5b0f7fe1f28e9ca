"""How much photonet's features help on other tasks: python -m tlcourse.recipes.photonet_probe.

For each bundled task of real pictures: logistic regression on features of 10 images a class,
with the trained weights and with random ones, over 5 seeds. It prints the table that stands in
the model card. (Linear probes: Alain and Bengio 2016, arXiv:1610.01644.)
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import keras
import numpy as np

from tlcourse.data import Task, load_task
from tlcourse.photonet import WEIGHTS, WIDTHS, load_photonet_weights, photonet
from tlcourse.recipes.photonet import logits_of, probe_accuracy

TASKS = ("digits", "faces", "textures")


def probe_task(model: keras.Model, task: Task, per_class: int, seeds: range) -> list[float]:
    """Test accuracy of a linear probe on `model`'s outputs, once a seed."""
    features = logits_of(model, task.train.images), logits_of(model, task.test.images)
    return probe_accuracy(features, (task.train.labels, task.test.labels), per_class, seeds)


def compare(
    path: str | Path = WEIGHTS,
    *,
    per_class: int = 10,
    seeds: range = range(5),
    widths: tuple[int, ...] = WIDTHS,
) -> list[dict[str, object]]:
    """A row for each task: mean and standard deviation of the accuracy over the seeds.

    Args:
        path: The trained weights.
        per_class: Training images a class.
        seeds: Each draws other images, and other random weights.
        widths: Those of the network in `path`.
    """
    trained = load_photonet_weights(photonet(widths=widths), path)
    rows = []
    for name in TASKS:
        task, random = load_task(name), []
        for seed in seeds:
            keras.utils.set_random_seed(seed)
            random += probe_task(photonet(widths=widths), task, per_class, range(seed, seed + 1))
        row: dict[str, object] = {"task": name, "images a class": per_class}
        for kind, scores in (
            ("random", random),
            ("trained", probe_task(trained, task, per_class, seeds)),
        ):
            row[kind] = round(float(np.mean(scores)), 3)
            row[f"{kind} sd"] = round(float(np.std(scores, ddof=1)), 3)
        rows.append(row)
    return rows


def main(argv: list[str] | None = None) -> int:
    """Print the table, a line a task; returns 0."""
    parser = argparse.ArgumentParser(prog="photonet_probe", description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    options = parser.parse_args(argv)
    for row in compare(options.weights):
        print(json.dumps(row), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
