"""The parts of the recipe that measures what small files do."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from tlcourse.data import load_adapted
from tlcourse.data.studies import AdaptRun, read_adapted
from tlcourse.recipes import adapt

FOLDER = Path(__file__).resolve().parents[2] / "datasets" / "adapt_a_little"


def test_the_bundled_table_holds_every_run_with_the_rate_that_validation_chose():
    """Of the values tried, each with the same three draws, the best on validation."""
    tried: dict[tuple, dict[float, list[float]]] = {}
    for run, row in read_adapted(FOLDER / "rates.csv"):
        tried.setdefault(run[:3], {}).setdefault(row["value"], []).append(row["accuracy"])
    rows = dict(read_adapted(FOLDER / "adapt.csv"))
    assert list(rows) == sorted(rows, key=list(adapt.runs()).index)
    assert set(rows) == set(adapt.runs())
    for run, row in rows.items():
        if run.method == "head":
            assert row["value"] == 0
            continue
        assert {len(found) for found in tried[run[:3]].values()} == {len(adapt.CHOOSING)}
        means = {value: np.mean(found) for value, found in tried[run[:3]].items()}
        assert means[row["value"]] == max(means.values())
    card = (FOLDER / "README.md").read_text("utf-8")
    for name in ("adapt.csv", "rates.csv"):
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() in card


def test_a_table_is_read_by_network_task_method_and_size(tmp_path):
    """Draws come in the order of their seeds."""
    path = tmp_path / "adapt.csv"
    path.write_text(
        "network,target,method,labels_per_class,seed,accuracy,source\n"
        "photonet,sunglasses,lora,50,1,0.75,0.2\n"
        "photonet,sunglasses,lora,50,0,0.5,0.25\n"
    )
    ((key, columns),) = load_adapted(path).items()
    assert key == ("photonet", "sunglasses", "lora", 50)
    assert {name: values.tolist() for name, values in columns.items()} == {
        "accuracy": [0.5, 0.75],
        "source": [0.25, 0.2],
    }


def test_the_best_value_is_that_of_the_mean_of_three_draws(tmp_path, monkeypatch):
    """0.5, 0.7 and 0.9 on validation: 0.7; asked for again, nothing is computed anew."""
    asked = []

    def adapted(run, value):
        asked.append(run.seed)
        return type("Model", (), {"get_layer": lambda self, name: run.seed})(), None, 0.0

    monkeypatch.setattr(adapt, "adapted", adapted)
    monkeypatch.setattr(adapt, "outputs", lambda body, x: x)
    monkeypatch.setattr(adapt, "examples", lambda target, split: adapt.Examples(None, None))
    scores = dict(zip(adapt.CHOOSING, (0.5, 0.7, 0.9), strict=True))
    monkeypatch.setattr(adapt, "right", lambda features, head, y: scores[head])
    monkeypatch.setattr(adapt, "CHOICES", {})
    monkeypatch.setattr(adapt, "RATES_FILE", [tmp_path / "rates.csv"])
    run = AdaptRun("photonet", "sunglasses", "lora", 50, 0)
    assert adapt.validated(run, 0.01) == pytest.approx(0.7)
    assert adapt.validated(run, 0.01) == pytest.approx(0.7)
    assert asked == list(adapt.CHOOSING)
    assert len(read_adapted(tmp_path / "rates.csv")) == 3


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
