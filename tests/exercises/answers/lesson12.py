"""Answers to the exercises of lesson 12: what its checks must accept, and what not."""

import numpy as np

from tests.exercises.answers.common import letter, other_letters


def count(shapes, rank):
    """The solution of 12.1."""
    return sum(np.prod(shape[:-1]) * rank + rank * shape[-1] for shape in shapes)


def _by_keras(shapes, rank):
    import keras

    total = 0
    for shape in shapes:
        if len(shape) == 2:
            layer = keras.layers.Dense(shape[-1])
            layer.build((None, shape[0]))
        else:
            layer = keras.layers.Conv2D(shape[-1], shape[:2])
            layer.build((None, 9, 9, shape[2]))
        layer.enable_lora(rank)
        total += layer.lora_kernel_a.numpy().size + layer.lora_kernel_b.numpy().size
    return total


def merge(kernel, a, b, alpha):
    """The solution of 12.2."""
    return kernel + alpha / b.shape[0] * (a @ b)


def _in_place(kernel, a, b, alpha):
    kernel += alpha / b.shape[0] * (a @ b)
    return kernel


def _learning(which, *, model_first=True, by_weight=False):
    """The solution of 12.3, or one of the ways to get it wrong: `which(layer, name)` learns."""

    def let_learn(model):
        model.trainable = model_first
        for layer in model.layers:
            if by_weight:
                for weight in layer.weights:
                    weight.trainable = which(layer, weight.path.split("/")[-1])
            else:
                layer.trainable = which(layer, "")

    return let_learn


def _norm_or_head(layer, name):
    return layer.name.startswith("norm") or layer.name == "head"


def _by_ours(model):
    from tlcourse import let_learn

    let_learn(model, "norm")


def _frozen_model(model):
    _learning(_norm_or_head)(model)
    model.trainable = False


def _changed(model):
    _learning(_norm_or_head)(model)
    head = model.get_layer("head")
    head.set_weights([0 * w for w in head.get_weights()])


RIGHT = {
    "12.1": lambda: {
        "a sum": count,
        "a plain number": lambda shapes, rank: int(count(shapes, rank)),
        "asked of Keras": _by_keras,
    },
    "12.2": lambda: {
        "a product": merge,
        "by einsum": lambda k, a, b, alpha: (
            k + alpha / a.shape[-1] * np.einsum("...r,rk->...k", a, b)
        ),
        "float32": lambda k, a, b, alpha: merge(k, a, b, alpha).astype("float32"),
    },
    "12.3": lambda: {
        "by layers": _learning(_norm_or_head),
        "by weights": _learning(
            lambda layer, name: layer.name == "head" or name in ("gamma", "beta"), by_weight=True
        ),
        "the function of the course": _by_ours,
    },
    "12.4": lambda: letter("c"),
}

WRONG = {
    "12.1": lambda: {
        "A alone": (lambda s, r: sum(np.prod(x[:-1]) * r for x in s), "*A* alone"),
        "B alone": (lambda s, r: sum(r * x[-1] for x in s), "*B* alone"),
        "no places": (lambda s, r: sum((x[-2] + x[-1]) * r for x in s), "3 × 3"),
        "the kernels": (lambda s, r: sum(np.prod(x) for x in s), "kernels themselves"),
        "bytes": (lambda s, r: 4 * count(s, r), "Numbers are asked for"),
        "the first alone": (lambda s, r: count(s[:1], r), "missing"),
        "the last alone": (lambda s, r: count(s[-1:], r), "missing"),
        "rank 2 built in": (lambda s, r: count(s, 2), "built in"),
        "a number": (120, "function"),
        "a list": (lambda s, r: [32, 88], "One number"),
    },
    "12.2": lambda: {
        "no scale": (lambda k, a, b, alpha: k + a @ b, "scale is missing"),
        "the change alone": (lambda k, a, b, alpha: merge(0 * k, a, b, alpha), "change alone"),
        "taken off": (lambda k, a, b, alpha: merge(k, a, b, -alpha), "Merging adds"),
        "another rank": (lambda k, a, b, alpha: k + alpha / len(a) * (a @ b), "*columns*"),
        "upside down": (
            lambda k, a, b, alpha: k + b.shape[0] / alpha * (a @ b),
            "not rank / alpha",
        ),
        "all scaled": (
            lambda k, a, b, alpha: alpha / b.shape[0] * (k + a @ b),
            "Only the change",
        ),
        "for dense layers alone": (
            lambda k, a, b, alpha: k + alpha / a.shape[1] * (a @ b),
            "*last* number",
        ),
        "in place": (_in_place, "in place"),
        "no function": (np.eye(2), "without ()"),
    },
    "12.3": lambda: {
        "everything": (_learning(lambda layer, name: True), "Everything still learns"),
        "nothing": (_frozen_model, "Nothing learns"),
        "no head": (
            _learning(lambda layer, name: layer.name.startswith("norm")),
            "no customer has classes",
        ),
        "the head alone": (_learning(lambda layer, name: layer.name == "head"), "does not learn"),
        "biases too": (
            _learning(
                lambda layer, name: layer.name == "head" or name in ("gamma", "beta", "bias"),
                by_weight=True,
            ),
            "BitFit",
        ),
        "a convolution too": (
            _learning(lambda layer, name: _norm_or_head(layer, name) or layer.name == "conv1"),
            "a kernel",
        ),
        "scales alone": (
            _learning(lambda layer, name: layer.name == "head" or name == "gamma", by_weight=True),
            "does not learn",
        ),
        "averages too": (
            _learning(
                lambda layer, name: layer.name == "head" or layer.name.startswith("norm"),
                by_weight=True,
            ),
            "stored average",
        ),
        "a weight changed": (_changed, "A weight has changed"),
        "no function": ("norm", "without ()"),
    },
    "12.4": lambda: other_letters("12.4", "c"),
}
