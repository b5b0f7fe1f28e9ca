"""What cross-validation tells of the photos: what groups change, and which labels may be wrong."""

import functools
from collections.abc import Callable

import numpy as np

from tlcourse.retrain.crossval import held_out
from tlcourse.retrain.gather import Photos
from tlcourse.retrain.groups import Groups
from tlcourse.retrain.judge import error_of_mean
from tlcourse.retrain.labels import doubtful
from tlcourse.retrain.result import DoubtfulLabel, GroupsTold


def second_look(
    photos: Photos, together: Groups, words: str, features: np.ndarray, **options
) -> tuple[GroupsTold, tuple[DoubtfulLabel, ...]]:
    """Ask of each photo a probe that has seen nothing of its group. Nothing is chosen by that.

    Args:
        photos: all of them.
        together: which belong together.
        words: on these groups; empty where there are none, and nothing is to compare.
        features: (n, d), in the order of the photos.
        **options: for `held_out`.
    """
    ask = functools.partial(held_out, features, photos.labels, **options)
    apart = ask(np.array(list(together.of.values())))
    return _compare(words, photos.labels, ask, apart), _doubts(photos, apart)


def _compare(line: str, labels: np.ndarray, ask: Callable, apart: np.ndarray) -> GroupsTold:
    """What it changes that groups stay together: on the same photos, by the same probe."""
    if not line:
        return GroupsTold()
    by_lot = ask(np.arange(len(labels))).argmax(axis=1) == labels
    in_groups = apart.argmax(axis=1) == labels
    error = error_of_mean(by_lot * 1.0 - in_groups)
    return GroupsTold(line, float(by_lot.mean()), float(in_groups.mean()), error)


def _doubts(photos: Photos, apart: np.ndarray) -> tuple[DoubtfulLabel, ...]:
    """Labels that are likely wrong, by what a probe says that has not seen the photo."""
    paths, labels, names = list(photos.homes), photos.labels, photos.by_lot.class_names
    return tuple(
        DoubtfulLabel(
            paths[one.photo], names[labels[one.photo]], names[one.other], one.own, one.looks
        )
        for one in doubtful(apart, labels)
    )
