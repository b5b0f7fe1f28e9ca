"""Answers to the exercises of lesson 4: what its checks must accept, and what not."""

import numpy as np

from tests.exercises.answers.common import letter, other_letters
from tlcourse.exercises.lessons.lesson04 import strange_photographs


def _mend(shift=127.5, scale=127.5, axes=(0, 2, 3, 1), flip=True, early=False):
    """The solution of 04.2, or one of the ways to get it wrong."""
    pictures = strange_photographs()
    if early:
        pictures = pictures.astype("int8").astype("float32")
    pictures = np.transpose(pictures * scale + shift, axes)
    return pictures[..., ::-1] if flip else pictures


def _gray_model(scale=255.0, offset=0.0, to_color="repeat", weights="imagenet", channels=1):
    """The solution of 04.3, or one of the ways to get it wrong."""
    import keras

    from tlcourse import load_backbone

    image = keras.Input((28, 28, channels))
    x = keras.layers.Rescaling(scale, offset)(image)
    if to_color == "repeat":
        x = keras.ops.repeat(x, 3, axis=-1)
    elif to_color == "join":
        x = keras.layers.Concatenate()([x, x, x])
    elif to_color == "red":
        x = keras.layers.Concatenate()([x, 0 * x, 0 * x])
    elif to_color == "convolution":
        x = keras.layers.Conv2D(3, 1)(x)
    return keras.Model(image, load_backbone("objectnet", weights=weights)(x))


def _with_ones():
    """A convolution that does nothing but repeat its channel: new weights, but not random ones."""
    import keras

    from tlcourse import load_backbone

    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(3, 1, use_bias=False, kernel_initializer="ones"),
            keras.layers.Rescaling(255),
            load_backbone("objectnet"),
        ]
    )


def _pairs(transfer, scratch):
    difference = np.asarray(transfer) - np.asarray(scratch)
    return "helps" if (difference > 0).all() else "harms" if (difference < 0).all() else "open"


def _one_by_one(transfer, scratch):
    ahead = [a > b for a, b in zip(transfer, scratch, strict=True)]
    behind = [a < b for a, b in zip(transfer, scratch, strict=True)]
    return "Helps" if all(ahead) else "Harms" if all(behind) else "Open"


def _ranges(transfer, scratch):
    if min(transfer) > max(scratch):
        return "helps"
    return "harms" if max(transfer) < min(scratch) else "open"


def _by_deviation(transfer, scratch):
    difference = transfer - scratch
    if abs(difference.mean()) < 2 * difference.std():
        return "open"
    return "helps" if difference.mean() > 0 else "harms"


RIGHT = {
    "04.1": lambda: letter("c"),
    "04.2": lambda: {
        "floats": _mend(),
        "uint8, cut off": _mend().astype("uint8"),
        "uint8, rounded": np.round(_mend()).astype("uint8"),
        "a list": _mend().tolist(),
    },
    "04.3": lambda: {
        "repeated": _gray_model(),
        "joined": _gray_model(to_color="join"),
        "a convolution with ones": _with_ones(),
    },
    "04.4": lambda: {
        "arrays": _pairs,
        "one by one": _one_by_one,
        "a NumPy text": lambda transfer, scratch: np.str_(_pairs(transfer, scratch)),
    },
    "04.5": lambda: {
        "a list": [0.10, 0.40],
        "another draw": (0.03, 0.53),
        "an array": np.array([0.14, 0.33], "float32"),
        "a column": [[0.10], [0.40]],
    },
}

WRONG = {
    "04.1": lambda: other_letters("04.1", "c"),
    "04.2": lambda: {
        "as they are": (strange_photographs(), "(7, 64, 64, 3)"),
        "still in [-1, 1]": (_mend(0, 1), "[-1, 1]"),
        "in [0, 1]": (_mend(0.5, 0.5), "[0, 1]"),
        "not shifted": (_mend(shift=0), "bring -1 to 0"),
        "blue for red": (_mend(flip=False), "orange"),
        "on their side": (_mend(axes=(0, 3, 2, 1)), "on their side"),
        "the wrong axis turned": (_mend(flip=False)[::-1], "order of the *pictures*"),
        "reshaped": (_mend(axes=(0, 1, 2, 3), flip=False).reshape(7, 64, 64, 3), "`reshape` cuts"),
        "negatives": (_mend(scale=-127.5), "negatives"),
        "whole numbers too early": (_mend(early=True), "before they were"),
        "one picture": (_mend()[0], "shape (7, 64, 64, 3)"),
    },
    "04.3": lambda: {
        "not scaled": (_gray_model(scale=1.0), "in [0, 1]"),
        "scaled for another network": (_gray_model(scale=2.0, offset=-1.0), "in [-1, 1]"),
        "only red": (_gray_model(to_color="red"), "red now"),
        "a new convolution": (_gray_model(to_color="convolution"), "random ones"),
        "for colored pictures": (_gray_model(to_color="", channels=3), "one channel"),
        "random weights": (_gray_model(weights=None), "loaded with its weights"),
        "scaled twice": (_gray_model(scale=255.0**2), "used once"),
        "the function": (_gray_model, "Call it"),
    },
    "04.4": lambda: {
        "by the means": (
            lambda a, b: "helps" if np.mean(a) > np.mean(b) else "harms",
            "The mean hides",
        ),
        "by the ranges": (_ranges, "pair by pair"),
        "two standard deviations": (_by_deviation, "how much"),
        "sorted": (lambda a, b: _pairs(np.sort(a), np.sort(b)), "sorted"),
        "at least as good": (
            lambda a, b: "helps" if (a >= b).all() else _pairs(a, b),
            "even",
        ),
        "the wrong way round": (lambda a, b: _pairs(b, a), "ahead in every pair"),
        "no negative transfer": (
            lambda a, b: "helps" if (a > b).all() else "open",
            "negative transfer",
        ),
        "a truth value": (lambda a, b: bool((a > b).all()), "one of the texts"),
    },
    "04.5": lambda: {
        "accuracies of the network": ([0.997, 0.66], "difference"),
        "accuracies of six numbers": ([0.895, 0.262], "difference"),
        "swapped": ([0.40, 0.10], "First the textures"),
        "the wrong way round": ([-0.10, -0.40], "other way round"),
        "percent": ([10.2, 40.0], "fractions"),
        "only the mean of all colors": ([0.45, 0.45], "standard deviations"),
        "the same network twice": ([0.0, 0.0], "difference"),
        "one gain": (0.4, "shape (2)"),
    },
}
