import os

import numpy as np
import pytest

from tests.helpers.models import Counted
from tlcourse.files import assets
from tlcourse.transfer.features import extract_features

pytestmark = pytest.mark.slow
IMAGES = np.arange(5 * 8 * 8 * 3, dtype=np.uint8).reshape(5, 8, 8, 3)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TLCOURSE_SHARED", raising=False)
    return tmp_path / "cache" / "features"


def network():
    """Channel means of the pictures, times 1, 2 and 3; `maps` holds them before the average."""
    import keras

    image = keras.Input((8, 8, 3))
    maps = keras.layers.Conv2D(3, 1, use_bias=False, name="maps")
    output = keras.layers.GlobalAveragePooling2D(name="features")(maps(image))
    model = keras.Model(image, output, name="small")
    maps.set_weights([np.diag([1.0, 2.0, 3.0])[None, None]])
    return model


EXPECTED = IMAGES.mean(axis=(1, 2)) * [1, 2, 3]


def test_features_are_those_of_the_layer(cache):
    model = network()
    np.testing.assert_allclose(extract_features(model, IMAGES), EXPECTED, rtol=1e-6)
    np.testing.assert_allclose(extract_features(model, IMAGES, layer="maps"), EXPECTED, rtol=1e-6)
    maps = extract_features(model, IMAGES, layer="maps", pool=False, batch_size=2)
    np.testing.assert_allclose(maps, IMAGES * np.array([1, 2, 3]), rtol=1e-6)
    assert len(list(cache.iterdir())) == 3


@pytest.mark.parametrize("layer", [None, "double"])
def test_the_second_call_reads(cache, layer):
    import keras

    def counting():
        """A model that doubles, and a list that grows when it computes for the first time."""
        counted = Counted(name="double")
        image = keras.Input((8, 8, 3), name="image")
        model = keras.Model(image, counted(image), name="doubling")
        counted.runs.clear()
        return model, counted.runs

    (one, runs_of_one), (two, runs_of_two) = counting(), counting()
    first = extract_features(one, IMAGES, layer=layer)
    second = extract_features(two, IMAGES, layer=layer)
    assert (len(runs_of_one), len(runs_of_two)) == (1, 0)
    assert isinstance(second, np.memmap)
    assert np.array_equal(first, second)


def test_a_backbone_that_is_loaded_twice_has_one_cache(cache):
    from tlcourse import load_backbone

    for _ in range(2):  # Keras numbers its operations on: resize, resize_1
        extract_features(load_backbone("photonet"), IMAGES)
    assert len(list(cache.iterdir())) == 1


def test_whatever_changes_is_computed_again(cache):
    model = network()
    extract_features(model, IMAGES)
    model.get_layer("maps").set_weights([np.eye(3)[None, None]])
    np.testing.assert_allclose(extract_features(model, IMAGES), IMAGES.mean(axis=(1, 2)), rtol=1e-6)
    other = IMAGES.copy()
    other[0, 0, 0, 0] += 64
    assert extract_features(model, other)[0, 0] == pytest.approx(IMAGES[0].mean((0, 1))[0] + 1)
    assert len(list(cache.iterdir())) == 3


def test_without_cache_nothing_is_written(cache):
    extract_features(network(), IMAGES, cache=False)
    assert not cache.exists()


def test_a_truncated_file_is_made_again(cache):
    extract_features(network(), IMAGES)
    (file,) = cache.iterdir()
    file.write_bytes(file.read_bytes()[:-4])
    np.testing.assert_allclose(extract_features(network(), IMAGES), EXPECTED, rtol=1e-6)
    assert np.load(file).shape == (5, 3)


def test_a_cache_that_cannot_be_written(cache, monkeypatch):
    def full(target):
        raise assets.AssetError("Could not write: no space left.")

    monkeypatch.setattr(assets, "atomic_path", full)
    with pytest.warns(UserWarning, match=r"no space left. The features are in memory"):
        features = extract_features(network(), IMAGES)
    np.testing.assert_allclose(features, EXPECTED, rtol=1e-6)


def test_a_shared_cache_is_read(cache, tmp_path, monkeypatch):
    first = extract_features(network(), IMAGES)
    os.rename(tmp_path / "cache", tmp_path / "shared")
    monkeypatch.setenv("TLCOURSE_SHARED", str(tmp_path / "shared"))
    assert np.array_equal(extract_features(network(), IMAGES), first)
    assert not cache.exists()


def test_bad_input():
    model = network()
    with pytest.raises(ValueError, match=r"takes images of shape \(n, 8, 8, 3\), not \(8, 8, 3\)"):
        extract_features(model, IMAGES[0])
    with pytest.raises(ValueError, match="There are no images"):
        extract_features(model, IMAGES[:0])
    with pytest.raises(ValueError, match=r"has no layer 'map'\. Did you mean 'maps'\?"):
        extract_features(model, IMAGES, layer="map")
