"""One geometry: whoever looks at a photo, lesson or saved model, sees the same middle square."""

import keras
import numpy as np
import pytest
from PIL import Image

from tlcourse.data.photographs import load_photographs, middle_box
from tlcourse.photos.folder import load_image_folder
from tlcourse.photos.geometry import shrink, square
from tlcourse.retrain import lab, stream
from tlcourse.retrain.model import load, ready_to_use, save_model

RED = (200, 10, 30)
# (width, height): 4:3, 3:4, square, odd sides, odd differences of sides, smaller than the result
SIZES = [(213, 160), (160, 213), (128, 128), (333, 201), (75, 50), (50, 75), (101, 100), (40, 31)]


def photo(size):
    """Part photograph, part noise, which no filter hides."""
    picture = np.array(Image.fromarray(load_photographs()["astronaut"]).resize(size))
    noise = np.random.default_rng(0).integers(0, 256, picture.shape, np.uint8)
    picture[::3] = noise[::3]
    return picture


def far_apart(one, other):
    return np.abs(np.asarray(one).astype(int) - np.asarray(other).astype(int)).max()


@pytest.fixture(scope="module")
def seeing(tmp_path_factory):
    """A saved model, read in safe mode, whose "probabilities" are the picture that it sees."""
    classifier = keras.Sequential([keras.Input((64, 64, 3)), keras.layers.Flatten()])
    model = ready_to_use(classifier, [str(k) for k in range(64 * 64 * 3)], 64)
    path = tmp_path_factory.mktemp("model") / "model.keras"
    save_model(model, path)
    loaded = load(path)
    seen = next(layer for layer in loaded.layers if isinstance(layer, keras.layers.Softmax)).input
    return keras.Model(loaded.input, keras.layers.Reshape((64, 64, 3))(seen))


@pytest.mark.parametrize("size", SIZES)
def test_all_who_look_at_a_photo_see_the_same_square(size, seeing, tmp_path):
    picture = photo(size)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for at in range(5):  # each a little different, or they would be copies
            Image.fromarray(np.roll(picture, at, axis=0)).save(tmp_path / name / f"{at}.png")
    path = tmp_path / "a" / "0.png"

    trained_on = stream.read_picture(path, 64)
    assert trained_on.dtype == np.uint8
    np.testing.assert_array_equal(lab.picture_of(picture), trained_on)
    np.testing.assert_array_equal(seeing(picture[None])[0], trained_on)
    batch = np.stack([picture[::-1], picture])
    np.testing.assert_array_equal(seeing.predict(batch, verbose=0)[1], trained_on)
    # A picture that was cut before stays as it is.
    np.testing.assert_array_equal(seeing(trained_on[None])[0], trained_on)

    task = load_image_folder(tmp_path)
    pictures = np.concatenate([part.images for part in (task.train, task.validation, task.test)])
    assert min(far_apart(given, trained_on) for given in pictures) <= 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("side", [32, 65, 224])
def test_pillow_and_keras_differ_by_one_gray_level_at_most(size, side):
    assert far_apart(square(photo(size), side), shrink(photo(size), side)) <= 1


@pytest.mark.parametrize("cut", [square, shrink])
def test_the_middle_is_cut_out_and_never_squeezed(cut):
    wide = np.zeros((16, 48, 3), np.uint8)
    wide[:, 16:32] = RED
    assert (np.asarray(cut(wide, 8)) == RED).all()
    assert (np.asarray(cut(wide.transpose(1, 0, 2), 16)) == RED).all()
    assert np.asarray(cut(wide, 32)).shape == (32, 32, 3)


@pytest.mark.parametrize("cut", [square, shrink])
def test_what_is_too_fine_to_be_shown_turns_gray(cut):
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    assert far_apart(np.asarray(cut(stripes, 8))[2:-2, 2:-2], 128) <= 4


@pytest.mark.parametrize("cut", [square, shrink])
def test_edges_do_not_overshoot_the_range_of_pixels(cut):
    edge = np.zeros((64, 64, 3), np.uint8)
    edge[:, 30:] = 255  # Lanczos's filter gives less than 0 and more than 255 beside it
    row = np.asarray(cut(edge, 16))[8, :, 0].astype(int)
    assert row[:7].min() >= 0
    assert row[:7].max() < 30
    assert row[8:].min() > 225
    assert row[8:].max() <= 255


def test_a_middle_between_two_pixels_is_the_left_or_upper_one():
    assert middle_box(7, 4) == (1, 0, 5, 4)
    assert middle_box(4, 7) == (0, 1, 4, 5)
    row = np.repeat(np.arange(7, dtype=np.uint8)[None, :, None] * 10, 4, axis=0)
    picture = np.repeat(row, 3, axis=2)
    for cut in (square, shrink):
        assert np.asarray(cut(picture, 4))[0, :, 0].tolist() == [10, 20, 30, 40]
