"""Pictures that a learner has not drawn, and what a pretrained network makes of them.

A check that runs the learner's function does so on these, so that no printed number helps.
"""

from collections.abc import Iterable
from functools import cache

import numpy as np


@cache
def draw(name: str, n: int, seed: int, new: int) -> tuple[np.ndarray, ...]:
    """Labeled pictures of a task in random order, and new ones to be named.

    Args:
        name: of the task.
        n: labeled pictures of each class.
        seed: one that no exercise mentions.
        new: how many test pictures.

    Returns:
        Pictures, labels, new pictures, new labels.
    """
    from tlcourse import load_task

    task, dice = load_task(name), np.random.default_rng(seed)
    images, labels = task.few_shot(n, seed=seed).train
    order, at = dice.permutation(len(labels)), dice.permutation(len(task.test.labels))[:new]
    return images[order], labels[order], task.test.images[at], task.test.labels[at]


def judged(task, train: np.ndarray, test: np.ndarray, n: int, seeds: Iterable[int]) -> float:
    """Mean test accuracy of linear probes, each on n rows of each class.

    Args:
        task: whose labels count.
        train: (pictures, d), what describes its training pictures.
        test: the same of its test pictures.
        n: labeled pictures of each class.
        seeds: one a draw.
    """
    from tlcourse import linear_probe
    from tlcourse.data.splits import few_of_each

    found = []
    for seed in seeds:
        at = few_of_each(task.train.labels, n, task.class_names, seed, task.name, "images")
        probe = linear_probe(train[at], task.train.labels[at])
        found.append(probe.score(test, task.test.labels))
    return float(np.mean(found))


@cache
def by_photonet(name: str, n: int, seeds: tuple[int, ...]) -> float:
    """What a probe on photonet's features gets right, see `judged`."""
    from tlcourse import load_backbone, load_task

    task, photonet = load_task(name), load_backbone("photonet")
    train, test = (photonet.predict(x.images, verbose=0) for x in (task.train, task.test))
    return judged(task, train, test, n, seeds)


@cache
def by_objectnet(name: str, n: int, seed: int, new: int) -> float:
    """What a probe on objectnet's features gets right of a `draw`."""
    from tlcourse import linear_probe, load_backbone

    images, labels, new_images, new_labels = draw(name, n, seed, new)
    objectnet = load_backbone("objectnet")
    probe = linear_probe(objectnet.predict(images, verbose=0), labels)
    return float(probe.score(objectnet.predict(new_images, verbose=0), new_labels))
