"""Answers to the exercises of lesson 2: what its checks must accept, and what not."""

import numpy as np

from tests.exercises.answers.common import letter, other_letters
from tlcourse.exercises.lessons.lesson02 import PLACES, STEADY, output_of


def _unit(a: np.ndarray) -> np.ndarray:
    return a / a.max()


def _cut_at(name="stage2", pool="GlobalAveragePooling2D", weights="imagenet", trainable=False):
    """The solution of 02.4, or one of the ways to get it wrong."""
    import keras

    from tlcourse import load_backbone

    cut = output_of(load_backbone("photonet", weights=weights), name)
    model = keras.Sequential([cut, getattr(keras.layers, pool)()]) if pool else cut
    model.trainable = trainable
    return model


def _functional():
    import keras

    from tlcourse import load_backbone

    photonet = load_backbone("photonet")
    maps = photonet.get_layer("stage2").output
    model = keras.Model(photonet.input, keras.ops.mean(maps, axis=(1, 2)))
    for layer in model.layers:
        layer.trainable = False
    return model


def _untrained():
    from tlcourse import load_backbone

    return load_backbone("photonet", weights=None)


def _dead_layers(model, of=lambda gamma: not gamma.any()):
    """The solution of 02.3, or one of the ways to get it wrong."""
    import keras

    norms = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
    return [norm.name for norm in norms if of(norm.gamma.numpy())]


RIGHT = {
    "02.1": lambda: letter("b"),
    "02.2": lambda: {
        "a product": lambda maps, kernel, k: np.maximum(maps @ kernel[:, k], 0),
        "at most 1": lambda maps, kernel, k: _unit(np.maximum(maps @ kernel[:, k], 0)),
        "a list": lambda maps, kernel, k: np.maximum(maps @ kernel[:, k], 0).tolist(),
        "float32": lambda maps, kernel, k: np.maximum(maps @ kernel[:, k], 0).astype("float32"),
    },
    "02.3": lambda: {"a list": _dead_layers, "a set": lambda model: set(_dead_layers(model))},
    "02.4": lambda: {"sequential": _cut_at(), "functional": _functional()},
    "02.5": lambda: {
        "an array": STEADY,
        "a list": [[0.927, 0.750, 0.565], [0.901, 0.862, 0.909]],
        "other pieces": np.array([[0.935, 0.763, 0.577], [0.918, 0.872, 0.910]], "float32"),
    },
}

WRONG = {
    "02.1": lambda: other_letters("02.1", "b"),
    "02.2": lambda: {
        "negative places": (lambda maps, kernel, k: maps @ kernel[:, k], "speak against"),
        "dropped too early": (
            lambda maps, kernel, k: np.maximum(maps * kernel[:, k], 0).sum(-1),
            "add up first",
        ),
        "abs": (lambda maps, kernel, k: np.abs(maps @ kernel[:, k]), "`abs`"),
        "all classes": (lambda maps, kernel, k: np.maximum(maps @ kernel, 0), "shape (5, 4)"),
        "over the places": (
            lambda maps, kernel, k: (maps * kernel[:, k]).sum((0, 1)),
            "shape (5, 4)",
        ),
        "one class for all": (
            lambda maps, kernel, k: np.maximum(maps @ kernel[:, 0], 0),
            "class 2",
        ),
        "no weights": (lambda maps, kernel, k: maps.sum(-1), "weights of class k"),
        "a row of the kernel": (lambda maps, kernel, k: maps @ kernel[k], "ValueError"),
        "the map itself": (np.ones(PLACES), "function itself"),
    },
    "02.3": lambda: {
        "all normalizations": (lambda model: _dead_layers(model, of=np.size), "*all* its scales"),
        "one channel is enough": (
            lambda model: _dead_layers(model, of=lambda gamma: (gamma == 0).any()),
            "five channels",
        ),
        "none": (lambda model: [], "misses stage1_2_norm"),
        "always the same": (lambda model: _dead_layers(_untrained()), "stage 2 switched off"),
        "the layers": (lambda model: model.layers[:1], "list of names"),
        "the list itself": (["stage1_2_norm"], "function itself"),
    },
    "02.4": lambda: {
        "maps": (_cut_at(pool=None), "Average each"),
        "flattened": (_cut_at(pool="Flatten"), "`Flatten`"),
        "the maximum": (_cut_at(pool="GlobalMaxPooling2D"), "maximum"),
        "another stage": (_cut_at("stage3"), "stage 3"),
        "an inner layer": (_cut_at("stage2_1_relu"), "called `stage2`"),
        "random weights": (_cut_at(weights=None), "trained weights"),
        "not frozen": (_cut_at(trainable=True), "not frozen"),
        "the function": (_cut_at, "Call it"),
    },
    "02.5": lambda: {
        "rows swapped": (STEADY[::-1], "photonet comes first"),
        "columns swapped": (STEADY[:, [0, 2, 1]], "wrong places"),
        "rows and columns swapped": (STEADY[::-1, [1, 0, 2]], "wrong places"),
        "height for width": (STEADY[:, [1, 0, 2]], "left for right"),
        "the same network twice": (STEADY[[0, 0]], "each network"),
        "the order of the pictures": (
            [[-0.10, 0.75, 0.565], [-0.14, 0.86, 0.91]],
            "order of the *pictures*",
        ),
        "nothing changed": ([[1.0, 0.75, 0.565], [1.0, 0.86, 0.91]], "nothing was changed"),
        "plain cosines": ([[0.956, 0.848, 0.735], [0.963, 0.948, 0.966]], "as it is"),
        "turned round": (STEADY.T, "networks × changes"),
        "percent": (100 * STEADY, "fractions"),
        "one network": (STEADY[0], "shape (2, 3)"),
    },
}
