"""What a trained model says of pictures, and where it found that."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlcourse.data import Split
from tlcourse.inside.explain import grad_cam
from tlcourse.retrain.again import once
from tlcourse.retrain.judge import Judgment

if TYPE_CHECKING:
    import keras

MISTAKES = 8  # that are explained, at most


class Seen(NamedTuple):
    """What the head gets, float32 (n, d), and what it gives, float64 (n, classes)."""

    features: np.ndarray
    logits: np.ndarray


def behind(classifier: "keras.Model", features: Mapping[str, np.ndarray]) -> dict[str, Seen]:
    """What is seen at the head where its features are known: of a linear probe.

    Args:
        classifier: from pictures to logits, by a layer `head`.
        features: of each split, float32 (n, d).
    """
    head = classifier.get_layer("head")
    return {name: Seen(x, np.asarray(head(x), "float64")) for name, x in features.items()}


def through(
    classifier: "keras.Model", splits: Mapping[str, Split], facts: Iterable[object]
) -> dict[str, Seen]:
    """What is seen at the head, by one graph for all splits; or in an earlier run.

    Args:
        classifier: the same, of which more than the head was trained.
        splits: pictures and labels.
        facts: what decides which pictures these are.
    """
    import keras

    from tlcourse.retrain.fine_tuning import Batches
    from tlcourse.transfer.features import model_digest

    head = classifier.get_layer("head")

    def look() -> dict[str, np.ndarray]:
        both = keras.Model(classifier.input, [head.input, head.output])
        found = {}
        for name, split in splits.items():
            # Batches, and no memory map: of an array, `predict` makes one tensor of all photos.
            found[name], found[f"{name} logits"] = both.predict(Batches(split), verbose=0)
        return found

    found = once("seen", [*facts, model_digest(classifier)], look)
    return {
        name: Seen(
            np.asarray(found[name], "float32"), np.asarray(found[f"{name} logits"], "float64")
        )
        for name in splits
    }


def explain(
    classifier: "keras.Model", pictures: np.ndarray, test: Judgment
) -> tuple[np.ndarray, np.ndarray]:
    """The surest mistakes, (m,), and where the model found the class that it said (m, h, w)."""
    mistakes = test.worst(MISTAKES)
    if not len(mistakes):
        return mistakes, np.empty((0, *pictures.shape[1:3]), "float32")
    said = test.answers[mistakes]
    return mistakes, grad_cam(classifier, np.asarray(pictures[mistakes]), class_index=said).maps
