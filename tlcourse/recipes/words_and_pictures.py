"""Pictures as numbers, for lesson 14: python -m tlcourse.recipes.words_and_pictures --data ZIP ….

The lesson joins what a network sees to what words mean, with photographs of Tiny ImageNet, which
the course does not bundle. So it bundles numbers: of each of the 180 classes the mean of the
features of some training photographs, and the features of a few validation photographs one by one.

    ... words_and_pictures --data tiny-imagenet.zip --cache FOLDER --out features.npz

Of two networks: `photonet`, which learned all 180 classes with their labels; and a rung of the
ladder of lesson 8 (`ladder.py`, 16 channels, epoch 6), which learned 160 of them and never saw a
photograph of the other 20. Takes about three minutes on two cores.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

import keras
import numpy as np

from tlcourse.files.assets import atomic_path
from tlcourse.networks.photonet import load_photonet_weights, photonet
from tlcourse.recipes.ladder import KEPT_OUT, load_rung
from tlcourse.recipes.photonet import logits_of
from tlcourse.recipes.tiny_imagenet import Photos, hold_out, load_tiny_imagenet

AVERAGED, SINGLE = 100, 6  # photographs of each class: in its mean, and one by one


def first_of_each(labels: np.ndarray, count: int) -> np.ndarray:
    """Rows of the first `count` of each class, class by class."""
    return np.concatenate([np.flatnonzero(labels == c)[:count] for c in np.unique(labels)])


def measure(model: keras.Model, photos: Photos) -> tuple[np.ndarray, np.ndarray]:
    """Class means (classes, d), and single features (classes, SINGLE, d), float32."""
    classes = len(photos.wnids)
    train = photos.train_images[first_of_each(photos.train_labels, AVERAGED)]
    single = photos.val_images[first_of_each(photos.val_labels, SINGLE)]
    means = logits_of(model, train).reshape(classes, AVERAGED, -1).mean(axis=1)
    return means, logits_of(model, single).reshape(classes, SINGLE, -1)


def main(argv: list[str] | None = None) -> int:
    """Run the recipe from the command line; returns 0."""
    parser = argparse.ArgumentParser(prog="words_and_pictures", description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, type=Path, help="the Tiny ImageNet zip")
    parser.add_argument("--cache", required=True, type=Path, help="folder for decoded pixels")
    parser.add_argument("--out", required=True, type=Path, help="the npz to write")
    options = parser.parse_args(argv)
    photos = load_tiny_imagenet(options.data, options.cache)
    kept_out = set(hold_out(photos, KEPT_OUT)[1].wnids)
    arrays = {"kept_out": np.array([wnid in kept_out for wnid in photos.wnids])}
    networks = {"photonet": load_photonet_weights(photonet()), "rung": load_rung(16, 6)}
    for name, model in networks.items():
        means, single = measure(model, photos)
        # A byte for each number of a photograph: a step is 1/255 of the feature's largest value.
        step = np.maximum(single.max(axis=(0, 1)), 1e-6) / 255
        arrays[f"{name}/means"] = means.astype(np.float16)
        arrays[f"{name}/single"] = np.round(single / step).astype(np.uint8)
        arrays[f"{name}/step"] = step.astype(np.float32)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    with atomic_path(options.out) as draft:
        draft.write_bytes(buffer.getvalue())
    print(f"{options.out}: {len(buffer.getvalue())} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
