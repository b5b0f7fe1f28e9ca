"""photonet: its shape, and its bundled weights."""

import shutil
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from tests.helpers.what_is_here import given_file
from tlcourse.errors import AssetError
from tlcourse.networks.photonet import load_photonet_weights, photonet
from tlcourse.networks.trained import WEIGHTS, photonet_classes
from tlcourse.recipes import photonet as recipe

needs_weights = pytest.mark.skipif(not WEIGHTS.is_file(), reason="no bundled weights yet")


# --- architecture ----------------------------------------------------------------------------


def test_parts_have_their_names_and_shapes():
    model = photonet()
    shapes = {
        name: model.get_layer(name).output.shape[1:]
        for name in ("stem", "stage1", "stage2", "stage3", "stage4", "features")
    }
    assert shapes == {
        "stem": (32, 32, 32),
        "stage1": (32, 32, 32),
        "stage2": (16, 16, 64),
        "stage3": (8, 8, 128),
        "stage4": (4, 4, 256),
        "features": (256,),
    }
    assert model.input_shape == (None, 64, 64, 3)
    assert model.output_shape == (None, 256)


def test_parameter_count_is_exact():
    assert photonet().count_params() == BODY
    assert photonet(180).count_params() == BODY + 256 * 180 + 180 < 1_500_000


BODY = 1_251_580


def test_blocks_start_as_their_shortcut():
    gamma = photonet(widths=(8, 16)).get_layer("stage2_2_norm").gamma
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(gamma), 0)


@pytest.mark.parametrize("size", [32, 48, 75])
def test_other_sizes_pass(size):
    images = np.zeros((2, size, size, 3), np.uint8)
    assert photonet(image_size=None, widths=(8, 16)).predict_on_batch(images).shape == (2, 16)


# --- weights ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def photos() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)


@needs_weights
def test_two_loads_give_the_same_bits(photos):
    a, b = (load_photonet_weights(photonet()).predict_on_batch(photos) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert np.isfinite(a).all()
    assert a.std() > 0.01


@needs_weights
def test_bundled_file_is_small_and_has_a_head():
    assert WEIGHTS.stat().st_size <= 4_000_000
    classes = photonet_classes()
    assert len(classes) == 180
    load_photonet_weights(photonet(len(classes)))


@needs_weights
def test_bundled_weights_know_photographs():
    with zipfile.ZipFile(given_file("tiny-imagenet-180.zip")) as files:
        folder = "tiny-imagenet-200"
        wnids = files.read(f"{folder}/wnids.txt").decode().split()
        table = files.read(f"{folder}/val/val_annotations.txt").decode().splitlines()[::20]
        names, labels = zip(*(line.split("\t")[:2] for line in table), strict=True)
        images = np.stack(
            [
                np.asarray(Image.open(files.open(f"{folder}/val/images/{name}")).convert("RGB"))
                for name in names
            ]
        )
    model = load_photonet_weights(photonet(len(wnids)))
    scores = recipe.logits_of(model, images)
    assert recipe.top_k(scores, np.array([wnids.index(label) for label in labels])) > 0.45


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> tuple[keras.Model, Path]:
    model = photonet(2, widths=(8, 16))
    path = tmp_path_factory.mktemp("weights") / "small.npz"
    recipe.export(model, ["cat", "dog"], path)
    return model, path


def copy_of(path: Path, folder: Path) -> Path:
    for file in path.parent.iterdir():
        shutil.copy(file, folder)
    return folder / path.name


def test_export_and_load_round_trip(exported, photos):
    model, path = exported
    loaded = load_photonet_weights(photonet(2, widths=(8, 16)), path)
    np.testing.assert_allclose(
        loaded.predict_on_batch(photos), model.predict_on_batch(photos), atol=2e-3
    )
    assert photonet_classes(path) == ("cat", "dog")


def test_head_is_optional(exported, photos):
    model, path = exported
    body = load_photonet_weights(photonet(widths=(8, 16)), path)
    features = keras.Model(model.input, model.get_layer("features").output)
    np.testing.assert_allclose(
        body.predict_on_batch(photos), features.predict_on_batch(photos), atol=2e-3
    )


def test_damaged_weights_are_refused(exported, tmp_path):
    path = copy_of(exported[1], tmp_path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(AssetError, match=r"damaged.*expected SHA-256 [0-9a-f]{64}, got [0-9a-f]"):
        load_photonet_weights(photonet(2, widths=(8, 16)), path)


@pytest.mark.parametrize("missing", ["small.npz", "small.npz.sha256"])
def test_missing_weights_are_named(exported, tmp_path, missing):
    path = copy_of(exported[1], tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(AssetError, match=missing):
        photonet_classes(path)


@pytest.mark.parametrize(("classes", "widths"), [(3, (8, 16)), (2, (8, 24)), (2, (8, 16, 32))])
def test_weights_of_another_network_are_refused_and_nothing_is_loaded(exported, classes, widths):
    model = photonet(classes, widths=widths)
    before = [keras.ops.convert_to_numpy(w) for w in model.weights]
    with pytest.raises(ValueError, match=r"Expected .* of shape"):
        load_photonet_weights(model, exported[1])
    for old, new in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, keras.ops.convert_to_numpy(new))
