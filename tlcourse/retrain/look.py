"""What a trained model says of pictures, and where it found that."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlcourse.inside.explain import grad_cam
from tlcourse.retrain.judge import Judgment

if TYPE_CHECKING:
    import keras

MISTAKES = 8  # that are explained, at most


class Seen(NamedTuple):
    """What the head gets, float32 (n, d), and what it gives, float64 (n, classes)."""

    features: np.ndarray
    logits: np.ndarray


def through(classifier: "keras.Model") -> Callable[..., Seen]:
    """A function from `train.Batches` to what is seen at the head, of one graph for all splits.

    Batches, and no memory map: of an array, `predict` makes one tensor of all photos first.
    """
    import keras

    head = classifier.get_layer("head")
    both = keras.Model(classifier.input, [head.input, head.output])

    def see(batches) -> Seen:
        features, logits = both.predict(batches, verbose=0)
        return Seen(np.asarray(features, "float32"), np.asarray(logits, "float64"))

    return see


def explain(
    classifier: "keras.Model", pictures: np.ndarray, test: Judgment
) -> tuple[np.ndarray, np.ndarray]:
    """The surest mistakes, (m,), and where the model found the class that it said (m, h, w)."""
    mistakes = test.worst(MISTAKES)
    if not len(mistakes):
        return mistakes, np.empty((0, *pictures.shape[1:3]), "float32")
    said = test.answers[mistakes]
    return mistakes, grad_cam(classifier, np.asarray(pictures[mistakes]), class_index=said).maps
