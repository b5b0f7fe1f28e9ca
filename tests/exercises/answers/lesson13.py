"""Answers to the exercises of lesson 13: what its checks must accept, and what not."""

import numpy as np

from tests.exercises.answers.common import letter, other_letters


def for_whom(shares, labels, *, by_truth=False, absolute=False, sign=1, of_all=False):
    """The solution of 13.1, or one of the ways to get it wrong."""
    said, sure = shares.argmax(axis=1), shares.max(axis=1)
    right = said == labels
    gaps = np.zeros(shares.shape[1])
    for kind in range(shares.shape[1]):
        those = (labels if by_truth else said) == kind
        if those.any():
            total = len(labels) if of_all else those.sum()
            gaps[kind] = sign * (sure[those].sum() - right[those].sum()) / total
    return np.abs(gaps) if absolute else gaps


def _with_nan(shares, labels):
    said = shares.argmax(axis=1)
    return [
        shares.max(axis=1)[said == k].sum() / np.sum(said == k) - (labels[said == k] == k).mean()
        if np.any(said == k)
        else np.nan
        for k in range(3)
    ]


def net(validation, test, unknown, keep):
    """The solution of 13.2."""
    threshold = np.quantile(validation, 1 - keep)
    return np.mean(test >= threshold), np.mean(unknown >= threshold)


def _by_sorting(validation, test, unknown, keep):
    threshold = np.sort(validation)[round((1 - keep) * len(validation))]
    return [float((test >= threshold).mean()), float((unknown >= threshold).mean())]


def _adapting(momentum=0.0, thaw=True, back=True, calls=1, freeze=True, scale=1.0):
    """The solution of 13.3, or one of the ways to get it wrong."""

    def adapt(model, pictures):
        import keras

        norms = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
        for norm in norms:
            norm.trainable, norm.momentum = thaw, momentum
        for _ in range(calls):
            model(scale * pictures.astype("float32"), training=True)
        for norm in norms:
            if back:
                norm.momentum = 0.9
            norm.trainable = not freeze

    return adapt


def _trained(model, pictures):
    model.trainable = True
    model.compile("sgd", "mse")
    model.fit(pictures, np.zeros((len(pictures), 4)), verbose=0)


def _by_ours(model, pictures):
    from tlcourse import adabn

    adabn(model, pictures)
    return model


RIGHT = {
    "13.1": lambda: {
        "a loop": for_whom,
        "a list": lambda shares, labels: for_whom(shares, labels).tolist(),
    },
    "13.2": lambda: {"a quantile": net, "by sorting": _by_sorting},
    "13.3": lambda: {
        "momentum 0": _adapting(),
        "many calls": _adapting(momentum=0.9, calls=150),
        "the function of the course": _by_ours,
    },
    "13.4": lambda: letter("d"),
}

WRONG = {
    "13.1": lambda: {
        "by the true class": (lambda s, y: for_whom(s, y, by_truth=True), "*says*"),
        "no sign": (lambda s, y: for_whom(s, y, absolute=True), "Keep the sign"),
        "the other sign": (lambda s, y: for_whom(s, y, sign=-1), "other way round"),
        "of all pictures": (lambda s, y: for_whom(s, y, of_all=True), "not by all"),
        "no mean": (_with_nan, "never predicted"),
        "one number": (lambda s, y: [np.max(s) - 0.6], "three numbers"),
        "called already": (np.zeros(3), "without ()"),
    },
    "13.2": lambda: {
        "chosen on the test": (
            lambda v, t, u, keep: net(t, t, u, keep),
            "Choose it on validation",
        ),
        "chosen on the unknown": (lambda v, t, u, keep: net(u, t, u, keep), "nobody has it"),
        "what is stopped": (
            lambda v, t, u, keep: [1 - share for share in net(v, t, u, keep)],
            "are stopped",
        ),
        "the other end": (lambda v, t, u, keep: net(v, t, u, 1 - keep), "quantile of 10 %"),
        "the other order": (lambda v, t, u, keep: net(v, t, u, keep)[::-1], "other order"),
        "0.9 built in": (lambda v, t, u, keep: net(v, t, u, 0.9), "built in"),
        "percent": (lambda v, t, u, keep: [95.0, 25.0], "from 0 to 1"),
    },
    "13.3": lambda: {
        "still frozen": (_adapting(thaw=False), "No statistic has moved"),
        "one pass with 0.9": (_adapting(momentum=0.9), "a tenth"),
        "the momentum stays": (_adapting(back=False), "at 0.9"),
        "left unfrozen": (_adapting(freeze=False), "Put `trainable` back"),
        "scaled first": (_adapting(scale=1 / 255), "as they are"),
        "trained": (_trained, "Nothing is to be learned"),
        "no function": ("adabn", "without ()"),
    },
    "13.4": lambda: other_letters("13.4", "d"),
}
