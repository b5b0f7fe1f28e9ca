"""The distance dial: the bundled table is whole, and the recipe computes what it says."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from tlcourse.data.studies import DISTANCE_SIZES, Run, load_distance, read
from tlcourse.recipes import distance, surface

TABLE = Path(__file__).resolve().parents[2] / "datasets" / "source_distance" / "distance.csv"


def test_the_bundled_table_is_whole():
    table = read(TABLE, Run)
    assert list(table) == list(distance.runs())
    assert all(0 <= accuracy <= 1 for accuracy in table.values())
    card = TABLE.with_name("README.md").read_text("utf-8")
    assert hashlib.sha256(TABLE.read_bytes()).hexdigest() in card
    assert f"{len(table)} lines" in card


def test_a_stopped_run_goes_on(tmp_path, monkeypatch):
    path, todo = tmp_path / "d.csv", list(distance.runs())

    def accuracy(run):
        if run == todo[3]:
            raise KeyboardInterrupt
        return 0.5

    monkeypatch.setattr(distance, "accuracy", accuracy)
    with pytest.raises(KeyboardInterrupt):
        distance.main(["--out", str(path)])
    assert list(read(path, Run)) == todo[:3]
    monkeypatch.setattr(distance, "accuracy", lambda run: 0.75)
    assert distance.main(["--out", str(path), "--minutes", "0"]) == 0  # one more
    assert list(read(path, Run).values()) == [0.5, 0.5, 0.5, 0.75]


def test_load_distance_orders_seeds(tmp_path):
    rows = {Run("digits", "random", "frozen", 5, seed): seed / 10 for seed in (2, 0, 1)}
    surface.write(tmp_path / "d.csv", rows)
    found = load_distance(tmp_path / "d.csv")
    assert list(found) == [("digits", "random", "frozen", 5)]
    np.testing.assert_allclose(found["digits", "random", "frozen", 5], [0, 0.1, 0.2])


def test_random_weights_differ_by_seed_and_others_do_not():
    one, two, again = (distance.backbone("random", seed).get_weights()[0] for seed in (1, 2, 1))
    assert not np.array_equal(one, two)
    assert np.array_equal(one, again)
    norms = [x for x in distance.backbone("random", 1).layers if hasattr(x, "gamma")]
    assert norms
    assert all((norm.gamma.numpy() == 1).all() for norm in norms)  # alive: no branch is off


@pytest.mark.slow
@pytest.mark.parametrize("method", ["frozen", "tuned", "scratch"])
def test_a_point_of_the_table_comes_out_again(method):
    source = "none" if method == "scratch" else "objectnet"
    run = Run("sunglasses", source, method, DISTANCE_SIZES[method][0], 0)
    assert distance.accuracy(run) == pytest.approx(read(TABLE, Run)[run], abs=0.08)
