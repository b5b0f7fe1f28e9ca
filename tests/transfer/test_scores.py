"""LogME and H-score: values worked out by hand, and an independent formula."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from tlcourse.errors import InputError
from tlcourse.transfer import h_score, log_me


def best_evidence(features, target):
    """The marginal likelihood, N(y; 0, I/β + F Fᵀ/α), climbed by a general optimizer."""

    def loss(logs):
        alpha, beta = np.exp(logs)
        covariance = np.eye(len(target)) / beta + features @ features.T / alpha
        return -multivariate_normal(cov=covariance).logpdf(target)

    starts = ([0.0, 0.0], [2.0, 2.0], [-2.0, 1.0])
    return max(-minimize(loss, start, method="Nelder-Mead").fun for start in starts)


@pytest.mark.parametrize("width", [2, 4, 9])  # fewer features than pictures, and more
def test_log_me_is_the_largest_evidence_per_picture(width):
    dice = np.random.default_rng(width)
    labels = np.array([0, 0, 1, 1, 2, 2, 2])
    features = dice.normal(size=(7, width)) + 0.7 * labels[:, None]
    expected = np.mean([best_evidence(features, (labels == k) * 1.0) / 7 for k in range(3)])
    assert log_me(features, labels) == pytest.approx(expected, abs=2e-3)


def test_log_me_prefers_the_features_that_tell_the_classes():
    dice = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 10)
    noise = dice.normal(size=(30, 5))
    near, far = (noise + step * np.eye(5)[labels] for step in (0.5, 3.0))
    assert log_me(noise, labels) < log_me(near, labels) < log_me(far, labels)


def test_h_score_by_hand():
    # One feature: -2 and 0 of one class, 0 and 2 of the other. Variance 2, of the means 1.
    features, labels = np.array([[-2.0], [0.0], [0.0], [2.0]]), np.array([0, 0, 1, 1])
    assert h_score(features, labels, shrinkage=0.0) == pytest.approx(0.5)
    assert h_score(10 * features + 7, labels, shrinkage=0.0) == pytest.approx(0.5)
    # Half of it shrunk towards the mean variance, which is the same here: half the score.
    assert h_score(features, labels, shrinkage=0.5) == pytest.approx(0.25)


def test_h_score_with_more_features_than_pictures_is_as_large_as_can_be():
    labels = np.array([0, 0, 1, 1, 2, 2])
    noise = np.random.default_rng(0).normal(size=(6, 20))  # tells nothing
    assert h_score(noise, labels, shrinkage=0.0) == pytest.approx(2.0)
    assert h_score(noise, labels) < 1.5


def test_h_score_shrinks_as_ledoit_and_wolf_do():
    dice = np.random.default_rng(1)
    labels = np.repeat([0, 1], 20)
    features = dice.normal(size=(40, 3)) + labels[:, None]
    from sklearn.covariance import ledoit_wolf_shrinkage

    shrinkage = ledoit_wolf_shrinkage(features)
    assert h_score(features, labels) == pytest.approx(
        h_score(features, labels, shrinkage=shrinkage)
    )


@pytest.mark.parametrize("score", [log_me, h_score])
def test_wrong_input_is_told(score):
    with pytest.raises(InputError, match=r"\(n, d\).*got \(4, 2\) and \(3,\)"):
        score(np.zeros((4, 2)), np.zeros(3))
    with pytest.raises(InputError, match="at least two classes"):
        score(np.zeros((4, 2)), np.zeros(4))
