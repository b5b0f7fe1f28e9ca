"""Tiny ImageNet: read as it is laid out, split by classes, cropped."""

import zipfile

import numpy as np
import pytest

from tlcourse.errors import AssetError
from tlcourse.recipes import tiny_imagenet


def test_zip_is_read_as_it_is_laid_out(tiny):
    assert tiny.wnids == ("n7", "n3", "n5", "n1")
    assert tiny.names == ("thing n7", "thing n3", "thing n5", "thing n1")
    assert tiny.train_images.shape == (24, 64, 64, 3)
    assert tiny.train_images.dtype == np.uint8
    np.testing.assert_array_equal(np.bincount(tiny.train_labels), [6] * 4)
    for part in ("train", "val"):  # The brightness of a picture tells its class.
        images, labels = getattr(tiny, f"{part}_images"), getattr(tiny, f"{part}_labels")
        np.testing.assert_array_equal(images.mean(axis=(1, 2, 3)).astype(int) // 45, labels)


def test_pixels_are_decoded_once_and_in_one_step(archive, tmp_path, monkeypatch):
    first = tiny_imagenet.load_tiny_imagenet(archive, tmp_path)
    monkeypatch.setattr(tiny_imagenet, "_decode", None)
    again = tiny_imagenet.load_tiny_imagenet(archive, tmp_path)
    np.testing.assert_array_equal(first.train_images, again.train_images)
    assert len(list(tmp_path.iterdir())) == 1


def test_wrong_zips_are_named(tmp_path):
    with pytest.raises(AssetError, match=r"nowhere\.zip"):
        tiny_imagenet.load_tiny_imagenet(tmp_path / "nowhere.zip", tmp_path)
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as files:
        files.writestr("folder/file.txt", "text")
    with pytest.raises(AssetError, match=r"wnids\.txt"):
        tiny_imagenet.load_tiny_imagenet(tmp_path / "other.zip", tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_hold_out_splits_the_classes(tiny):
    kept, unseen = tiny_imagenet.hold_out(tiny, 1)
    assert (len(kept.wnids), len(unseen.wnids)) == (3, 1)
    assert set(kept.wnids) | set(unseen.wnids) == set(tiny.wnids)
    assert len(kept.train_images) == len(kept.train_labels) == 18
    np.testing.assert_array_equal(np.unique(kept.val_labels), [0, 1, 2])
    assert tiny_imagenet.hold_out(tiny, 1)[1].wnids == unseen.wnids


def test_resampling_matrices():
    whole = tiny_imagenet._resampling(np.zeros(1), np.full(1, 4.0), 4, 4)
    np.testing.assert_array_equal(whole[0], np.eye(4))
    half = tiny_imagenet._resampling(np.zeros(1), np.full(1, 4.0), 4, 2)
    # Triangles two pixels wide at 0.5 and 2.5, cut off at the border.
    np.testing.assert_allclose(half[0], np.array([[3, 3, 1, 0], [0, 1, 3, 3]]) / 7, rtol=1e-6)
    part = tiny_imagenet._resampling(np.ones(1), np.full(1, 2.0), 4, 4)
    np.testing.assert_allclose(part[0, 1], [0, 0.75, 0.25, 0])


def test_crops_keep_the_range_and_mirror_some():
    ramp = np.tile(np.arange(64, dtype=np.uint8)[None, None, :, None], (40, 64, 1, 3))
    out = tiny_imagenet.crop_and_resize(ramp, 48, 0.5, np.random.default_rng(0))
    assert out.shape == (40, 48, 48, 3)
    assert out.dtype == np.float32
    assert -1e-4 <= out.min() <= out.max() <= 63 + 1e-4
    rising = out[:, 24, -1, 0] > out[:, 24, 0, 0]
    assert 8 < rising.sum() < 32
    np.testing.assert_allclose(
        np.ptp(out, axis=1), 0, atol=1e-4
    )  # Rows stay alike: no shear, no turn.
