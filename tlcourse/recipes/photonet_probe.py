"""How much each network's features help on other tasks: python -m tlcourse.recipes.photonet_probe.

A linear probe (logistic regression on features: Alain and Bengio 2016, arXiv:1610.01644) learns
from 10 images a class, over photonet, its foils, and random weights. It prints the table that
stands in the model card. With the photographs and a network that never saw 20 of their classes

    ... photonet_probe --data tiny-imagenet.zip --unseen RUN/photonet.npz --cache FOLDER

the table has a task of those 20 classes, and a row for training on them from scratch.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import keras

from tlcourse.claims import interval
from tlcourse.data import Split, Task, load_task
from tlcourse.networks.control import untrained_backbone
from tlcourse.networks.photonet import load_photonet_weights, photonet
from tlcourse.networks.trained import WEIGHTS
from tlcourse.recipes.foils import FOILS
from tlcourse.recipes.photonet import logits_of, probe_accuracy
from tlcourse.recipes.tiny_imagenet import hold_out, load_tiny_imagenet
from tlcourse.transfer.tuning import compare

TASKS = ("digits", "faces", "textures")
RANDOM = "random weights"


def unseen_task(archive: str | Path, cache: str | Path, count: int = 20) -> Task:
    """The classes of Tiny ImageNet that `hold_out` keeps from training, as a task.

    Its test images are the classes' validation images; nothing is chosen by them.
    """
    kept = hold_out(load_tiny_imagenet(archive, cache), count)[1]
    test = Split(kept.val_images, kept.val_labels)
    train = Split(kept.train_images, kept.train_labels)
    return Task("unseen photographs", kept.names, train, validation=test, test=test)


def networks(trained: str | Path = WEIGHTS) -> Iterator[tuple[str, keras.Model]]:
    """photonet with the weights of a file, rotnet, and the foils."""
    yield "photonet", load_photonet_weights(photonet(), trained)
    for name in ("rotnet", *FOILS):
        yield name, load_photonet_weights(photonet(name=name), WEIGHTS.with_name(f"{name}.npz"))


def probe_task(model: keras.Model, task: Task, per_class: int, seeds: Sequence[int]) -> list[float]:
    """Test accuracy of a linear probe on `model`'s outputs, once a seed."""
    features = logits_of(model, task.train.images), logits_of(model, task.test.images)
    return probe_accuracy(features, (task.train.labels, task.test.labels), per_class, seeds)


def probe_random(task: Task, per_class: int, seeds: Sequence[int]) -> list[float]:
    """The same over random weights, alive, which are other ones for each seed."""
    scores = []
    for seed in seeds:
        images = task.train.images[:: max(1, len(task.train.images) // 400)]
        model = untrained_backbone("photonet", images, seed=seed)
        scores += probe_task(model, task, per_class, [seed])
    return scores


def from_scratch(task: Task, per_class: int, seeds: Sequence[int], epochs: int) -> list[float]:
    """Test accuracy of photonet trained on `per_class` images from random weights."""
    rows = compare(
        photonet(), task, from_layer="stem", sizes=[per_class], seeds=seeds,
        methods=["from scratch"], scratch_epochs=epochs,
    )  # fmt: skip
    return [row.accuracy for row in rows]


def line(task: str, network: str, scores: Sequence[float]) -> str:
    """A row of the table: mean, and its 95 % interval by Student's t-distribution."""
    low, high = interval(scores)
    mean, half = (low + high) / 2, (high - low) / 2
    return f"| {task} | {network} | {mean:.1%} | ± {100 * half:.1f} | {len(scores)} |"


def main(argv: list[str] | None = None) -> int:
    """Print the table, a line for a task and a network; returns 0."""
    parser = argparse.ArgumentParser(prog="photonet_probe", description=__doc__.splitlines()[0])
    parser.add_argument("--per-class", type=int, default=10, help="training images a class")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--data", type=Path, help="the zip of Tiny ImageNet")
    parser.add_argument("--unseen", type=Path, help="weights of a run with --hold-out 20")
    parser.add_argument("--cache", type=Path, help="folder for the decoded photographs")
    parser.add_argument("--scratch-epochs", type=int, default=100)
    options = parser.parse_args(argv)
    seeds = range(options.seeds)

    jobs = [(load_task(name), WEIGHTS) for name in TASKS]
    if options.data:
        jobs.append((unseen_task(options.data, options.cache), options.unseen))
    print(
        "| task | network | accuracy | 95 % interval | seeds |\n|---|---|---|---|---|", flush=True
    )
    for task, trained in jobs:
        for name, model in networks(trained):
            scores = probe_task(model, task, options.per_class, seeds)
            print(line(task.name, name, scores), flush=True)
        print(line(task.name, RANDOM, probe_random(task, options.per_class, seeds)), flush=True)
    if options.data:
        scores = from_scratch(task, options.per_class, range(3), options.scratch_epochs)
        print(line(task.name, "from scratch", scores), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
