"""Train photonet's foils: python -m tlcourse.recipes.foils --out FOLDER.

Three networks of photonet's architecture that differ in their source task alone:

- `objectnet`: the drawn pictures of `objects`, with their labels;
- `objectnet_shuffled`: the same pictures, with the labels dealt out at random;
- `noisenet`: pictures of pure noise, with random labels (Zhang et al. 2017, arXiv:1611.03530,
  show that networks can learn both by heart).

All see as many pictures, for as many steps. What a foil lacks beside photonet or objectnet is not
training, but something to learn.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import keras
import numpy as np

from tlcourse.data import load_task
from tlcourse.files.assets import atomic_path
from tlcourse.networks.photonet import photonet
from tlcourse.recipes.photonet import export

FOILS = ("objectnet", "objectnet_shuffled", "noisenet")


def source_task(name: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Pictures (n, 64, 64, 3) uint8, labels (n,) and class names that a foil is trained on."""
    if name not in FOILS:
        raise ValueError(f"name must be among {FOILS}, not {name!r}.")
    task, rng = load_task("objects"), np.random.default_rng(seed)
    images, labels = np.asarray(task.train.images), np.asarray(task.train.labels)
    if name != "objectnet":
        labels = rng.permutation(labels)
    if name == "noisenet":
        images = rng.integers(0, 256, images.shape, dtype="uint8")
    return images, labels, task.class_names


def train_foil(name: str, *, epochs: int = 12, seed: int = 0) -> tuple[keras.Model, float]:
    """Train one foil; returns it and the share of its training pictures that it gets right."""
    keras.utils.set_random_seed(seed)
    images, labels, class_names = source_task(name, seed)
    model, batch_size = photonet(len(class_names), name=name), 64
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, epochs * len(images) // batch_size, warmup_target=0.1, warmup_steps=100
    )
    model.compile(
        keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=5e-4),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(images, labels, batch_size=batch_size, epochs=epochs, verbose=2)
    return model, float(model.evaluate(images, labels, batch_size=256, verbose=0)[1])


def main(argv: list[str] | None = None) -> int:
    """Train all foils into a folder, with `foils.json` beside them; returns 0."""
    parser = argparse.ArgumentParser(prog="foils", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for the weights")
    parser.add_argument("--epochs", type=int, default=12)
    options = parser.parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    figures = {}
    for name in FOILS:
        model, accuracy = train_foil(name, epochs=options.epochs)
        export(model, load_task("objects").class_names, options.out / f"{name}.npz", small=True)
        figures[name] = {"epochs": options.epochs, "train_top1": round(accuracy, 4)}
    with atomic_path(options.out / "foils.json") as draft:
        draft.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
