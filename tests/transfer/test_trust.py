"""Confidence, the unknown and another light: values worked out by hand."""

import keras
import numpy as np
import pytest

from tlcourse import adabn, coral, energy_score, expected_calibration_error, temperature
from tlcourse.errors import InputError


def shares(*sure):
    """Shares of two classes, the given one for the first."""
    return np.array([[value, 1 - value] for value in sure])


# ------------------------------------------------------------------------- confidence


def test_the_calibration_error_by_hand():
    """Two pictures at 0.9, one of them right: 0.4 apart. Two at 0.6, both right: 0.4 apart."""
    table = shares(0.9, 0.9, 0.6, 0.6)
    assert expected_calibration_error(table, np.array([0, 1, 0, 0])) == pytest.approx(0.4)
    # 0.9, 0.9, 0.9, 0.9 with three right: 0.15; 0.6 wrong: 0.6. (4 × 0.15 + 0.6) / 5
    table = shares(0.9, 0.9, 0.9, 0.9, 0.6)
    assert expected_calibration_error(table, np.array([0, 0, 0, 1, 1])) == pytest.approx(0.24)


def test_in_one_bin_too_sure_and_too_modest_cancel_and_in_two_they_do_not():
    table, labels = shares(0.95, 0.55), np.array([1, 0])  # 0.95 too much, 0.45 too little
    assert expected_calibration_error(table, labels, bins=1) == pytest.approx(0.25)
    assert expected_calibration_error(table, labels, bins=10) == pytest.approx(0.7)


def test_a_share_of_one_is_in_the_last_bin():
    assert expected_calibration_error(shares(1.0, 1.0), np.array([0, 0])) == 0.0


def test_logits_are_no_shares():
    with pytest.raises(InputError, match=r"softmax\(logits\)"):
        expected_calibration_error(np.array([[4.0, -1.0]]), np.array([0]))
    with pytest.raises(InputError, match=r"not \(2, 2\) and \(3,\)"):
        expected_calibration_error(shares(0.5, 0.5), np.zeros(3, int))
    with pytest.raises(InputError, match="whole numbers from 0 to 1"):
        expected_calibration_error(shares(0.5, 0.5), np.array([0, 2]))


@pytest.mark.parametrize("true", [0.5, 1.0, 2.0, 5.0])
def test_the_temperature_by_hand(true):
    """Nine of ten are right, so the share should be 0.9: a logit of ln 9. It is `true` times that.

    Whatever the sure answers' logits are, dividing by `true` gives what was seen.
    """
    logits = np.tile([true * np.log(9), 0.0], (10, 1))
    labels = np.array([0] * 9 + [1])
    assert temperature(logits, labels) == pytest.approx(true, rel=1e-4)
    assert temperature(logits + 1000, labels) == pytest.approx(true, rel=1e-4)


