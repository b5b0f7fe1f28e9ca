"""The ladder of source models: the table and the weights belong together."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from tlcourse import extract_features, linear_probe, load_ladder, load_task
from tlcourse.errors import AssetError
from tlcourse.recipes import ladder
from tlcourse.recipes.tiny_imagenet import Photos

CARD = Path(__file__).resolve().parents[2] / "datasets" / "source_ladder" / "README.md"


def test_the_table_is_whole_and_is_the_one_of_the_card():
    table = load_ladder()
    rungs = [(row["stem"], row["epoch"]) for row in table]
    assert rungs == [(stem, epoch) for stem in ladder.STEMS for epoch in ladder.KEPT_EPOCHS]
    assert all(0 < row["source_accuracy"] < row["unseen_probe"] < 1 for row in table)
    content = CARD.with_name("ladder.csv").read_bytes()
    assert hashlib.sha256(content).hexdigest() in CARD.read_text("utf-8")


def test_each_width_has_one_untrained_control_better_than_guessing_and_than_no_rung():
    table = load_ladder()
    controls = [{r["untrained_probe"] for r in table if r["stem"] == s} for s in ladder.STEMS]
    assert all(len(of_a_width) == 1 for of_a_width in controls)
    assert all(
        1.5 / ladder.KEPT_OUT < row["untrained_probe"] < row["unseen_probe"] for row in table
    )


@pytest.mark.parametrize("stem", [8, 16])
@pytest.mark.parametrize("epoch", ladder.KEPT_EPOCHS)
def test_bundled_rungs_have_the_size_that_the_table_tells(stem, epoch):
    body = ladder.load_rung(stem, epoch)
    assert body.output_shape == (None, 8 * stem)
    (row,) = [r for r in load_ladder() if (r["stem"], r["epoch"]) == (stem, epoch)]
    path = ladder.WEIGHTS.parent / "ladder" / f"w{stem}_epoch{epoch}.npz"
    assert path.stat().st_size == row["bytes"]


def test_an_unknown_rung_is_refused():
    with pytest.raises(AssetError, match="w8_epoch3"):
        ladder.load_rung(8, 3)


def test_a_late_rung_beats_an_early_one_on_drawings():
    task = load_task("sunglasses").few_shot(20, seed=0)
    scores = []
    for epoch in (1, 6):
        body = ladder.load_rung(16, epoch)
        seen = [extract_features(body, s.images, cache=False) for s in (task.train, task.test)]
        scores.append(linear_probe(seen[0], task.train.labels).score(seen[1], task.test.labels))
    assert scores[1] > scores[0] + 0.08


def test_pictures_are_shrunk_to_means_of_their_squares():
    images = np.zeros((2, 64, 64, 3), np.uint8)
    images[0, 0, 0], images[1, :2, 2:4] = 8, 200
    labels = np.array([0, 0])
    photos = ladder.shrunk(Photos(images, labels, images, labels, ("n1",), ("thing",)))
    assert photos.train_images.shape == (2, 32, 32, 3)
    assert photos.train_images[0, 0, 0].tolist() == [2, 2, 2]
    assert photos.val_images[1, 0, 1].tolist() == [200, 200, 200]
    assert photos.val_images.sum() == 3 * (2 + 200)
