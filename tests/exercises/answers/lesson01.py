"""Answers to the exercises of lesson 1: what its checks must accept, and what not."""

import numpy as np

from tests.exercises.answers.common import answers_with, described_by, edges, gray, small_pixels
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


def _nearest(images, labels, new_images):
    from tlcourse import nearest_neighbors

    known, new = (x.reshape(len(x), -1).astype("float32") for x in (images, new_images))
    return labels[nearest_neighbors(known, new, k=1)[0][:, 0]]


def _small_cells(images):
    from skimage.feature import hog

    cells = {"pixels_per_cell": (8, 8), "cells_per_block": (2, 2)}
    return np.stack([hog(image, orientations=8, **cells) for image in gray(images)])


def _by_objectnet(images):
    from tlcourse import load_backbone

    return load_backbone("objectnet").predict(images, verbose=0)


def _equal(a, b):
    return np.array_equal(a, b)


def _account(came=_equal, moved=None, weights=lambda layer: layer.get_weights(), all_layers=False):
    """The solution of 01.2, or one of the ways to get it wrong.

    `came` compares an array of the source with one of the target.
    """

    def same(a, b, how):
        shapes = [x.shape for x in a] == [x.shape for x in b]
        return shapes and all(how(x, y) for x, y in zip(a, b, strict=True))

    def account(source, start, end):
        known = {layer.name: weights(layer) for layer in source.layers}
        found = {}
        for layer in start.layers:
            if not layer.weights and not all_layers:
                continue
            first, last = weights(layer), weights(end.get_layer(layer.name))
            changed = not same(first, last, _equal) if moved is None else moved
            found[layer.name] = (same(known.get(layer.name, []), first, came), changed)
        return found

    return account


def _looked_up(source, start, end):
    """Looks each layer up in the source, whether it is there or not."""
    for layer in start.layers:
        if layer.weights:
            source.get_layer(layer.name)
    return _account()(source, start, end)


def _first_alone(source, start, end):
    """Compares as many weights as both have."""
    pairs = {}
    for layer in start.layers:
        if layer.weights:
            first, last = layer.get_weights(), end.get_layer(layer.name).get_weights()
            names = [one.name for one in source.layers]
            known = source.get_layer(layer.name).get_weights() if layer.name in names else [None]
            came = all(map(_equal, known, first))
            pairs[layer.name] = (came, not all(map(_equal, first, last)))
    return pairs


def _validation_labels():
    from tlcourse import load_task

    return load_task("sunglasses").validation.labels


def _two(old: float, new: float) -> np.ndarray:
    labels = _validation_labels()
    return np.stack([answers_with(old, labels), answers_with(new, labels, seed=1)])


RIGHT = {
    "01.1": lambda: {
        "HOG": described_by(edges),
        "HOG in small cells": described_by(_small_cells),
        "a list": lambda *given: described_by(edges)(*given).tolist(),
    },
    "01.2": lambda: {
        "pairs": _account(),
        "lists": lambda *given: {name: [*pair] for name, pair in _account()(*given).items()},
        "numbers": lambda *given: {k: np.array(v, int) for k, v in _account()(*given).items()},
    },
    "01.3": lambda: {
        "layer by layer": _by_name,
        "variable by variable": _by_variable,
        "all but the last": _all_but_the_last,
    },
    "01.4": lambda: {
        "an array": _two(0.153, 0.647),
        "a list": _two(0.29, 0.71).tolist(),
        "a pair": tuple(_two(0.107, 0.673)),
        "floats": _two(0.12, 0.733).astype("float32"),
    },
}

WRONG = {
    "01.1": lambda: {
        "the report's": (_nearest, "not the best"),
        "pixels": (described_by(small_pixels), "not the best"),
        "with a trained network": (described_by(_by_objectnet), "trained before"),
        "in another order": (
            lambda *given: np.roll(described_by(edges)(*given), 1),
            "own new picture",
        ),
        "of the labeled ones": (lambda images, labels, new: labels, "shape (200)"),
        "for each class": (lambda images, labels, new: np.zeros((len(new), 6)), "the class alone"),
        "counted from 1": (lambda images, labels, new: np.full(len(new), 6), "from 0 to 5"),
        "its result": (np.zeros(200), "function itself"),
    },
    "01.2": lambda: {
        "by the shapes": (_account(came=lambda a, b: True), "weights of its own"),
        "by the numbers, sorted": (
            _account(came=lambda a, b: _equal(np.sort(a, axis=None), np.sort(b, axis=None))),
            "in another order",
        ),
        "only what trains": (
            _account(weights=lambda layer: [w.numpy() for w in layer.trainable_weights]),
            "stored averages",
        ),
        "all have learned": (_account(moved=True), "frozen layers"),
        "looked up": (_looked_up, "stopped with ValueError"),
        "as many weights as both have": (_first_alone, "a bias that the source does not have"),
        "with layers without weights": (_account(all_layers=True), "no weights"),
        "the head forgotten": (lambda *given: {"conv": (True, False)}, "misses"),
        "one word for each": (lambda *given: dict.fromkeys(_account()(*given), "kept"), "numbers"),
        "a list": (lambda *given: list(_account()(*given).values()), "dict"),
        "its result": ({"conv": (True, False)}, "function itself"),
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
        "the old head on the old order": (_two(0.647, 0.65), "new order"),
        "two orders": (_two(0.15, 0.13), "First the old head"),
        "each with an order of its own": (_two(0.15, 0.20), "same order for both"),
        "swapped": (_two(0.647, 0.153), "First the old head"),
        "the labels": (np.stack([_two(0.2, 1)[0], _validation_labels()]), "learned from"),
        "accuracies": ((0.15, 0.65), "not the accuracies"),
        "only one": (_two(0.2, 0.7)[1], "shape (2, 300)"),
    },
}
