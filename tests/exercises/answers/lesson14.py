"""Answers to the exercises of lesson 14: what its checks must accept, and what not."""

import numpy as np
from scipy.special import log_softmax, softmax

from tests.exercises.answers.common import letter, other_letters


def loss(student, teacher, temperature, *, square=True, of_student=True, of_teacher=True):
    """The solution of 14.1, or one of the ways to get it wrong."""
    p = softmax(teacher / (temperature if of_teacher else 1), axis=1)
    q = softmax(student / (temperature if of_student else 1), axis=1)
    factor = temperature**2 if square else 1
    return factor * np.mean(np.sum(p * np.log(p / q), axis=1))


def _cross_entropy(student, teacher, temperature):
    p = softmax(teacher / temperature, axis=1)
    q = log_softmax(student / temperature, axis=1)
    return -(temperature**2) * np.mean(np.sum(p * q, axis=1))


def _by_keras(student, teacher, temperature, **options):
    import keras

    loss = keras.distillation.LogitsDistillation(temperature=temperature, **options)
    return float(loss.compute_loss(teacher, student))


def _by_keras_right(student, teacher, temperature):
    import keras

    return _by_keras(student, teacher, temperature, loss=keras.losses.KLDivergence())


def pretext(images, *, axes=(1, 2), tile=False, sign=1, degrees=1, mirror=False):
    """The solution of 14.2, or one of the ways to get it wrong."""
    turned = [np.rot90(images, sign * quarter, axes=axes) for quarter in range(4)]
    if mirror:
        turned[1] = turned[1][:, :, ::-1]
    turns = np.tile(np.arange(4), len(images)) if tile else np.repeat(np.arange(4), len(images))
    return np.concatenate(turned), degrees * turns


def _picture_by_picture(images):
    pairs = [(np.rot90(image, quarter), quarter) for image in images for quarter in range(4)]
    return [picture for picture, _ in pairs], [quarter for _, quarter in pairs]


def zero_shot(words, means, seen, unseen, pictures, *, fit_on=None, choices=None, numbers=True):
    """The solution of 14.3, or one of the ways to get it wrong."""
    from sklearn.linear_model import Ridge

    fit_on = seen if fit_on is None else fit_on
    choices = unseen if choices is None else choices
    places = Ridge(alpha=0.01).fit(words[fit_on], means[fit_on]).predict(words[choices])
    nearest = ((pictures[:, None] - places) ** 2).sum(axis=2).argmin(axis=1)
    return choices[nearest] if numbers else nearest


def _by_cosine(words, means, seen, unseen, pictures):
    center = means[seen].mean(axis=0)
    design = np.c_[words, np.ones(len(words))]
    weights = np.linalg.lstsq(design[seen], means[seen] - center, rcond=None)[0]
    places, x = design[unseen] @ weights, pictures - center
    places = places / np.linalg.norm(places, axis=1, keepdims=True)
    return unseen[(x @ places.T).argmax(axis=1)].tolist()


def _nearest_mean(words, means, seen, unseen, pictures):
    distance = ((pictures[:, None] - means[unseen]) ** 2).sum(axis=2)
    return np.where(np.isnan(distance).any(axis=1), np.nan, unseen[distance.argmin(axis=1)])


RIGHT = {
    "14.1": lambda: {"in NumPy": loss, "by Keras": _by_keras_right},
    "14.2": lambda: {"a batch": pretext, "picture by picture": _picture_by_picture},
    "14.3": lambda: {"the nearest": zero_shot, "by cosine": _by_cosine},
    "14.4": lambda: letter("c"),
}

WRONG = {
    "14.1": lambda: {
        "Keras as it comes": (_by_keras, "bare logits"),
        "no square": (lambda s, t, at: loss(s, t, at, square=False), "square of the temperature"),
        "cross-entropy": (_cross_entropy, "That is the cross-entropy"),
        "a sharp student": (lambda s, t, at: loss(s, t, at, of_student=False), "student's logits"),
        "a sharp teacher": (lambda s, t, at: loss(s, t, at, of_teacher=False), "stay sharp"),
        "exchanged": (lambda s, t, at: loss(t, s, at), "exchanged"),
        "the sum": (lambda s, t, at: 3 * loss(s, t, at), "not the sum"),
        "the mean of classes": (lambda s, t, at: loss(s, t, at) / 3, "sum over the classes"),
        "over the pictures": (
            lambda s, t, at: loss(s, t, at) * len(s) / s.shape[1],
            "sum over the classes (axis 1)",
        ),
        "3 built in": (lambda s, t, at: loss(s, t, 3.0), "built in"),
        "no function": (0.5, "without ()"),
    },
    "14.2": lambda: {
        "axes left out": (lambda x: pretext(x, axes=(0, 1)), "axes=(1, 2)"),
        "tiled": (lambda x: pretext(x, tile=True), "np.repeat"),
        "to the right": (lambda x: pretext(x, sign=-1), "to the left"),
        "degrees": (lambda x: pretext(x, degrees=90), "quarters, not of degrees"),
        "mirrored": (lambda x: pretext(x, mirror=True), "mirrored"),
        "one turn": (lambda x: (np.concatenate([x] * 4), np.zeros(24)), "four times"),
        "pictures only": (lambda x: pretext(x)[0], "two things"),
    },
    "14.3": lambda: {
        "learned from all": (
            lambda w, m, s, u, x: zero_shot(w, m, s, u, x, fit_on=np.arange(12)),
            "unseen classes",
        ),
        "nearest mean": (_nearest_mean, "means of the unseen"),
        "places": (lambda w, m, s, u, x: zero_shot(w, m, s, u, x, numbers=False), "unseen[places]"),
        "among the seen": (
            lambda w, m, s, u, x: zero_shot(w, m, s, u, x, choices=s),
            "not among the choices",
        ),
        "always the first": (lambda w, m, s, u, x: [u[0]] * len(x), "where their pictures"),
    },
    "14.4": lambda: other_letters("14.4", "c"),
}
