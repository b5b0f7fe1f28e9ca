"""Unequal classes, labels that are wrong, and shortcuts: what the data alone makes of a result."""

import numpy as np
import pytest
import sklearn.ensemble
from sklearn.metrics import balanced_accuracy_score, f1_score

from tlcourse.data import Split
from tlcourse.retrain import fine_tuning, shortcuts, train, words
from tlcourse.retrain.crossval import held_out
from tlcourse.retrain.judge import judge
from tlcourse.retrain.labels import doubtful
from tlcourse.transfer.probe import linear_probe


def clouds(counts, apart=4.0, d=8, seed=0):
    """Features of one cloud a class."""
    dice = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(counts)), counts)
    features = dice.normal(size=(len(labels), d))
    features[np.arange(len(labels)), labels] += apart
    return features.astype("float32"), labels


# ------------------------------------------------------------------ unequal classes


def test_weights_only_where_classes_are_unequal():
    assert train.class_weights(np.repeat([0, 1], [60, 50])) is None
    weights = train.class_weights(np.repeat([0, 1, 2], [60, 30, 10]))
    assert weights == pytest.approx([100 / 180, 100 / 90, 100 / 30])
    assert "60 photos of dog to 10 of owl" in words.weighted(
        ("dog", "cat", "owl"), np.array([60, 30, 10])
    )


def test_fifty_dogs_and_five_birds_are_both_found():
    features, labels = clouds([50, 5], apart=1.5)
    test, answers = clouds([200, 200], apart=1.5, seed=1)

    def birds(probe):
        return np.mean(probe.predict(test)[answers == 1] == 1)

    plain = train.fit_probe(features, labels, 0)
    balanced = train.fit_probe(features, labels, 0, balanced=True)
    assert birds(plain) < 0.3
    assert birds(balanced) > 2 * birds(plain)
    assert train.regularization_of(balanced) == train.regularization_of(plain)


def test_batches_carry_the_weights():
    split = Split(np.zeros((20, 8, 8, 3), np.uint8), np.repeat([0, 1], [15, 5]))
    images, labels, weights = fine_tuning.Batches(split, weights=np.array([0.5, 2.0]))[0]
    assert images.shape == (16, 8, 8, 3)
    assert weights.tolist() == np.where(labels == 1, 2.0, 0.5).tolist()
    assert len(fine_tuning.Batches(split)[0]) == 2


def test_balanced_accuracy_and_macro_f1_are_scikit_learns():
    dice = np.random.default_rng(0)
    labels = dice.choice(4, 300, p=[0.7, 0.2, 0.08, 0.02])
    answers = np.where(dice.random(300) < 0.6, labels, dice.integers(0, 4, 300))
    found = judge(np.eye(5)[answers], labels)  # of the fifth class there is no photo
    assert found.balanced_accuracy == pytest.approx(balanced_accuracy_score(labels, answers))
    assert found.macro_f1 == pytest.approx(f1_score(labels, answers, average="macro"))
    assert found.guess == np.bincount(labels).max() / 300


# ------------------------------------------------------------------ labels


def test_most_labels_that_were_changed_are_found_and_few_others():
    features, labels = clouds([100, 100, 100])
    wrong = np.random.default_rng(1).choice(300, 30, replace=False)
    given = labels.copy()
    given[wrong] = (labels[wrong] + 1) % 3
    probabilities = held_out(features, given, np.arange(300), regularization=0.1)
    found = doubtful(probabilities, given)
    hits = [doubt for doubt in found if doubt.photo in set(wrong)]
    # Not all: a claim needs the mean sureness of a class, which a third of its photos have not.
    assert len(hits) >= 20
    assert len(found) - len(hits) <= 3
    assert all(doubt.other == labels[doubt.photo] for doubt in hits)
    assert {doubt.photo for doubt in found[:15]} <= set(wrong)  # the likeliest first


def test_of_right_labels_few_are_doubted():
    features, labels = clouds([100, 100, 100], apart=6)
    probabilities = held_out(features, labels, np.arange(300), regularization=0.1)
    assert len(doubtful(probabilities, labels)) <= 3


