"""Train: a linear probe first, then gentle fine-tuning, of which only what helps is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from tlcourse.data import Split
from tlcourse.networks.layers import leaves
from tlcourse.retrain.again import Arrays, once
from tlcourse.retrain.fine_tuning import Score, fine_tune
from tlcourse.transfer.features import model_digest
from tlcourse.transfer.probe import linear_probe
from tlcourse.transfer.tuning import probed_classifier

PROBE, TUNED = "linear probe", "fine-tuned"
CHOOSE_FROM = 3000  # photos by which the probe's regularization is chosen, at most
UNEQUAL = 1.5  # times as many photos of one class as of another, from which classes are weighted


@dataclass(frozen=True)
class Trained:
    """What training came to.

    Attributes:
        model: from pictures (n, size, size, 3) to logits (n, classes): the better one.
        method: `"linear probe"` or `"fine-tuned"`.
        scores: validation score of each method that was tried.
        regularization: C of the probe's logistic regression.
        note: why fine-tuning did not run to its end, or was left out; else empty.
        earlier: whether it was done in an earlier run.
    """

    model: keras.Model
    method: str
    scores: dict[str, Score]
    regularization: float
    note: str
    earlier: bool = False


def class_weights(labels: np.ndarray) -> np.ndarray | None:
    """What a photo of each class counts so that all classes count the same; None when they do.

    Args:
        labels: int (n,), with photos of each class.
    """
    counts = np.bincount(labels)
    if counts.max() < UNEQUAL * counts.min():
        return None
    return len(labels) / (len(counts) * counts)


def fit_probe(features: np.ndarray, labels: np.ndarray, seed: int, *, balanced: bool = False):
    """A linear probe; of many photos, only a part is used to choose its regularization.

    Balanced, each class counts the same; its regularization is chosen without that.
    """
    if len(labels) <= CHOOSE_FROM and not balanced:
        return linear_probe(features, labels, seed=seed)
    some = np.arange(len(labels))
    if len(labels) > CHOOSE_FROM:
        some = np.sort(np.random.default_rng(seed).choice(some, CHOOSE_FROM, replace=False))
    c = regularization_of(linear_probe(features[some], labels[some], seed=seed))
    weight = "balanced" if balanced else None
    return linear_probe(features, labels, c_values=[c], class_weight=weight)


def regularization_of(probe) -> float:
    """The C that a probe was fitted with."""
    return float(probe[-1].C)


def train(
    backbone: keras.Model,
    num_classes: int,
    training: Split,
    validation: Split,
    probe,
    *,
    strategy,
    seed: int = 0,
    deadline: float = float("inf"),
    weights: np.ndarray | None = None,
    facts: Sequence[object] = (),
) -> Trained:
    """Put the probe's head on the backbone, then fine-tune its late layers, if that helps.

    It helps when the validation loss falls (`fine_tuning.score`) and no validation accuracy is
    lost. An interruption (Ctrl-C) or the deadline ends it early, with the best that there is. What
    the frozen layers give for each picture is computed once, where memory holds it. What ran to its
    end is not done twice.

    Args:
        backbone: from pictures to features. It is copied, and stays as it is.
        num_classes: number of classes.
        training: pictures, which may be a memory map, and labels.
        validation: the same.
        probe: fitted to the training features.
        strategy: a `tf.distribute.Strategy`.
        seed: of the order of the pictures.
        deadline: in seconds of `time.monotonic()`.
        weights: (classes,) what a photo of each class counts, in training as in validation.
        facts: what decides which pictures and labels these are; without, nothing is kept for the
            next run.
    """
    with strategy.scope():
        model = probed_classifier(backbone, num_classes, probe, late_layer(backbone))

    earlier = True

    def learn() -> Arrays:
        nonlocal earlier
        earlier = False
        best = fine_tune(
            model, training, validation,
            strategy=strategy, seed=seed, deadline=deadline, weights=weights,
        )  # fmt: skip
        tried = [best.start, best.tuned] if best.tuned else [best.start]
        found = {f"weights_{at:04}": value for at, value in enumerate(model.get_weights())}
        found["scores"] = np.array([(score.accuracy, score.loss) for score in tried])
        return found | {"improved": np.array(best.improved), "note": np.array(best.note)}

    if facts:
        facts = (*facts, model_digest(model), seed, None if weights is None else weights.tolist())
        found = once("fine-tuned", facts, learn, keep=lambda found: not str(found["note"]))
        model.set_weights([found[name] for name in sorted(found) if name.startswith("weights_")])
    else:
        found = learn()
    tried = (Score(*score) for score in found["scores"].tolist())
    # A model of its own, without strategy and optimizer: under a strategy, `predict_on_batch` gives
    # each answer once a device, and an optimizer doubles the size of a file.
    plain = keras.Model(model.input, model.output, name=model.name)
    return Trained(
        plain,
        TUNED if found["improved"] else PROBE,
        dict(zip((PROBE, TUNED), tried, strict=False)),  # the second is not always there
        regularization_of(probe),
        str(found["note"]),
        earlier,
    )


def late_layer(backbone: keras.Model, share: float = 0.2) -> str:
    """The layer from which fine-tuning starts: the last stage, or the last fifth of the layers."""
    weighted = [path for path, layer in leaves(backbone) if layer.weights]
    if any(path.startswith("stage4_") for path in weighted):
        return "stage4"
    return weighted[-max(1, round(share * len(weighted)))]
