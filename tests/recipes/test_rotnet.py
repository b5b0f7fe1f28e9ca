"""The recipe without labels: what the batches hold, and that no label is read."""

import dataclasses

import numpy as np
import pytest

from tlcourse.networks.photonet import load_photonet_weights, photonet
from tlcourse.recipes import photonet as recipe
from tlcourse.recipes import rotnet

TINY = dataclasses.replace(
    rotnet.CONFIG, epochs=1, batch=8, sizes=((1.0, 32, 0.5),), widths=(8, 16), warmup_epochs=0.5
)


def test_four_turns_are_the_picture_turned_to_the_left_by_hand():
    picture = np.arange(4).reshape(1, 2, 2, 1)  # 0 1 over 2 3
    images, turns = rotnet.four_turns(picture)
    by_hand = [[[0, 1], [2, 3]], [[1, 3], [0, 2]], [[3, 2], [1, 0]], [[2, 0], [3, 1]]]
    np.testing.assert_array_equal(images[..., 0], by_hand)
    np.testing.assert_array_equal(turns, [0, 1, 2, 3])


def test_a_batch_holds_all_four_turns_of_each_of_its_crops(tiny):
    photos = rotnet.without_labels(tiny)
    images, targets = rotnet.Turned(photos, TINY, 0)[1]
    assert images.shape == (8, 32, 32, 3)
    np.testing.assert_array_equal(targets.argmax(axis=1), [0, 0, 1, 1, 2, 2, 3, 3])
    np.testing.assert_array_equal(images[6], np.rot90(images[0], 3))
    again = rotnet.Turned(photos, TINY, 0)[1][0]
    np.testing.assert_array_equal(images, again)


def test_the_labels_of_the_photographs_make_no_difference(tiny):
    other = dataclasses.replace(tiny, train_labels=tiny.train_labels[::-1].copy())
    for one, two in zip(
        dataclasses.astuple(rotnet.without_labels(tiny)),
        dataclasses.astuple(rotnet.without_labels(other)),
        strict=True,
    ):
        np.testing.assert_array_equal(one, two)


@pytest.mark.slow
def test_the_run_ends_with_weights_that_a_backbone_takes(tiny, tmp_path):
    photos = rotnet.without_labels(tiny)
    model = recipe.train(photos, TINY, tmp_path, batches=rotnet.Turned)
    assert model.output_shape == (None, 4)
    recipe.export(model, rotnet.TURNS, tmp_path / "rotnet.npz")
    body = load_photonet_weights(photonet(widths=TINY.widths), tmp_path / "rotnet.npz")
    assert body.output_shape == (None, 16)
