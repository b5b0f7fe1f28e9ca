"""Pictures as numbers, beside the names of their classes: what lesson 14 joins."""

import csv
from dataclasses import dataclass

import numpy as np

from tlcourse.errors import InputError, did_you_mean
from tlcourse.files.assets import bundled

NETWORKS = ("photonet", "rung")


@dataclass(frozen=True)
class NamedFeatures:
    """Features of photographs of 180 classes, and what the classes are called.

    Attributes:
        names: of the classes, 180.
        descriptions: a few words on each, written for this course.
        means: of the features of 100 training photographs of each class, (180, d) float32.
        pictures: features of six other photographs of each class, (180, 6, d) float32.
        kept_out: whether the network never saw a photograph of the class, (180,) bool.
    """

    names: tuple[str, ...]
    descriptions: tuple[str, ...]
    means: np.ndarray
    pictures: np.ndarray
    kept_out: np.ndarray


def load_named_features(network: str = "photonet") -> NamedFeatures:
    """Features of Tiny ImageNet's photographs, as numbers. See datasets/words_and_pictures.

    Args:
        network: `"photonet"`, which learned all 180 classes, d = 256; or `"rung"`, a smaller one
            that learned 160 of them and never saw the other 20, d = 128.

    Raises:
        InputError: there is no such network.
    """
    if network not in NETWORKS:
        hint = did_you_mean(network, NETWORKS) or f"There are {' and '.join(NETWORKS)}."
        raise InputError(f"There are no features of {network!r}. {hint}")
    with bundled("words_and_pictures/classes.tsv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    with np.load(bundled("words_and_pictures/features.npz"), allow_pickle=False) as stored:
        means = stored[f"{network}/means"].astype(np.float32)
        pictures = stored[f"{network}/single"] * stored[f"{network}/step"]
        never = stored["kept_out"] & (network == "rung")
    return NamedFeatures(
        tuple(row["class"] for row in rows),
        tuple(row["description"] for row in rows),
        means,
        pictures,
        never,
    )
