"""What "90 % sure" is worth: a temperature, how it holds, and a threshold for *none of these*."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from tlcourse.retrain.judge import wilson
from tlcourse.transfer.probe import linear_probe
from tlcourse.transfer.trust import expected_calibration_error

COLDEST, HOTTEST = 0.25, 8.0
EDGES = (0.0, 0.5, 0.7, 0.9, 1.0)  # of how sure it says it is, in the table
KEEP = (0.95, 0.9, 0.8)  # shares of right answers that a threshold may keep; the first is saved
STRANGERS = 10  # classes that are left out in turn, at most


def temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """What to divide logits by, so that probabilities are as high as the model is often right.

    It is the one with the least log loss on photos that were not trained on, and changes no
    answer. C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On calibration of modern neural
    networks", 2017, arXiv:1706.04599. As if each photo had a small chance of being another class
    (after J. Platt, 1999): where all answers are right, chance is not nothing.

    Args:
        logits: (n, classes), of validation photos.
        labels: int (n,).
    """
    n, classes = logits.shape
    doubt = 1 / (n + 2)
    wanted = np.full((n, classes), doubt / (classes - 1))
    wanted[np.arange(n), labels] = 1 - doubt

    def loss(log_t: float) -> float:
        return -float(np.mean(np.sum(wanted * log_softmax(logits / np.exp(log_t), axis=1), axis=1)))

    found = minimize_scalar(loss, bounds=np.log([COLDEST, HOTTEST]), method="bounded")
    return float(np.exp(found.x))


@dataclass(frozen=True)
class Level:
    """Of the photos of which it was about as sure: how many, how sure, and how often right.

    `interval` is the 95 % interval of `right` (Wilson).
    """

    low: float
    high: float
    photos: int
    sure: float
    right: float
    interval: tuple[float, float]


def reliability(probabilities: np.ndarray, labels: np.ndarray) -> tuple[Level, ...]:
    """How often it is right when it is so sure, for the levels that occur; the surest first."""
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    levels = []
    for low, high in itertools.pairwise(EDGES):
        here = (sure >= low) & ((sure < high) | (high == 1))
        if here.any():
            interval = wilson(int(right[here].sum()), int(here.sum()))
            levels.append(
                Level(low, high, int(here.sum()), float(sure[here].mean()),
                      float(right[here].mean()), interval)
            )  # fmt: skip
    return tuple(reversed(levels))


@dataclass(frozen=True)
class Threshold:
    """Below `value` a model had better say "none of these?", and what that costs and brings.

    Attributes:
        keep: share of the right validation answers that it keeps.
        value: a probability.
        right: of the test photos that it names right, those that it refuses: (refused, all).
        wrong: the same of those that it names wrong.
        strangers: the same of photos of classes that a probe had never seen, each class left out
            in turn; (0, 0) with two classes, as one alone is no task.
    """

    keep: float
    value: float
    right: tuple[int, int]
    wrong: tuple[int, int]
    strangers: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Confidence:
    """All that is known of the model's probabilities.

    Attributes:
        temperature: that logits are divided by.
        before: calibration error on the test photos without it, and
        after: with it.
        levels: of the test photos.
        thresholds: one for each of `KEEP`; the first is saved in the model.
    """

    temperature: float
    before: float
    after: float
    levels: tuple[Level, ...]
    thresholds: tuple[Threshold, ...]


def thresholds(probabilities: np.ndarray, labels: np.ndarray) -> list[float]:
    """The probability that each share of `KEEP` of the right answers reaches."""
    right = probabilities.argmax(axis=1) == labels
    sure = probabilities.max(axis=1)[right] if right.any() else probabilities.max(axis=1)
    return [float(np.quantile(sure, 1 - keep, method="lower")) for keep in KEEP]


def decide(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Temperature and threshold that are saved in the model, by validation photos alone."""
    heat = temperature(logits, labels)
    return heat, thresholds(softmax(logits / heat, axis=1), labels)[0]


def measure(
    validation: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    strangers: Sequence[tuple[int, int]],
) -> Confidence:
    """What probabilities are worth, on test photos.

    Args:
        validation: logits (n, classes) and labels (n,): they decide on temperature and thresholds.
        test: the same; they decide on nothing.
        strangers: of `refuse_strangers`.
    """
    heat = temperature(*validation)
    logits, labels = test
    plain, cooled = softmax(logits, axis=1), softmax(logits / heat, axis=1)
    sure, right = cooled.max(axis=1), cooled.argmax(axis=1) == labels
    rows = []
    cuts = thresholds(softmax(validation[0] / heat, axis=1), validation[1])
    for keep, cut, strange in zip(KEEP, cuts, strangers, strict=True):
        refused = sure < cut
        counts = [(int(np.sum(refused & mask)), int(mask.sum())) for mask in (right, ~right)]
        rows.append(Threshold(keep, cut, *counts, strange))
    errors = [expected_calibration_error(each, labels) for each in (plain, cooled)]
    return Confidence(heat, *errors, reliability(cooled, labels), tuple(rows))


def refuse_strangers(
    features: dict[str, np.ndarray],
    labels: dict[str, np.ndarray],
    *,
    regularization: float,
    seed: int = 0,
) -> list[tuple[int, int]]:
    """Of photos of a class that a probe has not seen, how many each threshold refuses.

    Each class is left out in turn, of many only some. The probe learns the others from training
    photos; temperature and thresholds come from validation photos of the others; the photos of the
    class in validation and test are the strangers.

    Args:
        features: by split, (n, d).
        labels: by split, int (n,).
        regularization: C of the logistic regression.
        seed: of the draw of classes, where there are many.

    Returns:
        For each of `KEEP` how many were refused, of how many.
    """
    classes = np.unique(labels["train"])
    counts = np.zeros((len(KEEP), 2), int)
    if len(classes) < 3:
        return [(0, 0)] * len(KEEP)
    for k in np.random.default_rng(seed).permutation(classes)[:STRANGERS]:
        known = {split: labels[split] != k for split in labels}
        numbers = {split: labels[split] - (labels[split] > k) for split in labels}
        probe = linear_probe(
            features["train"][known["train"]],
            numbers["train"][known["train"]],
            c_values=[regularization],
        )
        seen = _logits(probe, features["validation"][known["validation"]])
        answers = numbers["validation"][known["validation"]]
        heat = temperature(seen, answers)
        strange = np.concatenate(
            [features[split][~known[split]] for split in known if split != "train"]
        )
        sure = softmax(_logits(probe, strange) / heat, axis=1).max(axis=1)
        cuts = thresholds(softmax(seen / heat, axis=1), answers)
        counts += [(int(np.sum(sure < cut)), len(strange)) for cut in cuts]
    return [tuple(map(int, row)) for row in counts]


def _logits(probe, features: np.ndarray) -> np.ndarray:
    """One for each class, for two classes, too."""
    found = probe.decision_function(features)
    return np.stack([-found / 2, found / 2], axis=1) if found.ndim == 1 else found
