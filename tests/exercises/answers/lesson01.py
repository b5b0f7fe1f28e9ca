"""Answers to the exercises of lesson 1: what its checks must accept, and what not."""

import numpy as np

from tests.exercises.answers.common import letter, other_letters
from tlcourse.exercises.lessons.lesson01 import network


def _by_name(source, target):
    known = {layer.name: layer.get_weights() for layer in source.layers}
    for layer in target.layers:
        weights = known.get(layer.name, [])
        if [w.shape for w in weights] == [w.shape for w in layer.get_weights()]:
            layer.set_weights(weights)
    return target


def _by_variable(source, target):
    known = {weight.path: weight for weight in source.weights}
    for weight in target.weights:
        if weight.path in known and known[weight.path].shape == weight.shape:
            weight.assign(known[weight.path])
    return target


def _all_but_the_last(source, target):
    for layer in source.layers[:-1]:
        target.get_layer(layer.name).set_weights(layer.get_weights())
    return target


def _only_trainable(source, target):
    for have, weight in zip(source.trainable_weights[:-2], target.trainable_weights, strict=False):
        weight.assign(have)
    return target


def _by_place(source, target):
    for one, other in zip(source.layers, target.layers, strict=False):
        if [w.shape for w in one.weights] == [w.shape for w in other.weights]:
            other.set_weights(one.get_weights())
    return target


def _without_rescaling(source, target):
    import keras

    return keras.Sequential([*source.layers[:-1], target.layers[-1]])


def _a_part_of_the_head(source, target):
    kernel, bias = source.get_layer("head").get_weights()
    _all_but_the_last(source, target).get_layer("head").set_weights([kernel[:, :6], bias[:6]])
    return target


RIGHT = {
    "01.1": lambda: letter("d"),
    "01.2": lambda: {
        "a list": [2, 0, 3, 1],
        "a tuple": (2, 0, 3, 1),
        "floats": np.array([2.0, 0.0, 3.0, 1.0]),
        "a column": np.array([[2], [0], [3], [1]]),
    },
    "01.3": lambda: {
        "layer by layer": _by_name,
        "variable by variable": _by_variable,
        "all but the last": _all_but_the_last,
    },
    "01.4": lambda: {
        "a tuple": (0.153, 0.647),
        "a list": [0.29, 0.71],
        "an array": np.array([0.107, 0.673], "float32"),
        "other pictures": (0.12, 0.733),
    },
}

WRONG = {
    "01.1": lambda: other_letters("01.1", "d"),
    "01.2": lambda: {
        "the coins are method 1": ([2, 1, 3, 1], "coins"),
        "features are a pretrained model": ([2, 0, 2, 1], "birdsong"),
        "1 and 2 swapped": ([1, 0, 3, 2], "So far, 2"),
        "three answers": ([2, 0, 3], "shape (4)"),
        "a fifth method": ([2, 0, 3, 4], "1, 2 and 3"),
        "words": (["two", "none", "three", "one"], "numbers"),
    },
    "01.3": lambda: {
        "all at once": (
            lambda source, target: target.set_weights(source.get_weights()) or target,
            "stopped with ValueError",
        ),
        "only what trains": (_only_trainable, "averages"),
        "by place": (_by_place, "by its name"),
        "a part of the old head": (_a_part_of_the_head, "head of the target"),
        "the wrong way round": (lambda source, target: _by_name(target, source), "has changed"),
        "nothing": (lambda source, target: target, "does not hold"),
        "no return": (lambda source, target: print(end=""), "`return` missing"),
        "the source itself": (lambda source, target: source, "`return target`"),
        "new layers": (_without_rescaling, "lost or gained"),
        "called": (network(6, 2), "function itself"),
    },
    "01.4": lambda: {
        "the old head on the old order": ((0.647, 0.647), "new order"),
        "two orders": ((0.15, 0.13), "Is the order right"),
        "each with an order of its own": ((0.15, 0.20), "same order for both"),
        "swapped": ((0.647, 0.153), "First the old head"),
        "on the training pictures": ((0.2, 1.0), "learned from"),
        "percent": ((15.3, 64.7), "0.25, not 25"),
        "only one": (0.647, "shape (2)"),
    },
}
