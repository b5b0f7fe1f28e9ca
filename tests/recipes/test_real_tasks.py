"""The table of real tasks: what is bundled is whole, and the recipe computes what it says."""

import csv
import hashlib
import itertools
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.what_is_here import need, real_data
from tlcourse.data.studies import REAL_SIZES, RealRun, load_real_tasks, read
from tlcourse.recipes import real_tasks, surface

TABLE = Path(__file__).resolve().parents[2] / "datasets" / "real_tasks" / "real_tasks.csv"
RATES = TABLE.with_name("rates.csv")
FLOWERS = list(real_tasks.flower_runs())
SOURCES = ("MobileNetV2", "photonet", "objectnet", "random", "none")


def chosen(run: RealRun) -> RealRun:
    """With the size that validation chose, where the recipe leaves it open."""
    if run.pixels:
        return run
    pixels, _ = real_tasks.best(real_tasks.read_rates(RATES), run.target, run.source)
    return run._replace(pixels=pixels)


def test_the_bundled_table_is_whole():
    table = read(TABLE, RealRun)
    assert list(table) == [chosen(run) for run in dict.fromkeys(real_tasks.runs())]
    assert all(0 <= accuracy <= 1 for accuracy in table.values())
    card = TABLE.with_name("README.md").read_text("utf-8")
    for path in (TABLE, RATES):
        assert hashlib.sha256(path.read_bytes()).hexdigest() in card
    assert f"{len(table)} lines" in card


def test_the_seeds_that_chose_a_rate_are_not_in_the_table():
    with RATES.open(encoding="utf-8") as file:
        choosing = {int(row["seed"]) for row in csv.DictReader(file)}
    assert choosing == set(real_tasks.CHOOSING)
    assert not choosing & {run.seed for run in read(TABLE, RealRun)}


def test_the_card_says_what_was_chosen_and_where_it_lies_at_an_end():
    rates = real_tasks.read_rates(RATES)
    card = TABLE.with_name("README.md").read_text("utf-8")
    for target, source in itertools.product(real_tasks.TARGETS, SOURCES):
        pixels, rate = real_tasks.best(rates, target, source)
        tried = sorted({r for run, r in rates if (run.target, run.source) == (target, source)})
        end = {max(tried): " (the highest that was tried)", min(tried): " (the lowest"}
        name = "from scratch" if source == "none" else source
        assert f"| {target} | {name} | {rate:g}{end.get(rate, ' |')}" in card
        assert f"| {pixels} | {', '.join(f'{r:g}' for r in tried)} |" in card


def test_a_higher_rate_is_tried_for_as_long_as_the_highest_is_the_best(monkeypatch):
    """Accuracy rises up to 0.03: that and one more are tried. From scratch, none is added."""
    asked = []

    def accuracy(run, rate, split):
        asked.append(rate)
        return 0.9 - abs(rate - 0.03)

    monkeypatch.setattr(real_tasks, "accuracy", accuracy)
    table = {}
    assert real_tasks.choose(table, "digits", "photonet", lambda: None) == (64, 0.03)
    assert sorted(set(asked)) == [*real_tasks.RATES["tuned"], *real_tasks.FURTHER]
    asked.clear()
    assert real_tasks.choose(table, "digits", "photonet", lambda: None) == (64, 0.03)
    assert asked == []  # all is known
    monkeypatch.setattr(real_tasks, "accuracy", lambda run, rate, split: asked.append(rate) or rate)
    assert real_tasks.choose({}, "digits", "none", lambda: None) == (64, 0.3)
    assert max(asked) == 0.3


def test_a_stopped_run_goes_on(tmp_path, monkeypatch):
    todo = FLOWERS[:4]

    def accuracy(run, rate=0.0, split="test"):
        if run == todo[3]:
            raise KeyboardInterrupt
        return 0.5

    monkeypatch.setattr(real_tasks, "accuracy", accuracy)
    with pytest.raises(KeyboardInterrupt):
        real_tasks.main(["--out", str(tmp_path)])
    assert list(read(tmp_path / "real_tasks.csv", RealRun)) == todo[:3]
    monkeypatch.setattr(real_tasks, "accuracy", lambda *args, **options: 0.75)
    assert real_tasks.main(["--out", str(tmp_path), "--minutes", "0"]) == 0  # one more
    assert list(read(tmp_path / "real_tasks.csv", RealRun).values()) == [0.5, 0.5, 0.5, 0.75]


def test_the_best_choice_is_that_of_the_highest_mean():
    table = {}
    for run, rate in real_tasks.choices("flowers", "none", real_tasks.RATES["scratch"]):
        better = (run.pixels, rate) == (128, 0.03)
        table[run, rate] = 0.6 + 0.1 * better + 0.15 * (run.seed == 100 and rate == 0.1)
    assert real_tasks.best(table, "flowers", "none") == (128, 0.03)


def test_load_real_tasks_orders_seeds(tmp_path):
    run = RealRun("flowers", "photonet", "frozen", 64, 5, 0)
    surface.write(tmp_path / "r.csv", {run._replace(seed=s): s / 10 for s in (2, 0, 1)})
    found = load_real_tasks(tmp_path / "r.csv")
    assert list(found) == [run[:5]]
    np.testing.assert_allclose(found[run[:5]], [0, 0.1, 0.2])


def test_each_run_has_its_steps():
    assert list(real_tasks.STEPS) == list(REAL_SIZES)
    assert all(tuned < scratch for tuned, scratch in real_tasks.STEPS.values())


@pytest.mark.slow
@pytest.mark.parametrize("source", ["by hand", "photonet"])
def test_a_point_of_the_table_comes_out_again(source):
    need("flowers")
    run = RealRun("flowers", source, "frozen", 64, 5, 0)
    with real_data():
        monkey = real_tasks.accuracy(run)
    assert monkey == pytest.approx(read(TABLE, RealRun)[run], abs=0.04)
