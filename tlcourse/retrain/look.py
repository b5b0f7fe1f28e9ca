"""What a trained model says of pictures, and where it found that."""

from typing import TYPE_CHECKING

import numpy as np

from tlcourse.inside.explain import grad_cam
from tlcourse.retrain.judge import Judgment

if TYPE_CHECKING:
    import keras

MISTAKES = 8  # that are explained, at most


def logits(classifier: "keras.Model", batches) -> np.ndarray:
    """float64 (n, classes), of `train.Batches`.

    Batches, and no memory map: of an array, `predict` makes one tensor of all photos first.
    """
    return np.asarray(classifier.predict(batches, verbose=0), "float64")


def features(classifier: "keras.Model", batches) -> np.ndarray:
    """What the head gets, float32 (n, d), of `train.Batches`."""
    import keras

    inner = keras.Model(classifier.input, classifier.get_layer("head").input)
    return np.asarray(inner.predict(batches, verbose=0), "float32")


def explain(
    classifier: "keras.Model", pictures: np.ndarray, test: Judgment
) -> tuple[np.ndarray, np.ndarray]:
    """The surest mistakes, (m,), and where the model found the class that it said (m, h, w)."""
    mistakes = test.worst(MISTAKES)
    if not len(mistakes):
        return mistakes, np.empty((0, *pictures.shape[1:3]), "float32")
    said = test.answers[mistakes]
    return mistakes, grad_cam(classifier, np.asarray(pictures[mistakes]), class_index=said).maps
