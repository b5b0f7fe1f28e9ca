"""None of these: how high known and unknown pictures score, by four scores, in ten draws.

    python -m tlcourse.recipes.unknown --out FOLDER/unknown.csv

The task and the scores are those of lesson 13: fifteen of twenty drawn kinds are known, with 20
training pictures each; a linear probe on photonet's features. Each score is told as a place among
the 300 validation pictures, which makes the four comparable. A few minutes on one core.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
from scipy.special import logsumexp, softmax

from tlcourse.data import Split, Task, cut, load_photographs, load_task
from tlcourse.data.studies import PLACES, UNKNOWN_SCORES
from tlcourse.files.assets import atomic_path
from tlcourse.networks.backbones import load_backbone
from tlcourse.progress import with_bar
from tlcourse.transfer.features import extract_features
from tlcourse.transfer.probe import linear_probe

SEEDS, KNOWN, SIDE = 10, 15, 48  # draws, kinds, pixels at which photonet looks


def some(split: Split, each: int, first: int = 0, last: int = KNOWN) -> Split:
    """The first `each` pictures of each kind from `first` up to `last`, kind by kind."""
    chosen = [np.flatnonzero(split.labels == kind)[:each] for kind in range(first, last)]
    chosen = np.concatenate(chosen)
    return Split(split.images[chosen], split.labels[chosen])


def pictures_of(task: Task) -> dict[str, np.ndarray]:
    """Validation pictures, and those to be scored: one known group, three unknown ones."""
    return {
        "validation": some(task.validation, 20).images,
        "known": some(task.test, 50).images,
        "other kinds": some(task.test, 50, KNOWN, 20).images,
        "photographs": cut(load_photographs())[0][::6],
        "digits": load_task("digits").test.images[:250],
    }


def colors(images: np.ndarray) -> np.ndarray:
    """The mean colors of 4 × 4 places: (n, 64, 64, 3) → (n, 48)."""
    return images.reshape(len(images), 4, 16, 4, 16, 3).mean(axis=(2, 4)).reshape(-1, 48)


def nearness(x: np.ndarray, known: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Minus the distance to the nearest class mean of known (m, d) with labels (m,): (n,)."""
    means = np.stack([known[labels == kind].mean(axis=0) for kind in np.unique(labels)])
    return -np.sqrt(((x[:, None] - means) ** 2).sum(axis=-1)).min(axis=1)


def places(validation: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """For each place from 0 to 100, how many scores stand there: (101,) int.

    A score's place is the whole percentage of the validation scores that are below it.
    """
    below = np.searchsorted(np.sort(validation), scores, side="left")
    return np.bincount(100 * below // len(validation), minlength=PLACES)


def counts_of(seed: int) -> dict[tuple[str, str], np.ndarray]:
    """(score, group of pictures) → its places, for one draw of the training pictures."""
    task = load_task("objects")
    train, pictures = some(task.few_shot(20, seed=seed).train, 20), pictures_of(task)
    photonet = load_backbone("photonet", image_size=SIDE)
    known, features = extract_features(photonet, train.images), {}
    for name, images in pictures.items():
        features[name] = extract_features(photonet, images)
    probe = linear_probe(known, train.labels, seed=seed)
    logits = {name: probe.decision_function(x) for name, x in features.items()}
    by_hand = colors(train.images)
    ways = {
        "softmax": {name: softmax(z, axis=1).max(axis=1) for name, z in logits.items()},
        "energy": {name: logsumexp(z, axis=1) for name, z in logits.items()},
        "distance": {n: nearness(x, known, train.labels) for n, x in features.items()},
        "by hand": {n: nearness(colors(x), by_hand, train.labels) for n, x in pictures.items()},
    }
    return {
        (way, name): places(ways[way]["validation"], scores)
        for way in UNKNOWN_SCORES
        for name, scores in ways[way].items()
        if name != "validation"
    }


def write(path: Path, seeds: int = SEEDS) -> None:
    """Compute the table, and put the whole of it into the file, or nothing."""
    with atomic_path(path) as draft, open(draft, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["seed", "score", "pictures", "places"])
        for seed in with_bar(range(seeds), "None of these"):
            for (way, name), counts in counts_of(seed).items():
                rows.writerow([seed, way, name, " ".join(map(str, counts))])


def main(argv: list[str] | None = None) -> int:
    """Compute the table; returns 0."""
    parser = argparse.ArgumentParser(prog="unknown", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the table to write")
    write(parser.parse_args(argv).out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
