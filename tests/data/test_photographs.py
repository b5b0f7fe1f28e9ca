"""The bundled photographs, and the pieces that are cut from them."""

import numpy as np
import pytest

from tlcourse.data.photographs import cut, load_photographs, middle


def test_seven_color_photographs():
    found = load_photographs()
    assert list(found) == [
        "astronaut", "cat", "coffee", "flower", "motorcycle", "rocket", "temple"
    ]  # fmt: skip
    assert found["cat"].shape == (300, 451, 3)
    for photograph in found.values():
        assert photograph.dtype == np.uint8
        assert np.ptp(photograph.astype(int), axis=-1).max() > 50  # in color


def test_middle_is_the_square_in_the_middle():
    photograph = np.zeros((4, 10, 3), np.uint8)
    photograph[:, 3:7] = 200  # the middle four columns
    np.testing.assert_array_equal(middle(photograph, image_size=2), np.full((2, 2, 3), 200))
    tall = np.swapaxes(photograph, 0, 1)
    np.testing.assert_array_equal(middle(tall, image_size=2), np.full((2, 2, 3), 200))


def test_cut_overlaps_by_half_and_leaves_out_what_does_not_fit():
    photograph = np.repeat(np.arange(6, dtype=np.uint8)[None, :, None], 4, axis=0) * 10
    photograph = np.repeat(photograph, 3, axis=2)  # (4, 6, 3): a column is 0, 10, … 50
    pieces, names = cut({"a": photograph}, sides=(4, 5), image_size=2)
    # Side 4 fits at columns 0-3 and 2-5; side 5 does not fit into 4 rows.
    assert list(names) == ["a", "a"]
    np.testing.assert_array_equal(pieces[0, 0, :, 0], [5, 25])  # means of two columns
    np.testing.assert_array_equal(pieces[1, 0, :, 0], [25, 45])
    pieces, names = cut(load_photographs())
    assert pieces.shape == (806, 64, 64, 3)
    assert (names == "cat").sum() == 50
    with pytest.raises(ValueError, match="sides must be at least 2"):
        cut({"a": photograph}, sides=(1,))
