"""Answers to the exercises of lesson 6: what its checks must accept, and what not."""

import numpy as np

from tests.exercises.answers.common import letter, other_letters
from tlcourse.exercises.lessons.lesson06 import stranger


def _twice(image):
    import keras

    preprocess = keras.applications.mobilenet_v2.preprocess_input
    return preprocess(preprocess(image))


def _rescaled(scale: float, offset: float = 0.0):
    import keras

    return keras.layers.Rescaling(scale, offset)


def _preprocessed():
    import keras

    return stranger(keras.applications.mobilenet_v2.preprocess_input)


def _sequential():
    import keras

    return keras.Sequential([keras.Input((96, 96, 3)), _rescaled(1 / 127.5, -1), stranger()])


def _recipe(first="stage4", norms=False, rate: float | None = 0.003, adam=False, body=True):
    """The cell's model, and what a learner makes of it; `rate=None` does not compile again."""
    import keras

    from tlcourse import load_backbone

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    backbone = load_backbone("photonet")
    backbone.trainable = False
    model = keras.Sequential([backbone, keras.layers.Dense(6, name="head")])
    model.compile(keras.optimizers.SGD(0.03, momentum=0.9), loss)
    model.optimizer.build(model.trainable_variables)  # as the first `fit` does
    if body:
        backbone.trainable = True
        learns = False
        for layer in backbone.layers:
            learns = learns or layer.name.startswith(first)
            norm = isinstance(layer, keras.layers.BatchNormalization)
            layer.trainable = learns and (norms or not norm)
    if rate:
        kind = keras.optimizers.Adam if adam else keras.optimizers.SGD
        model.compile(kind(rate), loss)
    return model


def _by_unfreeze():
    import keras

    from tlcourse import unfreeze

    model = _recipe(body=False, rate=None)
    unfreeze(model, "photonet/stage4")
    falling = keras.optimizers.schedules.CosineDecay(0.005, 100)
    model.compile(keras.optimizers.SGD(falling, momentum=0.9), model.loss)
    return model


RIGHT = {
    "06.1": lambda: letter("c"),
    "06.2": lambda: {
        "an int": 2880,
        "a NumPy number": np.int64(2880),
        "a float": 2880.0,
        "an array of one": np.array([2880]),
    },
    "06.3": lambda: {
        "preprocess_input": _preprocessed(),
        "a layer, sequential": _sequential(),
        "other random weights": stranger(_rescaled(1 / 127.5, -1.0)),
    },
    "06.4": lambda: {
        "a loop": _recipe(),
        "unfreeze, and a schedule": _by_unfreeze(),
        "Adam": _recipe(rate=1e-4, adam=True),
    },
    "06.5": lambda: {
        "as measured": [0.75, 0.167],
        "another seed": (0.803, 0.167),
        "an array": np.array([0.78, 0.17], "float32"),
        "a column": np.array([[0.75], [0.16]]),
    },
}

WRONG = {
    "06.1": lambda: other_letters("06.1", "c"),
    "06.2": lambda: {
        "scale and shift too": (5760, "Half of them"),
        "the means alone": (1440, "variance"),
        "layers": (12, "number of layers"),
        "rows": (24, "what is in them"),
        "all that learns": (1_248_700, "gradients change"),
        "a list of weights": ([np.zeros(32), np.zeros(32)], "holds 64"),
    },
    "06.3": lambda: {
        "raw pixels": (stranger(), "as they are"),
        "divided by 255": (stranger(_rescaled(1 / 255)), "[0, 1]"),
        "twice": (stranger(_twice), "twice"),
        "other statistics": (stranger(_rescaled(1 / 58, -2.1)), "other numbers"),
        "maps instead of features": (stranger(_rescaled(1 / 127.5, -1), pooling=None), "1,280"),
        "pictures": (np.zeros((1, 96, 96, 3)), "Keras model"),
    },
    "06.4": lambda: {
        "as it was": (_recipe(first="image", norms=True, rate=None), "normalization layers"),
        "all is frozen": (_recipe(body=False), "Nothing in stage 4"),
        "norms learn": (_recipe(norms=True), "normalization layers"),
        "too early": (_recipe(first="stage3"), "before stage 4"),
        "not compiled again": (_recipe(rate=None), "still trains"),
        "the head's rate": (_recipe(rate=0.03), "smaller steps"),
        "Adam at its default": (_recipe(rate=1e-3, adam=True), "smaller steps"),
    },
    "06.5": lambda: {
        "percent": ([75.0, 16.7], "as fractions"),
        "the other way round": ([0.167, 0.75], "gentle one comes first"),
        "one model for both": ([0.167, 0.167], "fresh()"),
        "nothing was unfrozen": ([0.727, 0.663], "unfreeze first"),
        "averages that moved": ([0.717, 0.617], "normalization layer"),
        "what fit prints": ([1.0, 0.167], "training pictures"),
        "the difference": (0.58, "single number"),
        "the difference, negative": ([-0.58, 0.167], "between 0 and 1"),
        "two passes too few, and a random head": ([0.45, 0.167], "5 passes"),
    },
}
