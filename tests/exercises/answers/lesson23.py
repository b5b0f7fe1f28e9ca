"""Answers to the exercises of lesson 23: what its checks must accept, and what not."""

import numpy as np

FRAME = np.ones((20, 20), bool)
FRAME[3:-3, 3:-3] = False


def blocks(labels, numbers):
    """The solution of 23.1."""
    return 1000 * labels + numbers // 50


def _as_strings_counted(labels, numbers):
    """Groups in order of appearance."""
    pairs = list(zip(labels.tolist(), (numbers // 50).tolist(), strict=True))
    return [pairs.index(pair) for pair in pairs]


def light(picture, target):
    """The solution of 23.2."""
    gain = target / np.median(picture[FRAME], axis=0)
    return np.clip(picture * gain, 0, 255).astype("uint8")


def _rounded(picture, target):
    gain = target / np.median(picture[FRAME], axis=0)
    return np.minimum(np.round(picture * gain), 255).astype("uint8")


def _in_place(picture, target):
    picture[:] = light(picture, target)
    return picture


def fall(true, false):
    """The solution of 23.3."""
    apart = true.astype(int) - false
    return apart.mean(), apart.std() / np.sqrt(len(apart))


def _sample(true, false):
    apart = 1.0 * true - 1.0 * false
    return [apart.mean(), apart.std(ddof=1) / len(apart) ** 0.5]


RIGHT = {
    "23.1": lambda: {"by 1000": blocks, "in order": _as_strings_counted},
    "23.2": lambda: {"clipped": light, "rounded": _rounded},
    "23.3": lambda: {"a pair": fall, "of a sample": _sample},
}

WRONG = {
    "23.1": lambda: {
        "without the class": (lambda labels, numbers: numbers // 50, "part of the group"),
        "the class alone": (lambda labels, numbers: labels, "Each class is one group"),
        "blocks of 25": (lambda labels, numbers: 1000 * labels + numbers // 25, "two groups"),
        "blocks of 100": (lambda labels, numbers: 1000 * labels + numbers // 100, "in one group"),
        "all alike": (lambda labels, numbers: 0 * labels, "one group"),
        "called already": (np.arange(60), "without ()"),
        "no return": (lambda labels, numbers: print(end=""), "gave None"),
    },
    "23.2": lambda: {
        "added": (
            lambda picture, target: (
                np.clip(picture + target - np.median(picture[FRAME], axis=0), 0, 255)
            ).astype("uint8"),
            "Light multiplies",
        ),
        "not clipped": (
            lambda picture, target: (
                (picture * (target / np.median(picture[FRAME], axis=0))).astype(int).astype("uint8")
            ),
            "Clip before",
        ),
        "by the brightest of the board": (
            lambda picture, target: np.clip(
                picture * (target / picture[FRAME].max(axis=0)), 0, 255
            ).astype("uint8"),
            "the board becomes",
        ),
        "clipped too early": (
            lambda picture, target: np.clip(
                picture * (target / np.median(picture[FRAME], axis=0)), 0, 254
            ).astype("uint8"),
            "To which numbers",
        ),
        "the board alone": (
            lambda picture, target: np.where(FRAME[..., None], target, picture).astype("uint8"),
            "the thing on it",
        ),
        "of all pixels": (
            lambda picture, target: np.clip(
                picture * (target / picture.mean(axis=(0, 1))), 0, 255
            ).astype("uint8"),
            "the board becomes",
        ),
        "floats": (lambda picture, target: light(picture, target).astype(float), "Give uint8"),
        "in place": (_in_place, "changes the picture"),
    },
    "23.3": lambda: {
        "not paired": (
            lambda true, false: (
                true.mean() - false.mean(),
                np.sqrt(true.var() / len(true) + false.var() / len(false)),
            ),
            "the same ones, twice",
        ),
        "deviation": (
            lambda true, false: ((apart := true.astype(int) - false).mean(), apart.std()),
            "root of n",
        ),
        "other way": (
            lambda true, false: (-(apart := true.astype(int) - false).mean(), apart.std()),
            "other way round",
        ),
        "one number": (lambda true, false: true.mean() - false.mean(), "shape (2)"),
    },
}
