"""The parts of the recipe that measures what small files do."""

import numpy as np
import pytest

from tlcourse.data.studies import AdaptRun
from tlcourse.recipes import adapt


def test_a_rate_is_sought_uphill_until_its_neighbors_are_no_better(monkeypatch):
    """Accuracy peaks at 0.0003: from 0.0001, that and 0.001 are tried, and nothing further."""
    asked = []

    def validated(run, value):
        asked.append(value)
        return -abs(np.log(value / 3e-4))

    monkeypatch.setattr(adapt, "validated", validated)
    adapt.chosen.cache_clear()
    run = AdaptRun("minilm", "reviews", "all", 50, 0)
    assert adapt.chosen(run) == 3e-4
    assert set(asked) == {3e-5, 1e-4, 3e-4, 1e-3}
    adapt.chosen.cache_clear()


def test_batches_are_whole_and_texts_of_like_length_go_together():
    rng = np.random.default_rng(0)
    pictures = adapt.batches(np.zeros((10, 4, 4, 3)), 4, rng)
    assert [len(rows) for rows in pictures] == [4, 4]
    assert len(set(np.concatenate(pictures))) == 8
    tokens = np.array([[1] * length + [0] * (9 - length) for length in (2, 9, 3, 8, 2, 9)])
    found = {frozenset(rows.tolist()) for rows in adapt.batches(tokens, 2, rng)}
    assert found == {frozenset({0, 4}), frozenset({2, 3}), frozenset({1, 5})}
    np.testing.assert_array_equal(adapt.trimmed(tokens[[0, 2]]), [[1, 1, 0], [1, 1, 1]])


def test_the_rates_of_earlier_stages_are_smaller():
    """Stage 2 is three below the head: 1 / 2.6³ of the rate. The first step of Adam is the rate."""
    import keras

    optimizer = adapt.layerwise(0.1)
    names = {"head": 0, "stage4_1_conv": 1, "stage2_1_conv": 3, "stem_conv": 5}
    model = keras.Sequential([keras.Input((1,))])
    for name in names:
        model.add(keras.layers.Dense(1, use_bias=False, name=name, kernel_initializer="ones"))
    optimizer.build(model.trainable_variables)
    optimizer.apply([keras.ops.ones((1, 1)) for _ in names])
    for name, below in names.items():
        moved = 1 - float(np.asarray(model.get_layer(name).kernel).item())
        assert moved == pytest.approx(0.1 / 2.6**below, rel=1e-3)


def test_the_pull_of_l2_sp_by_hand():
    """Two weights moved by 1 and 2: half of 0.1 · (1 + 4); the head, 3: half of 0.01 · 9."""
    import keras

    model = keras.Sequential(
        [
            keras.Input((1,)),
            keras.layers.Dense(2, use_bias=False, name="body", kernel_initializer="ones"),
            keras.layers.Dense(1, use_bias=False, name="head", kernel_initializer="zeros"),
        ]
    )
    adapt.pull(model, 0.1)
    model.get_layer("body").kernel.assign([[2.0, 3.0]])
    model.get_layer("head").kernel.assign([[3.0], [0.0]])
    assert float(sum(model.losses)) == pytest.approx(0.1 / 2 * 5 + 0.01 / 2 * 9)
