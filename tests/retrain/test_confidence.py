"""Probabilities that mean something, and a threshold for what is none of the classes."""

import json

import keras
import numpy as np
import pytest
from PIL import Image
from scipy.special import softmax

from tlcourse import cli
from tlcourse.retrain import confidence
from tlcourse.retrain.model import load, ready_to_use, save_model


def answers(n, heat, seed=0):
    """Logits of a model that knows the true probabilities, but multiplies the logits."""
    dice = np.random.default_rng(seed)
    logits = dice.normal(size=(n, 4)) * 1.5
    labels = np.array([dice.choice(4, p=row) for row in softmax(logits, axis=1)])
    return logits * heat, labels


def test_the_temperature_is_what_the_logits_were_multiplied_by():
    for heat in (0.5, 1.0, 3.0):
        assert confidence.temperature(*answers(4000, heat)) == pytest.approx(heat, rel=0.08)


def test_it_makes_an_overconfident_model_honest():
    validation, test = answers(1000, 3.0), answers(1000, 3.0, seed=1)
    found = confidence.measure(validation, test, [(0, 0)] * 3)
    assert found.before > 0.15
    assert found.after < 0.06
    assert all(one.interval[0] <= one.sure <= one.interval[1] for one in found.levels)
    lows = [one.low for one in found.levels]
    assert lows == sorted(lows, reverse=True)


def test_where_all_answers_are_right_it_is_not_without_bounds():
    """Ten photos, all right: the log loss alone would ask for infinite sureness."""
    labels = np.arange(10) % 2
    logits = np.where(np.arange(2) == labels[:, None], 1.0, -1.0)
    sure = softmax(logits / confidence.temperature(logits, labels), axis=1).max()
    assert sure == pytest.approx(1 - 1 / 12, abs=0.01)


def test_calibration_error_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.4, 0.6]])
    # The 0.9 are right once in two (1.8 - 1 apart), the 0.6 both (2 - 1.2)
    error = confidence.expected_calibration_error(probabilities, np.array([0, 1, 0, 1]))
    assert error == pytest.approx((0.8 + 0.8) / 4)


def test_a_threshold_keeps_its_share_of_right_answers():
    logits, labels = answers(2000, 1.0)
    probabilities = softmax(logits, axis=1)
    right = probabilities.max(axis=1)[probabilities.argmax(axis=1) == labels]
    cuts = confidence.thresholds(probabilities, labels)
    for keep, cut in zip((0.95, 0.9, 0.8), cuts, strict=True):
        assert np.mean(right >= cut) == pytest.approx(keep, abs=0.002)
    found = confidence.measure((logits, labels), answers(2000, 1.0, 1), [(1, 9)] * 3)
    first = found.thresholds[0]
    refused, named = first.right
    assert refused / named == pytest.approx(0.05, abs=0.02)
    assert first.wrong[0] / first.wrong[1] > 0.1  # mistakes are refused more often
    assert first.right[1] + first.wrong[1] == 2000


def test_strangers_far_from_all_classes_are_refused_more_than_near_ones():
    dice = np.random.default_rng(0)

    def clouds(n, centers):
        labels = np.repeat(np.arange(3), n)
        return (dice.normal(size=(3 * n, 2)) + centers[labels]).astype("float32"), labels

    # Three corners, and three on a line, of which the outer two are strangers to nobody
    for centers, enough in (
        (np.array([[6.0, 0], [0, 6.0], [-6, -6]]), 0.1),
        (np.array([[6.0, 0], [0, 0.0], [-6, 0]]), 0.05),
    ):
        parts = {split: clouds(60, centers) for split in ("train", "validation", "test")}
        features = {split: part[0] for split, part in parts.items()}
        labels = {split: part[1] for split, part in parts.items()}
        found = confidence.refuse_strangers(features, labels, regularization=0.01)
        assert [of for _, of in found] == [360] * 3
        shares = [refused / of for refused, of in found]
        assert shares == sorted(shares)  # who keeps less refuses more
        assert shares[0] > enough
    two = {split: labels[split][labels[split] < 2] for split in labels}
    assert confidence.refuse_strangers(features, two, regularization=0.01) == [(0, 0)] * 3


@pytest.fixture
def saved(tmp_path):
    """A model that says "light" by the mean of a picture, and is sure only of the extremes."""
    picture = keras.Input((8, 8, 3))
    mean = keras.layers.Rescaling(1 / 255)(keras.layers.GlobalAveragePooling2D()(picture))
    head = keras.layers.Dense(2, name="head")
    classifier = keras.Model(picture, head(mean))
    head.set_weights([np.array([[-4.0, 4.0]] * 3), np.array([6.0, -6.0])])
    for name, level in (("black", 0), ("gray", 128), ("dim", 116), ("white", 255)):
        Image.new("RGB", (20, 20), (level,) * 3).save(tmp_path / f"{name}.png")
    model = ready_to_use(classifier, ("dark", "light"), 8, temperature=2.0, threshold=0.9)
    save_model(model, tmp_path / "model.keras")
    save_model(ready_to_use(classifier, ("dark", "light"), 8), tmp_path / "old.keras")
    return tmp_path


def test_the_model_carries_temperature_and_threshold(saved):
    photos = np.stack([np.full((20, 20, 3), level, np.uint8) for level in (0, 128, 255)])
    found = load(saved / "model.keras").predict(photos, verbose=0)
    plain = load(saved / "old.keras").predict(photos, verbose=0)
    assert found["sure"].tolist() == [True, False, True]
    assert "sure" not in plain
    odds = [np.log(p["probabilities"] / (1 - p["probabilities"])) for p in (found, plain)]
    assert odds[0] == pytest.approx(odds[1] / 2, abs=0.02)
    assert found["class"].tolist() == plain["class"].tolist()  # no answer changes


def test_predict_says_none_of_these_and_lists_the_unsure(saved, capsys):
    model, photos = str(saved / "model.keras"), str(saved)
    assert cli.main(["predict", model, photos]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum("none of these? " in line for line in lines) == 2
    assert "black.png: dark 99" in lines[0]
    assert cli.main(["predict", model, photos, "--unsure"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert "gray.png: none of these? " in first  # the least sure first
    assert "dim.png" in second
    assert cli.main(["predict", model, photos, "--json", "--unsure"]) == 0
    assert [one["sure"] for one in json.loads(capsys.readouterr().out)] == [False, False]
    assert cli.main(["predict", model, str(saved / "black.png"), "--unsure"]) == 0
    assert capsys.readouterr().out == "It is sure of every photo.\n"


def test_a_model_without_a_threshold_says_so(saved, capsys):
    assert cli.main(["predict", str(saved / "old.keras"), str(saved)]) == 0
    assert "none of these" not in capsys.readouterr().out
    assert cli.main(["predict", str(saved / "old.keras"), str(saved), "--unsure"]) == 1
    assert "has no threshold below which it is unsure" in capsys.readouterr().err