def test_a_class_that_is_never_sure_can_be_claimed_by_less():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.7, 0.3], [0.6, 0.4], [0.55, 0.45]])
    # Of class 1 the mean is 0.35: the last photo, called 0, reaches it, though 0 has more.
    (found,) = doubtful(probabilities[[0, 1, 2, 3, 4]], np.array([0, 0, 1, 1, 0]))[-1:]
    assert (found.photo, found.other) == (4, 1)


def test_a_photo_is_judged_by_who_has_seen_nothing_of_its_group():
    """Pairs of equal photos with labels by chance: alone each knows its twin, in groups none."""
    dice = np.random.default_rng(0)
    features = np.repeat(dice.normal(size=(60, 200)), 2, axis=0).astype("float32")
    labels = np.repeat(dice.permutation(np.repeat([0, 1], 30)), 2)
    pairs = np.repeat(np.arange(60), 2)
    right = [
        np.mean(held_out(features, labels, groups, regularization=1.0).argmax(axis=1) == labels)
        for groups in (np.arange(120), pairs)
    ]
    assert right[0] > 0.8
    assert right[1] < 0.65


def test_a_class_in_one_group_is_no_error():
    features, labels = clouds([20, 6])
    groups = np.concatenate([np.arange(20), np.full(6, 20)])
    found = held_out(features, labels, groups, regularization=0.1)
    assert found.shape == (26, 2)
    assert np.allclose(found.sum(axis=1), 1)


def test_a_balanced_probe_is_that_of_scikit_learn():
    features, labels = clouds([50, 10])
    one = linear_probe(features, labels, c_values=[0.1], class_weight="balanced")
    weights = np.where(labels == 0, 60 / 100, 60 / 20)
    scaled = one[0].transform(features)
    from sklearn.linear_model import LogisticRegression

    other = LogisticRegression(C=0.1, max_iter=2000).fit(scaled, labels, sample_weight=weights)
    assert np.allclose(one[-1].coef_, other.coef_, atol=1e-3)


# ------------------------------------------------------------------ shortcuts


def pictures(n, light=0, border=0, seed=0):
    """Noise of two classes; class 1 is brighter as a whole, or at its border."""
    dice = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    images = dice.integers(60, 180, (n, 32, 32, 3))
    images += light * labels[:, None, None, None]
    images[:, :4] += border * labels[:, None, None, None]
    return Split(np.clip(images, 0, 255).astype(np.uint8), labels)


def accuracies(**change):
    found = shortcuts.baselines(pictures(80, **change), pictures(200, **change, seed=1))
    return {one.name: one.accuracy for one in found}


def test_what_colors_and_border_tell():
    nothing = accuracies()
    assert max(nothing.values()) < 0.65
    assert accuracies(light=40)[shortcuts.COLOR] > 0.95
    at_the_edge = accuracies(border=10)
    assert at_the_edge[shortcuts.BORDER] > 0.95
    assert at_the_edge[shortcuts.BORDER] > at_the_edge[shortcuts.COLOR]


def test_of_many_photos_there_are_fewer_trees(monkeypatch):
    trees, make = [], sklearn.ensemble.ExtraTreesClassifier
    monkeypatch.setattr(
        sklearn.ensemble, "ExtraTreesClassifier",
        lambda count, **options: trees.append(count) or make(count, **options),
    )  # fmt: skip
    accuracies()
    monkeypatch.setattr(shortcuts, "COUNTS", 80 * 2 * 10)
    assert accuracies(light=40)[shortcuts.COLOR] > 0.95
    assert trees == [shortcuts.TREES, shortcuts.TREES, 10, 10]


def test_a_baseline_is_told_about_only_where_it_comes_near():
    color, border = (shortcuts.Baseline(name, 0.6) for name in (shortcuts.COLOR, shortcuts.BORDER))
    assert shortcuts.suspicion((color, border), accuracy=0.95, guess=0.5) == ""
    told = shortcuts.suspicion((shortcuts.Baseline(shortcuts.COLOR, 0.85), border), 0.95, 0.5)
    assert told.startswith("With the colors alone one gets near the model.")
    assert shortcuts.suspicion((color,), accuracy=0.5, guess=0.5)  # better than the model, even
