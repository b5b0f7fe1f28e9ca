"""Copies that are turned, mirrored or cut are found, and likenesses are not."""

import numpy as np
import pytest
from PIL import Image

from tests.auditing.later_cases import scenes
from tlcourse.auditing.copies import near_pairs, turn

TRAIN, OTHERS = scenes(60, 1, 64), scenes(40, 2, 64)


def again(change, count=6):
    images = OTHERS.copy()
    images[:count] = [change(image) for image in TRAIN[:count]]
    return near_pairs(TRAIN, images)


def cut(left, top, right, bottom):
    return lambda image: np.asarray(
        Image.fromarray(image).resize((64, 64), box=(left, top, right, bottom))
    )


def test_different_pictures_are_no_copies():
    assert not near_pairs(TRAIN, OTHERS).any()


@pytest.mark.parametrize("orientation", range(8))
def test_all_eight_ways_to_lay_down_a_picture_are_seen(orientation):
    def turned(image):
        return np.moveaxis(turn(np.moveaxis(image, -1, 0), orientation), 0, -1)

    assert np.flatnonzero(again(turned)).tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("box", [(2, 2, 62, 62), (5, 5, 59, 59), (3, 1, 64, 62)])
def test_a_picture_that_was_cut_and_enlarged_is_seen(box):
    found = again(cut(*box))
    assert found[:6].sum() >= 5
    assert not found[6:].any()


def test_it_does_not_matter_which_of_the_two_was_cut():
    images = OTHERS.copy()
    images[:6] = TRAIN[:6]
    train = np.stack([cut(4, 4, 60, 60)(image) for image in TRAIN[:6]] + list(TRAIN[6:]))
    assert near_pairs(train, images)[:6].sum() >= 5


def test_many_pictures_are_looked_at_in_parts(monkeypatch):
    monkeypatch.setattr("tlcourse.auditing.copies.ROWS", 7)
    assert np.flatnonzero(again(lambda image: image[::-1, ::-1])).tolist() == [0, 1, 2, 3, 4, 5]
