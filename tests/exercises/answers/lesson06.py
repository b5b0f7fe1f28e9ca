"""Answers to the exercises of lesson 6: what its checks must accept, and what not."""

import tempfile
from functools import cache
from pathlib import Path

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
    if rate is not None:
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


@cache
def _digits_head():
    from tlcourse import extract_features, linear_probe, load_backbone, load_task

    few = load_task("digits").few_shot(10, seed=0)
    return linear_probe(
        extract_features(load_backbone("photonet"), few.train.images), few.train.labels
    )


def _saved(name, *, moves=("RandomTranslation",), dropout=True, head=True, classes=10,
           norms=False, before=None, body=True):  # fmt: skip
    """The path of a saved classifier of digits; its head is a probe's, so that none is trained."""
    import keras

    from tlcourse import load_backbone, set_head

    options = {"RandomFlip": ("horizontal",), "RandomTranslation": (0.1, 0.1)}
    x = image = keras.Input((64, 64, 3))
    for kind in moves:
        x = getattr(keras.layers, kind)(*options.get(kind, (0.05,)))(x)
    if before is not None:
        x = _rescaled(before)(x)
    if body:
        network = load_backbone("photonet")
        network.trainable = True
        for layer in network.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = norms
        x = network(x)
    else:
        x = keras.layers.GlobalAveragePooling2D()(x)
    if dropout:
        x = keras.layers.Dropout(0.2)(x)
    model = keras.Model(image, keras.layers.Dense(classes, name="head")(x))
    if head and body and classes == 10:
        set_head(model, _digits_head())
    path = Path(tempfile.mkdtemp()) / f"{name}.keras"
    model.save(path)
    return path


def _no_model():
    path = Path(tempfile.mkdtemp()) / "text.keras"
    path.write_text("not a model")
    return path


RIGHT = {
    "06.1": lambda: letter("b"),
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
        "the head's rate": _recipe(rate=0.03),
    },
    "06.5": lambda: {
        "a path": _saved("digits"),
        "text, and two layers": str(_saved("two", moves=("RandomRotation", "RandomZoom"))),
        "preprocessed inside": _saved("inside", before=1.0),
    },
}


WRONG = {
    "06.1": lambda: other_letters("06.1", "b"),
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
        "three times the head's rate": (_recipe(rate=1.0), "lead away"),
        "Adam at its default": (_recipe(rate=1e-3, adam=True), "lead away"),
        "a rate of zero": (_recipe(rate=0.0), "nothing moves"),
    },
    "06.5": lambda: {
        "the model": (_recipe(), "Save it"),
        "a number": (0.9, "path of a file"),
        "another kind of file": ("digits.h5", "`.keras`"),
        "not saved": ("nowhere.keras", "no file"),
        "no model in it": (_no_model(), "cannot load"),
        "mirrored": (_saved("mirrored", moves=("RandomFlip",)), "no 2"),
        "no augmentation": (_saved("plain", moves=()), "no augmentation"),
        "no dropout": (_saved("dry", dropout=False), "Dropout"),
        "averages that move": (_saved("moving", norms=True), "left to learn"),
        "nothing pretrained": (_saved("bare", body=False), "no pretrained network"),
        "six classes": (_saved("six", classes=6), "ten numbers"),
        "a random head": (_saved("random", head=False), "head been trained"),
        "pixels in [0, 1]": (_saved("small", before=255.0), "[0, 1]"),
    },
}
