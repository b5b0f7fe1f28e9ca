"""Answers to the exercises of lesson 4: what its checks must accept, and what not."""

from functools import cache

import numpy as np

from tests.exercises.answers.common import described_by, edges, small_pixels
from tlcourse.exercises.lessons.lesson04 import lesson_numbers, strange_photographs, t_interval


def _mend(shift=127.5, scale=127.5, axes=(0, 2, 3, 1), flip=True, early=False):
    """The solution of 04.2, or one of the ways to get it wrong."""
    pictures = strange_photographs()
    if early:
        pictures = pictures.astype("int8").astype("float32")
    pictures = np.transpose(pictures * scale + shift, axes)
    return pictures[..., ::-1] if flip else pictures


@cache
def backbone(name, weights="imagenet"):
    """A backbone that no answer changes: loaded once."""
    from tlcourse import load_backbone

    return load_backbone(name, weights=weights)


def _always(images, labels, new):
    return np.full(len(new), labels[0])


def _gray_model(scale=255.0, offset=0.0, to_color="repeat", weights="imagenet", channels=1):
    """The solution of 04.3, or one of the ways to get it wrong."""
    import keras

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
    return keras.Model(image, backbone("objectnet", weights)(x))


def _with_ones():
    """A convolution that does nothing but repeat its channel: new weights, but not random ones."""
    import keras

    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(3, 1, use_bias=False, kernel_initializer="ones"),
            keras.layers.Rescaling(255),
            backbone("objectnet"),
        ]
    )


def _in_color(scans, scale=255.0):
    return np.repeat(scale * scans[..., None], 3, axis=-1)


def _frozen(scale=255.0):
    def features(scans):
        return backbone("objectnet").predict(_in_color(scans, scale), verbose=0)

    return features


def _blocks(images):
    """How much gray varies in blocks of 8 × 8 pixels: the mean and the median over the blocks."""
    gray = images.astype(float).mean(axis=-1)
    spread = gray.reshape(len(gray), 8, 8, 8, 8).std(axis=(2, 4)).reshape(len(gray), -1)
    return np.stack([spread.mean(axis=1), np.median(spread, axis=1)], axis=1)


def _steps(images):
    """The share of places where gray jumps, sideways and downward."""
    gray = images.astype(float).mean(axis=-1)
    return np.stack(
        [(np.abs(np.diff(gray, axis=axis)) > 6).mean(axis=(1, 2)) for axis in (1, 2)], 1
    )


def _brightness(images):
    gray = images.mean(axis=-1)
    return np.stack([gray.mean(axis=(1, 2)), gray.std(axis=(1, 2))], axis=1)


def _unpaired(a, b):
    from scipy.stats import t

    half = t.ppf(0.975, 2 * len(a) - 2) * np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(a))
    return np.mean(a - b) - half, np.mean(a - b) + half


def _single(a, b):
    low, high = t_interval(a - b)
    half = (high - low) / 2 * np.sqrt(len(a))
    return np.mean(a - b) - half, np.mean(a - b) + half


def _scipy(a, b):
    from scipy.stats import ttest_rel

    return tuple(ttest_rel(a, b).confidence_interval(0.95))


RIGHT = {
    "04.1": lambda: {"HOG": described_by(edges), "pixels": described_by(small_pixels)},
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
        "a tuple": lambda a, b: t_interval(a - b),
        "a list": lambda a, b: list(t_interval(a - b)),
        "an array": lambda a, b: np.array(t_interval(a - b)),
        "by SciPy": _scipy,
    },
    "04.5": lambda: {
        "blocks": _blocks,
        "jumps": _steps,
        "a list": lambda images: _blocks(images).tolist(),
    },
}

WRONG = {
    "04.1": lambda: {
        "frozen": (described_by(_frozen()), "far is the source"),
        "seen as black": (_always, "before all others"),
        "for each class": (lambda x, y, new: np.zeros((len(new), 10)), "the class alone"),
        "the labeled ones": (lambda x, y, new: y, "shape (180)"),
        "gray for color": (
            lambda x, y, new: backbone("objectnet").predict(new, verbose=0),
            "stopped with",
        ),
        "its result": (np.zeros(180), "function itself"),
    },
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
        "the wrong way round": (lambda a, b: t_interval(b - a), "scratch minus transfer"),
        "divided by n": (lambda a, b: t_interval(a - b, ddof=0), "`ddof=1`"),
        "1.96": (lambda a, b: t_interval(a - b, factor=1.96), "many runs"),
        "not in pairs": (_unpaired, "each pair first"),
        "of single runs": (_single, "square root"),
        "the range": (lambda a, b: ((a - b).min(), (a - b).max()), "least and the largest"),
        "percentiles": (lambda a, b: np.percentile(a - b, (2.5, 97.5)), "not where"),
        "upper end first": (lambda a, b: t_interval(a - b)[::-1], "lower end"),
        "half of its width": (lambda a, b: np.subtract(*t_interval(a - b)[::-1]) / 2, "shape (2)"),
        "a word": (lambda a, b: "helps", "numbers"),
    },
    "04.5": lambda: {
        "brightness": (_brightness, "without a face"),
        "lesson 0's": (lesson_numbers, "of your own"),
        "one of lesson 0's": (
            lambda images: np.stack([_blocks(images)[:, 0], lesson_numbers(images)[:, 1]], 1),
            "of your own",
        ),
        "one number": (lambda images: _blocks(images)[:, 0], "shape (1, 2)"),
        "of all pictures": (
            lambda images: _blocks(images) - _blocks(images).mean(axis=0),
            "by itself",
        ),
        "the same for all": (
            lambda images: np.stack([_blocks(images)[:, 0], np.ones(len(images))], 1),
            "the same for all",
        ),
        "its result": (np.zeros((100, 2)), "function itself"),
    },
}
