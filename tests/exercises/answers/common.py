"""What the answers of several lessons are made of: letters, differences, and named pictures."""

from collections.abc import Callable, Mapping

import numpy as np

from tlcourse.exercises import registry


def letter(right: str) -> dict[str, object]:
    """The right letter, in the forms that are accepted."""
    return {"the letter": right, "upper case": right.upper(), "as printed": f" {right}) "}


def other_letters(id: str, right: str) -> dict[str, tuple[object, str]]:
    """The other options of a question, each told why it is wrong, and what is no option."""
    options = registry.find(id).options
    others = {
        f"option {letter}": (letter, option.explanation)
        for letter, option in options.items()
        if letter != right
    }
    last = max(options)
    return others | {
        "a number": (ord(right) - ord("a"), "one letter"),
        "two letters": (f"{right} and {'b' if right == 'a' else 'a'}", "one letter"),
        "a letter too far": (chr(ord(last) + 1), f"`a` to `{last}`"),
    }


def forms_of_a_difference(right: Mapping[str, float]) -> dict[str, object]:
    """Right differences, and other forms of the first."""
    first = next(iter(right.values()))
    return {**right, "a NumPy number": np.float32(first), "an array of one": np.array([first])}


def no_difference(right: float) -> dict[str, tuple[object, str]]:
    """What a right difference can be mistaken for, whatever it is a difference of."""
    return {
        "percent": (100 * right, "fraction"),
        "the wrong way round": (-right, "other way round"),
        "two numbers": ((0.7, 0.3), "holds 2"),
    }


def described_by(describe: Callable[[np.ndarray], np.ndarray]) -> Callable:
    """A function that names new pictures, by a linear probe on what describes a picture."""

    def name(images, labels, new_images):
        from tlcourse import linear_probe

        return linear_probe(describe(images), labels).predict(describe(new_images))

    return name


def gray(images: np.ndarray) -> np.ndarray:
    """Pictures (n, h, w) or (n, h, w, 3) as gray ones."""
    return images if images.ndim == 3 else images.mean(axis=-1)


def edges(images: np.ndarray) -> np.ndarray:
    """HOG in cells of 16 × 16 pixels, (n, 324)."""
    from skimage.feature import hog

    cells = {"pixels_per_cell": (16, 16), "cells_per_block": (2, 2)}
    return np.stack([hog(image, orientations=9, **cells) for image in gray(images)])


def small_pixels(images: np.ndarray) -> np.ndarray:
    """Pictures of 64 × 64 pixels as 16 × 16, (n, 256)."""
    return (
        gray(images).reshape(len(images), 16, 4, 16, 4).mean(axis=(2, 4)).reshape(len(images), -1)
    )


def answers_with(right: float, labels: np.ndarray, classes: int = 6, seed: int = 0) -> np.ndarray:
    """Predicted classes of which this share is right."""
    dice = np.random.default_rng(seed)
    wrong = dice.permutation(len(labels))[round(right * len(labels)) :]
    given = labels.copy()
    given[wrong] = (given[wrong] + dice.integers(1, classes, len(wrong))) % classes
    return given
