"""The transfer surface: the bundled table is whole, and the recipe goes on where it stopped."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from tlcourse import load_surface
from tlcourse.recipes import surface
from tlcourse.recipes.surface import Point

CARD = Path(__file__).resolve().parents[2] / "datasets" / "transfer_surface" / "README.md"


def test_the_bundled_table_is_whole():
    table = surface.read(CARD.with_name("surface.csv"))
    assert list(table) == list(surface.points())
    assert len(table) == 540
    for accuracy in table.values():  # shares of 300 pictures
        assert accuracy * 300 == pytest.approx(round(accuracy * 300), abs=0.02)
    assert (
        hashlib.sha256(CARD.with_name("surface.csv").read_bytes()).hexdigest() in CARD.read_text()
    )


def test_load_surface_orders_sizes_and_seeds(tmp_path):
    table = {p: p.seed + p.images_per_class + p.kept / 8 for p in surface.points(2)}
    surface.write(tmp_path / "s.csv", table)
    sizes, accuracies = load_surface(tmp_path / "s.csv")
    assert sizes == (5, 10, 20, 50, 100, 300)
    assert len(accuracies) == 9
    np.testing.assert_allclose(accuracies["frozen", 2][:, 1], np.array(sizes) + 1.25)
    np.testing.assert_allclose(accuracies["scratch", 0][0], [5, 6])
    assert load_surface()[1]["tuned", 4].shape == (6, 10)


def test_a_stopped_run_goes_on(tmp_path, monkeypatch):
    path, computed = tmp_path / "s.csv", []
    monkeypatch.setattr(surface, "load_task", lambda *args, **options: None)
    monkeypatch.setattr(surface, "train_source", lambda objects, seed: f"source {seed}")

    def accuracy(source, task, point):
        if len(computed) == 7:
            raise KeyboardInterrupt
        computed.append((source, point))
        return 0.25

    monkeypatch.setattr(surface, "accuracy", accuracy)
    with pytest.raises(KeyboardInterrupt):
        surface.run(path, surface.points(2))
    assert len(surface.read(path)) == 7
    with open(path, "a") as file:
        file.write("0,5,4,fro")  # a line that was cut off
    computed[:] = [None] * 8  # stops no more
    table = surface.run(path, surface.points(2))
    assert [point for _, point in computed[8:]] == list(surface.points(2))[7:]
    assert {source for source, _ in computed[8:]} == {"source 0", "source 1"}
    assert surface.read(path) == table
    assert len(table) == 108


@pytest.mark.parametrize("method", surface.METHODS)
def test_reuse_copies_and_freezes_what_it_should(method):
    source = surface.small_network(20)
    model = surface.reuse(source, 6, 2, method)
    for stage in range(1, 5):
        conv, norm = model.get_layer(f"conv{stage}"), model.get_layer(f"norm{stage}")
        same = np.array_equal(conv.kernel, source.get_layer(f"conv{stage}").kernel)
        assert same == (stage <= 2)
        assert norm.trainable == (stage > 2)
        assert conv.trainable == (stage > 2 or method == "tuned")
    assert model.output_shape == (None, 6)


def test_a_point_is_the_same_when_it_is_computed_again(monkeypatch):
    from tlcourse import load_task

    task = load_task("sunglasses")
    source = surface.small_network(20)
    point = Point(3, 5, 2, "frozen")
    monkeypatch.setattr(surface, "steps", lambda size: 3)
    assert surface.accuracy(source, task, point) == surface.accuracy(source, task, point)


def test_many_pictures_take_more_steps():
    steps = [surface.steps(size) for size in surface.SURFACE_SIZES]
    assert steps == [400, 400, 400, 400, 800, 1600]
