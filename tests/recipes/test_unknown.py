"""None of these: the bundled table is whole, and a place is what it says."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from tlcourse.data import Split
from tlcourse.data.studies import UNKNOWN_GROUPS, UNKNOWN_SCORES, load_unknown
from tlcourse.recipes import unknown

TABLE = Path(__file__).resolve().parents[2] / "datasets" / "unknown" / "unknown.csv"


def test_the_bundled_table_is_whole():
    table = load_unknown()
    assert set(table) == {(s, g) for s in UNKNOWN_SCORES for g in ("known", *UNKNOWN_GROUPS)}
    sizes = {name: table["softmax", name].sum(axis=1) for name in ("known", *UNKNOWN_GROUPS)}
    assert {name: set(count) for name, count in sizes.items()} == {
        "known": {750}, "other kinds": {250}, "photographs": {135}, "digits": {250},
    }  # fmt: skip
    for (_, name), counts in table.items():
        assert (counts.sum(axis=1) == sizes[name]).all()
    card = TABLE.with_name("README.md").read_text("utf-8")
    assert hashlib.sha256(TABLE.read_bytes()).hexdigest() in card


def test_a_place_is_the_percentage_of_validation_scores_below():
    counts = unknown.places(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.5, 1.0, 1.5, 3.0, 9.0]))
    assert {int(at): int(counts[at]) for at in np.flatnonzero(counts)} == {
        0: 2,
        25: 1,
        50: 1,
        100: 1,
    }


def test_nearness_is_minus_the_distance_to_the_nearest_mean():
    known, labels = np.array([[0.0, 0.0], [0.0, 2.0], [10.0, 0.0]]), np.array([0, 0, 1])
    assert unknown.nearness(np.array([[0.0, 1.0], [10.0, 3.0]]), known, labels).tolist() == [0, -3]


def test_some_takes_as_many_of_each_kind_in_order():
    split = Split(np.zeros((6, 1, 1, 3), "uint8"), np.array([2, 0, 1, 0, 2, 1]))
    assert unknown.some(split, 1, 1, 3).labels.tolist() == [1, 2]


def test_the_same_command_writes_whole_files_only(tmp_path, monkeypatch):
    def stopped(seed):
        if seed:
            raise KeyboardInterrupt
        return {("softmax", "known"): np.zeros(101, int)}

    monkeypatch.setattr(unknown, "counts_of", stopped)
    with pytest.raises(KeyboardInterrupt):
        unknown.main(["--out", str(tmp_path / "u.csv")])
    assert not (tmp_path / "u.csv").exists()