def test_who_is_always_right_cannot_be_too_sure():
    assert temperature(np.array([[1.0, 0.0]]), np.array([0])) == pytest.approx(0.01, rel=1e-3)
    assert temperature(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(100, rel=1e-3)


# ------------------------------------------------------------------------- none of these


def test_the_energy_by_hand():
    logits = np.array([[0.0, 0.0], [np.log(1), np.log(3)], [1000.0, 1000.0]])
    assert energy_score(logits) == pytest.approx([np.log(2), np.log(4), 1000 + np.log(2)])
    # 2 · ln(e^(0/2) + e^(2 ln 3 / 2)) = 2 · ln 4
    assert energy_score(np.array([[0.0, 2 * np.log(3)]]), temperature=2.0) == pytest.approx(
        [2 * np.log(4)]
    )


def test_energy_sees_what_softmax_divides_away():
    """Adding the same to all logits leaves the shares as they are."""
    low, high = energy_score(np.array([[1.0, 2.0], [11.0, 12.0]]))
    assert high - low == pytest.approx(10)


def test_what_the_energy_refuses():
    with pytest.raises(InputError, match=r"not \(2,\)"):
        energy_score(np.zeros(2))
    with pytest.raises(InputError, match="above 0, not 0"):
        energy_score(np.zeros((1, 2)), temperature=0)


# ------------------------------------------------------------------------- another light


def test_coral_by_hand():
    """Variance 4 becomes variance 9, around the other mean; with a ridge of 1, √(10 / 5)."""
    source = np.array([[-2.0], [0.0], [2.0]]) + 5  # variance 4, mean 5
    target = np.array([[-3.0], [0.0], [3.0]]) - 1  # variance 9, mean −1
    assert coral(source, target, ridge=0)[:, 0] == pytest.approx([-4, -1, 2])
    assert coral(source, target)[:, 0] == pytest.approx([-1 - 2 * 2**0.5, -1, -1 + 2 * 2**0.5])


def test_coral_gives_the_mean_and_the_covariance_of_the_target():
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(50, 3)), rng.normal(size=(40, 3)) @ rng.normal(size=(3, 3))
    moved = coral(source, target + 7, ridge=0)
    assert moved.mean(axis=0) == pytest.approx(target.mean(axis=0) + 7)
    assert np.cov(moved.T) == pytest.approx(np.cov(target.T))


def test_what_coral_refuses():
    with pytest.raises(InputError, match=r"not \(3, 2\) and \(3, 4\)"):
        coral(np.zeros((3, 2)), np.zeros((3, 4)))
    with pytest.raises(InputError, match="at least two pictures"):
        coral(np.zeros((3, 2)), np.zeros((1, 2)))
    with pytest.raises(InputError, match="must not be negative"):
        coral(np.zeros((3, 2)), np.zeros((3, 2)), ridge=-1)


def normalized(frozen):
    image = keras.Input((1, 1, 2))
    norm = keras.layers.BatchNormalization(momentum=0.9, epsilon=0.0, name="norm")
    second = keras.layers.BatchNormalization(momentum=0.9, epsilon=0.0, name="second")
    model = keras.Model(image, second(norm(image)))
    norm.gamma.assign([1.0, 3.0])
    model.trainable = not frozen
    return model


@pytest.mark.parametrize("frozen", [True, False])
def test_adabn_by_hand(frozen):
    """Means 2 and 10, variances 4 and 25; the second gets means 0 and variances 1 and 3²."""
    model = normalized(frozen)
    pictures = np.array([[0.0, 5.0], [4.0, 15.0]]).reshape(2, 1, 1, 2)
    adabn(model, pictures)
    norm, second = model.get_layer("norm"), model.get_layer("second")
    assert norm.moving_mean.numpy() == pytest.approx([2, 10])
    assert norm.moving_variance.numpy() == pytest.approx([4, 25])
    assert second.moving_mean.numpy() == pytest.approx([0, 0], abs=1e-6)
    assert second.moving_variance.numpy() == pytest.approx([1, 9], rel=1e-5)
    assert model.predict(pictures, verbose=0).ravel() == pytest.approx([-1, -1, 1, 1], rel=1e-5)


def test_adabn_changes_nothing_but_the_statistics():
    model = normalized(frozen=True)
    adabn(model, np.arange(8.0).reshape(4, 1, 1, 2))
    norm = model.get_layer("norm")
    assert norm.gamma.numpy() == pytest.approx([1, 3])
    assert (norm.momentum, norm.trainable) == (0.9, False)


def test_what_adabn_refuses():
    image = keras.Input((1,))
    plain = keras.Model(image, keras.layers.Dense(1)(image), name="plain")
    with pytest.raises(InputError, match="plain has no batch normalization"):
        adabn(plain, np.zeros((4, 1)))
    with pytest.raises(InputError, match="no pictures"):
        adabn(normalized(frozen=True), np.zeros((0, 1, 1, 2)))
