"""A ladder of source models, from poor to fair: python -m tlcourse.recipes.ladder --data ZIP ….

Do better source models transfer better (Kornblith, Shlens and Le 2019, arXiv:1805.08974)? To ask
that on a laptop, photonet is trained in three widths on small photographs (32x32 pixels), and
its weights are kept after several epochs. 20 of the classes stay out of the training, as targets.
A wider network has more features; what these alone are worth, networks with random weights tell.
Writes OUT/ladder/w8_epoch1.npz …, int8 weights for `load_photonet_weights`, and OUT/ladder.csv,
a line a rung. The same command goes on where it was stopped.
"""

from __future__ import annotations

import csv
import dataclasses
import sys
from pathlib import Path

import keras
import numpy as np

from tlcourse.files.assets import atomic_path
from tlcourse.networks.control import enliven
from tlcourse.networks.photonet import load_photonet_weights, photonet
from tlcourse.networks.trained import WEIGHTS
from tlcourse.old_names import moved
from tlcourse.recipes.command import options_parser, set_up_torch
from tlcourse.recipes.photonet import Config, export, logits_of, probe_accuracy, top_k, train
from tlcourse.recipes.tiny_imagenet import Photos, hold_out, load_tiny_imagenet

IMAGE_SIZE = 32
STEMS = (8, 16, 32)  # channels of the stem; each stage has twice those of the one before
KEPT_EPOCHS = (1, 2, 4, 6)
KEPT_OUT = 20  # classes
UNTRAINED = 3  # networks with random weights, of each width


def config_of(stem: int) -> Config:
    """The run of one width: photonet's recipe, short, and on small pictures throughout."""
    widths = tuple(stem * 2**stage for stage in range(4))
    return Config(epochs=KEPT_EPOCHS[-1], sizes=((1.0, IMAGE_SIZE, 0.6),), widths=widths)


def load_rung(stem: int, epoch: int) -> keras.Model:
    """A bundled rung as a backbone: from pictures of any size to features (n, 8 * stem).

    Args:
        stem: channels of its first layer, 8 or 16.
        epoch: passes over the photographs that it has behind it, one of `KEPT_EPOCHS`.

    Raises:
        AssetError: there is no such rung.
    """
    name = f"w{stem}_epoch{epoch}"
    body = photonet(
        image_size=IMAGE_SIZE, widths=config_of(stem).widths, resize=True, name=f"ladder_{name}"
    )
    return load_photonet_weights(body, WEIGHTS.parent / "ladder" / f"{name}.npz")


def shrunk(photos: Photos, size: int = IMAGE_SIZE) -> Photos:
    """The same photographs at `size` pixels a side: means of squares of pixels, uint8."""
    step = photos.train_images.shape[1] // size

    def smaller(images: np.ndarray) -> np.ndarray:
        out = np.empty((len(images), size, size, 3), np.uint8)
        for start in range(0, len(images), 1000):
            block = images[start : start + 1000]
            tiles = block.reshape(len(block), size, step, size, step, 3)
            out[start : start + 1000] = tiles.mean(axis=(2, 4), dtype=np.float32).round()
        return out

    train, val = smaller(photos.train_images), smaller(photos.val_images)
    return dataclasses.replace(photos, train_images=train, val_images=val)


def measure(path: Path, config: Config, seen: Photos, unseen: Photos) -> dict[str, float]:
    """Accuracies of a rung, from its file: on its own task, and probed on classes not seen.

    Args:
        path: The weights, as `export` wrote them.
        config: The run that they come from.
        seen: The classes of the training, shrunk.
        unseen: The classes kept out of it, shrunk.
    """
    model = photonet(len(seen.wnids), image_size=IMAGE_SIZE, widths=config.widths)
    load_photonet_weights(model, path)
    body = keras.Model(model.input, model.get_layer("features").output)
    own = top_k(logits_of(model, seen.val_images), seen.val_labels)
    features = logits_of(body, unseen.train_images), logits_of(body, unseen.val_images)
    labels = unseen.train_labels, unseen.val_labels
    scores = probe_accuracy(features, labels, 10, range(10))
    return {
        "source_accuracy": round(own, 4),
        "unseen_probe": round(float(np.mean(scores)), 4),
        "unseen_probe_sd": round(float(np.std(scores, ddof=1)), 4),
    }


def measure_untrained(config: Config, unseen: Photos) -> dict[str, float]:
    """The control of a width: the same probe on networks that have learned nothing, but live.

    Args:
        config: The run of that width.
        unseen: The classes kept out of the training, shrunk. The averages of the networks are
            those of 500 of the training pictures, as `untrained_backbone` has it.
    """
    some = np.random.default_rng(0).permutation(len(unseen.train_images))[:500]
    labels = unseen.train_labels, unseen.val_labels
    scores = []
    for seed in range(UNTRAINED):
        keras.utils.set_random_seed(seed)
        body = photonet(image_size=IMAGE_SIZE, widths=config.widths)
        enliven(body, unseen.train_images[some])
        features = logits_of(body, unseen.train_images), logits_of(body, unseen.val_images)
        scores.append(np.mean(probe_accuracy(features, labels, 10)))
    return {
        "untrained_probe": round(float(np.mean(scores)), 4),
        "untrained_probe_sd": round(float(np.std(scores, ddof=1)), 4),
    }


def climb(photos: Photos, out: Path) -> list[dict]:
    """Train and keep every rung; gives the table's rows."""
    seen, unseen = hold_out(photos, KEPT_OUT)
    small_seen, small_unseen = shrunk(seen), shrunk(unseen)
    rows = []
    for stem in STEMS:
        config = config_of(stem)
        untrained = measure_untrained(config, small_unseen)
        for epoch in KEPT_EPOCHS:
            path = out / "ladder" / f"w{stem}_epoch{epoch}.npz"
            if not path.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                model = train(seen, config, out / f"w{stem}", stop_after=epoch)
                export(model, seen.names, path, small=True)
            row = {"stem": stem, "epoch": epoch, "bytes": path.stat().st_size}
            rows.append(row | measure(path, config, small_seen, small_unseen) | untrained)
            print(rows[-1], flush=True)
    return rows


def main(argv: list[str] | None = None) -> int:
    """Run the recipe from the command line (`--help` lists the options); returns 0."""
    options = options_parser("ladder", __doc__.splitlines()[0]).parse_args(argv)
    set_up_torch(options.threads)
    rows = climb(load_tiny_imagenet(options.data, options.cache or options.out), options.out)
    with atomic_path(options.out / "ladder.csv") as draft, draft.open("w", newline="") as file:
        table = csv.DictWriter(file, fieldnames=list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return 0


# Until the next release; see old_names.
__getattr__ = moved(__name__, {"load_table": "tlcourse.load_ladder"})


if __name__ == "__main__":
    sys.exit(main())
