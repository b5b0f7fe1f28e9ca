"""Answers to the exercises of lesson 5: what its checks must accept, and what not."""

import numpy as np

from tests.exercises.answers.common import letter, other_letters
from tlcourse.exercises.lessons.lesson05 import quarters


def _head_on(freeze_body=True, freeze_head=False, classes=6, activation=None, fresh=False):
    """The solution of 05.3, or one of the ways to get it wrong."""
    import keras

    from tlcourse import load_backbone

    body = load_backbone("objectnet")
    if fresh:
        body = keras.models.clone_model(body)
    body.trainable = not freeze_body
    head = keras.layers.Dense(classes, activation, trainable=not freeze_head)
    return keras.Sequential([body, head])


def _functional():
    import keras

    model = _head_on()
    image = keras.Input((64, 64, 3))
    return keras.Model(image, model.layers[1](model.layers[0](image, training=False)))


def _loop(maps):
    """The four quarters, one after the other."""
    h, w = maps.shape[1] // 2, maps.shape[2] // 2
    parts = [maps[:, y : y + h, x : x + w] for x in (0, w) for y in (0, h)]
    return np.concatenate([part.mean(axis=(1, 2)) for part in parts], axis=1)


def _layers(maps):
    import keras

    pooled = keras.layers.AveragePooling2D((maps.shape[1] // 2, maps.shape[2] // 2))(maps)
    return keras.layers.Flatten()(pooled)


def _highest(maps):
    n, h, w, c = maps.shape
    return maps.reshape(n, 2, h // 2, 2, w // 2, c).max(axis=(2, 4)).reshape(n, -1)


RIGHT = {
    "05.1": lambda: letter("b"),
    "05.2": lambda: {
        "an int": 650,
        "a float": 650.0,
        "a NumPy number": np.int64(650),
        "an array of one": np.array([650]),
    },
    "05.3": lambda: {"sequential": _head_on(), "functional": _functional()},
    "05.4": lambda: {
        "as measured": 0.42,
        "another seed": 0.367,
        "a NumPy number": np.float32(0.45),
        "an array of one": np.array([0.4]),
    },
    "05.5": lambda: {"another order": _loop, "Keras layers": _layers, "NumPy": quarters},
}

WRONG = {
    "05.1": lambda: other_letters("05.1", "b"),
    "05.2": lambda: {
        "no biases": (640, "bias"),
        "the classes of sunglasses": (390, "10 digits"),
        "all parameters": (43_162, "frozen"),
        "only the features": (64, "features"),
        "something else": (1000, "too large"),
        "text": ("650", "without quotes"),
    },
    "05.3": lambda: {
        "nothing is frozen": (_head_on(freeze_body=False), "backbone.trainable = False"),
        "the head is frozen too": (_head_on(freeze_head=True), "head is frozen"),
        "softmax": (_head_on(activation="softmax"), "logits"),
        "the classes of the source": (_head_on(classes=20), "6 classes"),
        "a new body": (_head_on(fresh=True), "objectnet's weights"),
        "the function": (_head_on, "Call it"),
        "a word": ("model", "Keras model"),
    },
    "05.4": lambda: {
        "percent": (42.0, "fraction"),
        "the wrong way round": (-0.42, "other way round"),
        "the same body twice": (0.0, "untrained_backbone"),
        "the accuracy of the trained body": (0.69, "difference"),
        "the accuracy of the random body": (0.26, "random body"),
        "two accuracies": ((0.69, 0.26), "holds 2"),
    },
    "05.5": lambda: {
        "the average over all places": (lambda maps: maps.mean(axis=(1, 2)), "forgets"),
        "every place": (lambda maps: maps.reshape(len(maps), -1), "every place"),
        "not one row": (
            lambda maps: quarters(maps).reshape(len(maps), 2, 2, -1),
            "one row",
        ),
        "the largest": (_highest, "largest"),
        "something else": (lambda maps: quarters(maps) * 2, "numbers are not"),
        "the result": (np.zeros((3, 20)), "function itself"),
    },
}
