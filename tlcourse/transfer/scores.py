"""Transferability scores: rank sources for a task by their features, without training a head.

Lesson 8 sets them beside the linear probe. Both look at the training pictures alone.
"""

import numpy as np
from sklearn.covariance import LedoitWolf

from tlcourse.errors import InputError

_ROUNDS, _ENOUGH, _TINY = 100, 1e-3, 1e-5  # of the fixed point, as in the authors' code


def log_me(features: np.ndarray, labels: np.ndarray) -> float:
    """LogME: how well a Bayesian linear model explains the labels by the features.

    For each class, the logarithm of the maximum evidence, over the strengths of prior and noise, of
    a linear regression on "this class or not"; the mean over classes, for each picture. K. You,
    Y. Liu, J. Wang and M. Long, "LogME: practical assessment of pre-trained models for transfer
    learning", ICML 2021, arXiv:2102.11005, algorithm 1, with the fixed point of its extension
    (arXiv:2110.10545), which needs one singular value decomposition.

    Args:
        features: (n, d), of the training pictures.
        labels: (n,) int.

    Returns:
        Higher is better; comparable only for the same pictures and labels.

    Raises:
        InputError: the shapes do not fit, or there is only one class.
    """
    features, labels = _checked(features, labels)
    left, values, _ = np.linalg.svd(features, full_matrices=False)
    evidences = [
        _evidence(left.T @ target, values**2, target @ target, features.shape)
        for target in (np.asarray(labels == k, float) for k in np.unique(labels))
    ]
    return float(np.mean(evidences))


def _evidence(along: np.ndarray, power: np.ndarray, total: float, shape: tuple[int, int]) -> float:
    """The maximum log evidence of a regression, for each of n rows.

    Args:
        along: (r,) the target along each left singular vector.
        power: (r,) squared singular values.
        total: squared length of the target.
        shape: n rows, d features.
    """
    (n, d), along = shape, along**2
    rest = max(total - along.sum(), 0.0)  # of the target, that no feature reaches
    alpha = beta = 1.0
    for _ in range(_ROUNDS):
        ratio = alpha / beta
        weights = (power * along / (power + ratio) ** 2).sum()  # squared length of the weights
        error = (along / (1 + power / ratio) ** 2).sum() + rest
        effective = (power / (power + ratio)).sum()  # parameters that the data determine
        alpha, beta = effective / (weights + _TINY), (n - effective) / (error + _TINY)
        if abs(alpha / beta - ratio) <= _ENOUGH * ratio:
            break
    determinant = np.log(alpha + beta * power).sum() + (d - len(power)) * np.log(alpha)
    fit = n * np.log(beta) + d * np.log(alpha) - n * np.log(2 * np.pi)
    return 0.5 * (fit - determinant - beta * error - alpha * weights) / n


def h_score(features: np.ndarray, labels: np.ndarray, *, shrinkage: float | None = None) -> float:
    """H-score: how much of the features' variance lies between the classes.

    The trace of the inverse covariance of the features, times the covariance of their class means.
    Y. Bao and others, "An information-theoretic approach to transferability in task transfer
    learning", ICIP 2019, doi:10.1109/ICIP.2019.8803726; with a covariance that is shrunk, so that
    few pictures do, S. Ibrahim, N. Ponomareva and R. Mazumder, "Newer is not always better:
    rethinking transferability metrics, their peculiarities, stability and performance",
    ECML PKDD 2022, arXiv:2110.06893.

    Args:
        features: (n, d), of the training pictures.
        labels: (n,) int.
        shrinkage: from 0, the plain score, to 1; None has Ledoit's and Wolf's estimate.

    Returns:
        From 0 to the number of classes less one; higher is better.

    Raises:
        InputError: the shapes do not fit, or there is only one class.
    """
    features, labels = _checked(features, labels)
    centered = features - features.mean(axis=0)
    if shrinkage is None:
        fitted = LedoitWolf(assume_centered=True).fit(centered)
        covariance, shrinkage = fitted.covariance_, fitted.shrinkage_
    else:
        covariance = centered.T @ centered / len(centered)
        size = np.trace(covariance) / len(covariance)
        covariance = (1 - shrinkage) * covariance + shrinkage * size * np.eye(len(covariance))
    means = np.zeros_like(centered)
    for k in np.unique(labels):
        means[labels == k] = centered[labels == k].mean(axis=0)
    between = means.T @ means / len(means)
    solved = np.linalg.lstsq(covariance, between, rcond=None)[0]
    return float((1 - shrinkage) * np.trace(solved))


def _checked(features: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    features, labels = np.asarray(features, float), np.asarray(labels)
    if features.ndim != 2 or labels.shape != features.shape[:1]:
        raise InputError(
            "Expected features of shape (n, d) and labels of shape (n,), got "
            f"{features.shape} and {labels.shape}."
        )
    if len(np.unique(labels)) < 2:
        raise InputError("Expected labels of at least two classes, got one: nothing to tell apart.")
    return features, labels
