"""How far a model can be trusted: its confidence, what it does not know, and another light."""

from typing import TYPE_CHECKING

import numpy as np

from tlcourse.errors import InputError
from tlcourse.networks.control import fit_statistics

if TYPE_CHECKING:
    import keras


def expected_calibration_error(shares: np.ndarray, labels: np.ndarray, *, bins: int = 10) -> float:
    """By how much confidence and accuracy differ, on average over all pictures (ECE).

    The pictures are put into bins of equal width by their largest share. In each bin, the mean
    share is compared with the share of right answers. Few pictures make it too large: even a
    perfectly calibrated model has bins in which chance moves the two apart.
    C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural networks",
    2017, arXiv:1706.04599, equation 3.

    Args:
        shares: (n, classes), the softmax shares of each picture, each row with a sum of 1.
        labels: (n,) int, the true classes.
        bins: how many, of equal width from 0 to 1.

    Returns:
        A number from 0 to 1; 0 is perfect.

    Raises:
        InputError: the shapes do not fit, or the rows are no shares.
    """
    shares, labels = _checked(shares, labels)
    if shares.min() < 0 or not np.allclose(shares.sum(axis=1), 1, atol=1e-3):
        raise InputError(
            "shares must not be negative, and each row must have a sum of 1. Are these logits? "
            "Then give softmax(logits)."
        )
    sure, right = shares.max(axis=1), shares.argmax(axis=1) == labels
    which = np.minimum((bins * sure).astype(int), bins - 1)
    gaps = np.bincount(which, sure, bins) - np.bincount(which, right, bins)
    return float(np.abs(gaps).sum() / len(labels))


def temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The number by which to divide the logits, so that the shares fit the right answers.

    It has the lowest cross-entropy on the given pictures: those of validation. No answer changes,
    since the order of the logits stays. Guo and others, 2017, arXiv:1706.04599, section 4.2.

    Args:
        logits: (n, classes), before any softmax.
        labels: (n,) int, the true classes.

    Returns:
        The temperature, from 0.01 to 100: above 1 for a model that is too sure.

    Raises:
        InputError: the shapes do not fit.
    """
    logits, labels = _checked(logits, labels)
    true = logits[np.arange(len(labels)), labels]
    low, high = np.log(0.01), np.log(100.0)  # of 1 / temperature, in which the loss is convex
    while high - low > 1e-6:
        middle = (low + high) / 2
        z = np.exp(middle) * logits
        shares = np.exp(z - z.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        slope = np.mean((shares * logits).sum(axis=1) - true)  # of the cross-entropy
        low, high = (low, middle) if slope > 0 else (middle, high)
    return float(np.exp(-low))


def energy_score(logits: np.ndarray, *, temperature: float = 1.0) -> np.ndarray:
    """How much all logits together speak for a known class: larger for what is known.

    It is the negative energy of W. Liu, X. Wang, J. D. Owens and Y. Li, "Energy-based
    out-of-distribution detection", 2020, arXiv:2010.03759, equation 4.

    Args:
        logits: (n, classes), before any softmax.
        temperature: by which they are divided, above 0.

    Returns:
        (n,) `temperature · log Σ exp(logits / temperature)`.

    Raises:
        InputError: the logits are no table, or the temperature is not above 0.
    """
    logits = np.asarray(logits, float)
    if logits.ndim != 2:
        raise InputError(f"logits must be (n, classes), not {logits.shape}.")
    if temperature <= 0:
        raise InputError(f"temperature must be above 0, not {temperature}.")
    z = logits / temperature
    top = z.max(axis=1)
    return temperature * (top + np.log(np.exp(z - top[:, None]).sum(axis=1)))


def coral(source: np.ndarray, target: np.ndarray, *, ridge: float = 1.0) -> np.ndarray:
    """Features of the source with the mean and the covariance of the target's.

    A head that learns from them fits the target better, where only the style has changed. The
    target needs no labels, but it must hold the classes in the same shares as the source.
    B. Sun, J. Feng and K. Saenko, "Return of frustratingly easy domain adaptation", 2016,
    arXiv:1511.05547, algorithm 1. (There, both are standardized first; here the means are moved.)

    Args:
        source: (n, d), labeled elsewhere; standardized features, or the ridge does not fit.
        target: (m, d), on the same scale, without labels.
        ridge: added to the diagonal of both covariances; 1 in the paper.

    Returns:
        (n, d), row by row the source's pictures.

    Raises:
        InputError: the shapes do not fit, there are fewer than two rows, or the ridge is negative.
    """
    source, target = np.asarray(source, float), np.asarray(target, float)
    if source.ndim != 2 or target.ndim != 2 or source.shape[1] != target.shape[1]:
        raise InputError(
            f"source and target must be (n, d) and (m, d), not {source.shape} and {target.shape}."
        )
    if min(len(source), len(target)) < 2:
        raise InputError("A covariance needs at least two pictures of the source and the target.")
    if ridge < 0:
        raise InputError(f"ridge must not be negative, but is {ridge}.")
    plain, colored = _root(source, -0.5, ridge), _root(target, 0.5, ridge)
    return (source - source.mean(axis=0)) @ plain @ colored + target.mean(axis=0)


def adabn(model: "keras.Model", images: np.ndarray) -> None:
    """Give all batch normalizations the means and variances of these pictures, in place.

    Nothing is learned, and no label is needed. The pictures must hold the classes in the shares of
    the training: means of one class alone say more about the class than about the light.
    Y. Li, N. Wang, J. Shi, J. Liu and X. Hou, "Revisiting batch normalization for practical domain
    adaptation", 2016, arXiv:1603.04779. To go back, keep `model.get_weights()`.

    Args:
        model: with at least one batch normalization, frozen or not.
        images: (n, height, width, 3) as the model takes them; they go through it at once. Some
            dozens, or chance moves the means.

    Raises:
        InputError: there are no pictures, or no normalization.
    """
    fit_statistics(model, images)


def _root(features: np.ndarray, power: float, ridge: float) -> np.ndarray:
    """A power of the covariance of features (n, d) with a ridge, (d, d)."""
    covariance = np.atleast_2d(np.cov(features.T)) + ridge * np.eye(features.shape[1])
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.maximum(values, 1e-12) ** power) @ vectors.T


def _checked(table: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    table, labels = np.asarray(table, float), np.asarray(labels)
    if table.ndim != 2 or not len(table) or labels.shape != (len(table),):
        raise InputError(
            f"Expected a table (n, classes) and labels (n,), not {table.shape} and {labels.shape}."
        )
    if not np.issubdtype(labels.dtype, np.integer) or not (
        0 <= labels.min() <= labels.max() < table.shape[1]
    ):
        raise InputError(f"labels must be whole numbers from 0 to {table.shape[1] - 1}.")
    return table, labels
