"""Answers to the exercises of lesson 9: what its checks must accept, and what not."""

import numpy as np

from tests.exercises.answers.common import (
    forms_of_a_difference,
    letter,
    no_difference,
    other_letters,
)


def pooled(states, tokens):
    """The solution of 09.3."""
    there = (np.asarray(tokens) != 0)[..., None]
    sums = (np.asarray(states) * there).sum(axis=1)
    return sums / np.linalg.norm(sums, axis=1, keepdims=True)


def _pooled_by_keras(states, tokens):
    import keras

    mask = keras.ops.not_equal(tokens, 0)
    mean = keras.layers.GlobalAveragePooling1D()(keras.ops.convert_to_tensor(states), mask=mask)
    return keras.layers.UnitNormalization()(mean)


def _at_length_1(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _mean_of_there(states, tokens):
    return np.stack([s[t != 0].mean(axis=0) for s, t in zip(states, tokens, strict=True)])


RIGHT = {
    "09.1": lambda: letter("c"),
    "09.2": lambda: {
        "as computed": 0.7425,
        "a NumPy number": np.float32(0.74),
        "an array of one": np.array([0.7425]),
    },
    "09.3": lambda: {
        "sums": pooled,
        "a loop": lambda states, tokens: _at_length_1(_mean_of_there(states, tokens)),
        "Keras layers": _pooled_by_keras,
        "lists": lambda states, tokens: pooled(states, tokens).tolist(),
    },
    "09.4": lambda: forms_of_a_difference({"as measured": 0.42, "one draw": 0.34}),
}

WRONG = {
    "09.1": lambda: other_letters("09.1", "c"),
    "09.2": lambda: {
        "fitted on all": (0.0, "labeled reviews alone"),
        "the share it knows": (0.2575, "Which is asked for"),
        "running words": (0.392, "different word once"),
        "all labels": (0.368, "720"),
        "the other way round": (0.455, "The other way round"),
        "200 labels": (0.639, "of each class"),
        "cut at spaces": (0.815, "vectorizer cut"),
        "a count": (868, "Divide"),
        "percent": (74.25, "fraction"),
    },
    "09.3": lambda: {
        "the filling too": (lambda s, t: _at_length_1(s.mean(axis=1)), "fills a sentence up"),
        "the first piece": (lambda s, t: _at_length_1(s[:, 0]), "[CLS]"),
        "the maximum": (
            lambda s, t: _at_length_1(np.where((t != 0)[..., None], s, -9).max(axis=1)),
            "maximum",
        ),
        "not at length 1": (_mean_of_there, "own length"),
        "each piece at length 1 first": (
            lambda s, t: _at_length_1(_mean_of_there(_at_length_1(s), t)),
            "only then",
        ),
        "the wrong axis": (lambda s, t: s.mean(axis=2), "shape (2, 8)"),
        "no return": (lambda s, t: print(end=""), "gave None"),
        "called already": (np.ones((2, 8)), "without ()"),
    },
    "09.4": lambda: (
        no_difference(0.42)
        | {
            "praise and blame": (0.15, "praise and blame"),
            "the accuracy of TF-IDF": (0.27, "TF-IDF alone"),
            "the accuracy of the encoder": (0.69, "above TF-IDF"),
        }
    ),
}
