"""Answers to the exercises of lesson 3: what its checks must accept, and what not."""

import numpy as np

from tests.exercises.answers.common import letter, other_letters


def _drawn_by(pick):
    """A `draw` function: `pick(dice, places of one class, n)` for each class."""

    def draw(labels, n, seed):
        dice = np.random.default_rng(seed)
        return np.concatenate([pick(dice, np.flatnonzero(labels == k), n) for k in set(labels)])

    return draw


def _few_of_each(labels, n, seed):
    from tlcourse.data.splits import few_of_each

    return few_of_each(labels, n, ("a", "b", "c"), seed, "", "")


def _ten_draws(spread=0.06, few=0.49, many=0.77) -> np.ndarray:
    dice = np.random.default_rng(0)
    return np.stack([dice.normal(few, spread, 10), dice.normal(many, 0.3 * spread, 10)])


RIGHT = {
    "03.1": lambda: letter("c"),
    "03.2": lambda: {
        "on a logarithmic axis": 53.597,
        "on a linear axis": np.float64(55.01),
        "by the odd seeds": 53.04,
        "rounded up": 54,
        "an array of one": np.array([53.6]),
    },
    "03.3": lambda: {
        "chosen": _drawn_by(lambda dice, places, n: dice.choice(places, n, replace=False)),
        "permuted": _drawn_by(lambda dice, places, n: dice.permutation(places)[:n]),
        "a list": lambda labels, n, seed: _drawn_by(
            lambda dice, places, n: dice.choice(places, n, replace=False)
        )(labels, n, seed).tolist(),
        "the course's own": _few_of_each,
    },
    "03.4": lambda: {
        "as computed": 0.04318,
        "rounded": 0.043,
        "a NumPy number": np.float32(0.0432),
        "an array of one": np.array([0.0432]),
    },
    "03.5": lambda: {
        "an array": _ten_draws(),
        "a list": _ten_draws().tolist(),
        "another seed": _ten_draws(0.05).astype("float32"),
    },
}

WRONG = {
    "03.1": lambda: other_letters("03.1", "c"),
    "03.2": lambda: {
        "three stages": (200.97, "three"),
        "the accuracy": (0.761, "like an accuracy"),
        "what was given": (300, "frozen network has had"),
        "the point before": (50, "not quite there"),
        "the point after": (100, "well above"),
        "the difference": (246.4, "of no use"),
        "the factor": (5.6, "times fewer"),
        "a curve": (np.arange(6.0), "holds 6"),
    },
    "03.3": lambda: {
        "the first ones": (_drawn_by(lambda dice, places, n: places[:n]), "Every seed"),
        "with putting back": (
            _drawn_by(lambda dice, places, n: dice.choice(places, n)),
            "come twice",
        ),
        "from all": (
            lambda labels, n, seed: np.random.default_rng(seed).permutation(len(labels))[: 3 * n],
            "within each class",
        ),
        "n in all": (
            lambda labels, n, seed: np.random.default_rng(seed).permutation(len(labels))[:n],
            "shape (12)",
        ),
        "no seed": (
            lambda labels, n, seed: _drawn_by(lambda dice, places, n: dice.permutation(places)[:n])(
                labels, n, None
            ),
            "same seed",
        ),
        "only the first half": (
            _drawn_by(lambda dice, places, n: dice.permutation(places[:6])[:n]),
            "never drawn",
        ),
        "places within the class": (
            _drawn_by(lambda dice, places, n: dice.permutation(len(places))[:n]),
            "not within a class",
        ),
        "the labels": (lambda labels, n, seed: np.repeat([0, 1, 2], n), "These are labels"),
    },
    "03.4": lambda: {
        "points": (4.3, "fraction"),
        "rounded too much": (0.04, "three digits"),
        "the wrong way round": (-0.0432, "other way round"),
        "her own run counts": (0.0389, "own run"),
        "the best way of all": (0.0237, "best way of all"),
        "the mean of all ways": (0.0584, "not with all eight"),
        "10 labels": (0.0233, "row 0"),
        "the largest": (0.153, "worst of the ten"),
        "ten values": (np.full(10, 0.04), "holds 10"),
    },
    "03.5": lambda: {
        "one seed": (np.repeat([[0.49], [0.77]], 10, axis=1), "seed of its own"),
        "rows swapped": (_ten_draws()[::-1], "first row"),
        "turned round": (_ten_draws().T, "labels × draws"),
        "percent": (100 * _ten_draws(), "0.25, not 25"),
        "5 labels": (_ten_draws(few=0.62), "2 labels"),
        "100 labels": (_ten_draws(many=0.88), "30 labels"),
        "means of ten": (_ten_draws(0.01), "means of several"),
        "two means": ([0.49, 0.77], "shape (2, 10)"),
    },
}
