"""At which size the network looks at pictures: its own, or another by which a probe does better.

A larger picture shows more, and takes more time; and a network sees best the sizes of things that
it was trained on (H. Touvron and others, "Fixing the train-test resolution discrepancy", NeurIPS
2019). Which counts more depends on the photos, so it is measured: by cross-validation among the
training photos, in their groups. Photos of validation and test are not asked.
"""

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlcourse.networks.backbones import OURS
from tlcourse.retrain import cluster, stream
from tlcourse.retrain.backbone import load
from tlcourse.retrain.crossval import held_out
from tlcourse.retrain.judge import error_of_mean
from tlcourse.retrain.result import Options, SizesTold
from tlcourse.retrain.stream import Extracted, NoTimeError

if TYPE_CHECKING:
    import keras

SMALL, LARGE = (32, 64, 96), (96, 128, 160, 224)  # of the course's networks, of others
MOST = 1000  # training photos that are asked, at most: more tell hardly more, and take their time
FEW, FEW_OF_EACH = 50, 5  # below which, in all and of a class, chance would choose
SHARE = 0.25  # of the time that is left, which other sizes may take


class Looked(NamedTuple):
    """Photos as a network sees them at a size."""

    size: int
    backbone: "keras.Model"
    extracted: Extracted


def look_at(
    options: Options,
    name: str,
    digests: Mapping[Path, str],
    size: int,
    paths: Sequence[Path],
    deadline: float,
) -> Looked:
    """Show a network photos at a size, here or on a cluster.

    Raises:
        InputError, AssetError: as `backbone.load` and `stream.extract`.
    """
    backbone = load(name, size)
    extract = functools.partial(
        stream.extract, paths, [digests[path] for path in paths], backbone, size, deadline=deadline
    )
    if options.dask is None:
        compute = functools.partial(stream.compute_here, backbone=backbone, size=size)
        return Looked(size, backbone, extract(compute))
    with cluster.connected(options.dask) as client:
        compute = functools.partial(cluster.compute_on, client, name=name, size=size)
        return Looked(size, backbone, extract(compute))


def others(name: str, own: int) -> tuple[int, ...]:
    """Sizes to compare with a network's own, the largest first: it is the likeliest to help."""
    sizes = SMALL if name in OURS else LARGE
    return tuple(sorted(set(sizes) - {own}, reverse=True))


def choose_size(
    own: Looked,
    sizes: Sequence[int],
    look: Callable[[int, Sequence[Path], float], Looked],
    paths: Sequence[Path],
    training: tuple[Sequence[Path], np.ndarray, np.ndarray],
    *,
    regularization: float,
    weights: np.ndarray | None = None,
    seed: int = 0,
    deadline: float = float("inf"),
) -> tuple[Looked, SizesTold]:
    """The size at which a linear probe is right most often, cross-validated on training photos.

    Another size takes the place of the network's own where it is ahead by more than a standard
    error; below one that is as far behind, no smaller one is tried. One network is in memory at a
    time, beside the own one; features go to the cache.

    Args:
        own: all photos at the network's own size.
        sizes: others to try, in this order; empty where there is nothing to choose.
        look: shows the network photos at a size, until a time by `time.monotonic()`.
        paths: all photos.
        training: paths, labels int (n,) and groups int (n,) of those to train on.
        regularization: C of the probe, which was chosen at the own size.
        weights: (classes,) what a photo of each class counts; None for all the same.
        seed: of the folds, and of which photos are asked where there are many.
        deadline: by `time.monotonic()`.

    Returns:
        All photos at the size that was chosen, and what the others gave.

    Raises:
        ImageFolderError, AssetError: as `stream.extract`.
    """
    learn, labels, groups = training
    some = np.arange(len(labels))
    if len(some) > MOST:
        some = np.sort(np.random.default_rng(seed).choice(some, MOST, replace=False))
    labels, groups = labels[some], groups[some]
    apart = [len(np.unique(groups[labels == k])) for k in range(int(training[1].max()) + 1)]
    if not sizes or len(some) < FEW or min(apart) < FEW_OF_EACH:
        return own, SizesTold(own.size)
    learn = [learn[at] for at in some]
    counts = np.ones(len(labels)) if weights is None else weights[labels]

    def right(features: np.ndarray) -> np.ndarray:
        found = held_out(
            features, labels, groups, regularization=regularization,
            balanced=weights is not None, seed=seed,
        )  # fmt: skip
        return (found.argmax(axis=1) == labels) * counts

    start = time.monotonic()
    limit = start + SHARE * max(0.0, deadline - start)
    place = {path: at for at, path in enumerate(paths)}
    marks, left_out, best = {}, [], own.size
    behind = 0
    for size in sizes:
        if size < behind:
            continue
        try:
            if time.monotonic() >= limit:
                raise NoTimeError("")
            features = look(size, learn, limit).extracted.features
        except NoTimeError:
            left_out.append(size)
            continue
        if not marks:  # not before: where there is no time, nothing is to compare
            marks[own.size] = right(own.extracted.features[[place[path] for path in learn]])
        marks[size] = right(features)
        gain = marks[size] - marks[own.size]
        if gain.mean() > max(error_of_mean(gain), (marks[best] - marks[own.size]).mean()):
            best = size
        if size < own.size and gain.mean() < -error_of_mean(gain):
            behind = size
    told = {size: float(of.mean()) for size, of in sorted(marks.items())}
    if best != own.size:
        try:
            whole = look(best, paths, (time.monotonic() + deadline) / 2)
            return whole, SizesTold(best, told, len(learn), tuple(left_out))
        except NoTimeError:
            left_out.append(best)
    return own, SizesTold(own.size, told, len(learn), tuple(left_out))
