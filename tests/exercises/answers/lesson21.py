"""Answers to the exercises of lesson 21: what its checks must accept, and what not."""

import numpy as np
from scipy.stats import binom, binomtest

from tests.exercises.answers.common import forms_of_a_difference, no_difference

# By hand, from the table of the network's blocks (M. Sandler et al., 2018, arXiv:1801.04381, table
# 2) with 0.35 of the channels, at least 8, in steps of 8: the stem and blocks 0 to 5 multiply
# 2,764,800 + 1,740,800 + 3,763,200 + 1,920,000 + 1,094,400 + 1,574,400 + 1,574,400 times for a
# picture of 160 pixels a side.
SHARE = 14_432_000 / 29_594_800


def luck(right_a, right_b):
    """The solution of 21.3."""
    a, b = np.sum(right_a & ~right_b), np.sum(right_b & ~right_a)
    return binomtest(int(a), int(a + b), 0.5).pvalue if a + b else 1.0


def _by_sums(right_a, right_b):
    a, b = np.sum(right_a > right_b), np.sum(right_b > right_a)
    return min(1.0, 2 * binom.cdf(min(a, b), a + b, 0.5))


def _one_sided(right_a, right_b):
    a, b = np.sum(right_a & ~right_b), np.sum(right_b & ~right_a)
    return float(binom.cdf(min(a, b), a + b, 0.5))


def _of_all(right_a, right_b):
    return binomtest(int(np.sum(right_a)), len(right_a), np.mean(right_b)).pvalue


RIGHT = {
    "21.1": lambda: forms_of_a_difference({"as measured": 0.357, "one draw": 0.407}),
    "21.2": lambda: {"a share": SHARE, "a NumPy number": np.float32(SHARE)},
    "21.3": lambda: {"by scipy": luck, "by sums": _by_sums},
}

WRONG = {
    "21.1": lambda: (
        no_difference(0.357)
        | {
            "in [0, 1]": (0.043, "[0, 255]"),
            "one accuracy": (0.743, "one of the two"),
        }
    ),
    "21.2": lambda: {
        "the other part": (1 - SHARE, "second part"),
        "percent": (100 * SHARE, "fraction"),
        "parameters": (15664 / 410208, "places"),
        "layers": (54 / 154, "share of the layers"),
        "text": ("most", "without quotes"),
    },
    "21.3": lambda: {
        "one end": (_one_sided, "both ends"),
        "all photographs": (_of_all, "leave them out"),
        "1 against none": (
            lambda a, b: luck(a, b) if np.any(b & ~a) else 1.0,
            "by hand it is 0.062",
        ),
        "no return": (lambda a, b: print(end=""), "gave None"),
        "called already": (0.02, "without ()"),
    },
}
