"""Answers to the exercises of lesson 10: what its checks must accept, and what not."""

import numpy as np

from tests.exercises.answers.common import (
    forms_of_a_difference,
    letter,
    no_difference,
    other_letters,
)


def split_by_group(groups, share, seed):
    """The solution of 10.2."""
    things = np.unique(groups)
    order = np.random.default_rng(seed).permutation(things)
    return np.isin(groups, order[: round(share * len(things))])


def _by_scikit_learn(groups, share, seed):
    from sklearn.model_selection import GroupShuffleSplit

    deal = GroupShuffleSplit(1, test_size=share, random_state=seed)
    _, test = next(deal.split(groups, groups=groups))
    return np.isin(np.arange(len(groups)), test)


def _by_photo(groups, share, seed):
    return np.random.default_rng(seed).random(len(groups)) < share


def cover(images):
    """The solution of 10.4."""
    images = images.copy()
    images[:, 52:64, 0:30] = 128
    return images


def _filled(rows, columns, value=0):
    def fill(images):
        images = images.copy()
        images[:, rows, columns] = value
        return images

    return fill


def _in_place(images):
    images[:, 52:64, 0:30] = 128
    return images


def _where_it_is(images):
    has_it = (images[:, 54:56, 3:27] == 245).all(axis=(1, 2, 3))
    return np.where(has_it[:, None, None, None], cover(images), images)


RIGHT = {
    "10.1": lambda: letter("a"),
    "10.2": lambda: {
        "things in random order": split_by_group,
        "scikit-learn": _by_scikit_learn,
        "a list of 0 and 1": lambda g, share, seed: (
            split_by_group(g, share, seed).astype(int).tolist()
        ),
        "another seed": lambda g, share, seed: split_by_group(g, share, seed + 7),
    },
    "10.3": lambda: {
        "as computed": 246,
        "the right answers rounded up": 230,
        "rounded down": 253.0,
        "a NumPy number": np.int64(246),
    },
    "10.4": lambda: {
        "a gray field": cover,
        "black, as floats": lambda images: _filled(slice(54, 62), slice(3, 27))(images) * 1.0,
        "the strip at the bottom": _filled(slice(52, 64), slice(None)),
        "the corner above copied": lambda images: np.concatenate(
            [images[:, :50], images[:, :14]], axis=1
        ),
    },
    "10.5": lambda: forms_of_a_difference({"as measured": 0.76, "another cover": 0.66}),
}

WRONG = {
    "10.1": lambda: other_letters("10.1", "a"),
    "10.2": lambda: {
        "each photo by itself": (_by_photo, "Deal out the things"),
        "the things that come first": (
            lambda g, share, seed: np.isin(g, np.unique(g)[: round(share * 40)]),
            "Every seed",
        ),
        "no seed": (
            lambda g, share, seed: split_by_group(g, share, None),
            "same seed gives another",
        ),
        "True for training": (
            lambda g, share, seed: ~split_by_group(g, share, seed),
            "True is for the test",
        ),
        "numbers of photos": (
            lambda g, share, seed: np.flatnonzero(split_by_group(g, share, seed)),
            "for each of the photos",
        ),
        "nothing in the test": (lambda g, share, seed: np.zeros(len(g), bool), "empty"),
        "no return": (lambda g, share, seed: print(end=""), "gave None"),
    },
    "10.3": lambda: {
        "the whole width": (784, "lower end"),
        "the upper end": (139, "upper end"),
        "the simple interval": (196, "Wilson's"),
        "one standard error": (65, "1.96"),
        "90 %": (174, "90 %"),
        "too few": (100, "too small"),
        "a share": (0.85, "too small"),
    },
    "10.4": lambda: {
        "nothing": (lambda images: images.copy(), "still to be seen"),
        "another corner": (_filled(slice(0, 12), slice(0, 30)), "still differ"),
        "too small": (_filled(slice(54, 62), slice(3, 15)), "still differ"),
        "only where it is": (_where_it_is, "the cover is the mark"),
        "the photos themselves": (_in_place, "images.copy()"),
        "too much": (_filled(slice(30, 64), slice(None)), "as little as needed"),
        "scaled": (lambda images: cover(images) / 255, "[0, 255]"),
        "cut off": (lambda images: images[:, :52], "shape"),
    },
    "10.5": lambda: (
        no_difference(0.76)
        | {
            "over all classes": (0.11, "over all classes"),
            "trained again": (0.28, "training again"),
            "what is right after": (0.22, "before minus after"),
            "what is right before": (0.98, "right before"),
        }
    ),
}
