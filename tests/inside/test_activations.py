"""Activations: right values, any model, one trace, nothing left behind."""

import re

import keras
import numpy as np
import psutil
import pytest
from keras import layers

from tests.helpers.models import Counted, snapshot
from tlcourse import ActivationExtractor, build_classifier, get_activations, list_layers
from tlcourse.inside.tracing import attribute, listening
from tlcourse.networks.layers import find_path
from tlcourse.networks.photonet import photonet

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)


class Broken(layers.Layer):
    """Works until it is told to fail."""

    fails = False

    def call(self, inputs):
        if self.fails:
            raise RuntimeError("broken")
        return inputs


@pytest.fixture(scope="module")
def backbone():
    keras.utils.set_random_seed(0)
    return photonet(image_size=32, widths=(8, 16))


@pytest.fixture(scope="module")
def nested(backbone):
    inner = keras.Sequential([keras.Input((32, 32, 3)), backbone], name="inner")
    return build_classifier(inner, 3)


def tiny():
    """A 1x1 convolution, x and 3 - x, then ReLU; worked out by hand below."""
    image = keras.Input((2, 2, 1))
    conv = layers.Conv2D(2, 1, activation="relu", name="conv")
    model = keras.Model(image, layers.GlobalAveragePooling2D(name="mean")(conv(image)))
    conv.set_weights([np.array([[[[1.0, -1.0]]]]), np.array([0.0, 3.0])])
    return model


def test_values_by_hand():
    found = get_activations(tiny(), np.array([[[[1.0], [2.0]], [[3.0], [4.0]]]]), ["conv", "mean"])
    np.testing.assert_array_equal(found["conv"][0, ..., 0], [[1, 2], [3, 4]])
    np.testing.assert_array_equal(found["conv"][0, ..., 1], [[2, 1], [0, 0]])
    np.testing.assert_array_equal(found["mean"], [[2.5, 0.75]])
    assert found["conv"].dtype == np.float32


def test_nested_equals_flat_bit_for_bit(backbone, nested):
    names = ["stem_conv", "stage1", "stage2_excite", "stage2", "features"]
    flat = get_activations(backbone, IMAGES, names)
    deep = get_activations(nested, IMAGES, [f"inner/photonet/{name}" for name in names])
    for name in names:
        np.testing.assert_array_equal(flat[name], deep[f"inner/photonet/{name}"])
    # A nested model is a layer, too: what it gives is what its last layer gives.
    outer = get_activations(nested, IMAGES, ["inner", "inner/photonet"])
    np.testing.assert_array_equal(outer["inner"], flat["features"])
    np.testing.assert_array_equal(outer["inner/photonet"], flat["features"])


def test_names_of_outer_models_may_be_left_out(nested):
    assert find_path(nested, "stage1") == "inner/photonet/stage1"
    assert find_path(nested, "photonet/stage1") == "inner/photonet/stage1"
    assert list(get_activations(nested, IMAGES, "stage1")) == ["stage1"]


def test_an_ambiguous_name_is_refused():
    image = keras.Input((32, 32, 3))
    twins = [photonet(image_size=32, widths=(8,), name=name)(image) for name in ("left", "right")]
    model = keras.Model(image, layers.Concatenate()(twins))
    with pytest.raises(ValueError, match=r"several layers 'stage1': choose one of \['left/stage1'"):
        get_activations(model, IMAGES, "stage1")
    assert get_activations(model, IMAGES, "left/stage1")["left/stage1"].shape == (5, 16, 16, 8)


def test_sequential_and_subclassed_models():
    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__()
            self.first = layers.Conv2D(2, 3, name="first")
            self.inside = keras.Sequential([layers.Conv2D(3, 3, name="second")], name="inside")

        def call(self, inputs):
            return self.inside(self.first(inputs))

    model = Subclassed()
    floats = IMAGES.astype("float32")
    expected = np.asarray(model(floats))
    found = get_activations(model, IMAGES, ["first", "inside/second"])
    assert found["first"].shape == (5, 30, 30, 2)
    np.testing.assert_allclose(found["inside/second"], expected, rtol=1e-5, atol=1e-3)
    assert [row.path for row in list_layers(model)] == ["first", "inside", "inside/second"]

    model = keras.Sequential([keras.Input((32, 32, 3)), layers.Rescaling(0.5, name="half")])
    np.testing.assert_array_equal(get_activations(model, IMAGES, "half")["half"], IMAGES * 0.5)


def test_another_batch_size_does_not_trace_again():
    counted = Counted(name="double")
    model = keras.Sequential([keras.Input((4, 4, 3)), counted])
    extract = ActivationExtractor(model, "double")
    counted.runs.clear()
    for count in (1, 3, 32, 70):
        images = np.full((count, 4, 4, 3), count, np.uint8)
        np.testing.assert_array_equal(extract(images)["double"], images * 2.0)
        np.testing.assert_array_equal(
            get_activations(model, images, "double")["double"], images * 2
        )
    assert len(counted.runs) == 1


def test_weights_and_layers_that_change_are_seen():
    dense = layers.Dense(1, use_bias=False, name="dense")
    model = keras.Sequential([keras.Input((2,)), dense])
    for value in (1.0, 3.0):
        dense.set_weights([np.full((2, 1), value)])
        assert get_activations(model, np.ones((1, 2), "float32"), "dense")["dense"] == 2 * value
    model.add(layers.Rescaling(10.0, name="ten"))
    assert get_activations(model, np.ones((1, 2), "float32"), "ten")["ten"] == 60
    dense.activation = keras.activations.tanh
    found = get_activations(model, np.ones((1, 2), "float32"), "dense")["dense"]
    np.testing.assert_allclose(found, np.tanh(6.0), rtol=1e-6)


def test_batches_are_put_together(backbone):
    whole = get_activations(backbone, IMAGES, ["stage1", "features"])
    parts = get_activations(backbone, IMAGES, ["stage1", "features"], batch_size=2)
    for name in whole:
        np.testing.assert_allclose(parts[name], whole[name], rtol=1e-5, atol=1e-5)
        for array in (whole[name], parts[name]):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0


def test_nothing_is_left_in_the_model(nested):
    nested.get_layer("inner").trainable = False
    before = snapshot(nested)
    get_activations(nested, IMAGES, [row.path for row in list_layers(nested)])
    assert snapshot(nested) == before


def test_nothing_is_left_after_an_exception():
    model = keras.Sequential([
        keras.Input((4, 4, 3)), layers.Conv2D(2, 1, name="conv"), Broken(name="broken")
    ])  # fmt: skip
    model.get_layer("broken").fails = True
    before = snapshot(model)
    with pytest.raises(RuntimeError, match="broken"):
        get_activations(model, np.zeros((1, 4, 4, 3), np.uint8), ["conv", "broken"])
    assert snapshot(model) == before


def test_an_attribute_of_the_layers_own_comes_back():
    layer = layers.Dense(2)
    with attribute(layer, "activation", keras.activations.relu):
        assert layer.activation is keras.activations.relu
    assert layer.activation is keras.activations.linear
    own = layer.call = lambda inputs: inputs
    with pytest.raises(KeyError), listening({"layer": layer}):
        raise KeyError
    assert vars(layer)["call"] is own


def test_batch_normalization_computes_with_its_stored_averages():
    model = keras.Sequential([keras.Input((4, 4, 3)), layers.BatchNormalization(name="norm")])
    found = get_activations(model, np.full((2, 4, 4, 3), 200, np.uint8), "norm")["norm"]
    np.testing.assert_allclose(found, 200 / np.sqrt(1.001), rtol=1e-6)  # not 0, as in training


def test_low_precision_comes_as_float32():
    low = layers.Dense(2, dtype="mixed_bfloat16", name="low")
    model = keras.Sequential([keras.Input((3,)), low])
    assert get_activations(model, np.ones((2, 3), "float32"), "low")["low"].dtype == np.float32


def test_what_does_not_fit_is_refused_before_it_is_computed(backbone, monkeypatch):
    free = psutil.virtual_memory()._replace(available=1_000_000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    # 5 images of 16 x 16 x 8 and 8 x 8 x 16 float32 numbers
    images = np.zeros((50, 32, 32, 3), np.uint8)
    assert get_activations(backbone, IMAGES, "stage1")["stage1"].nbytes == 5 * 16 * 16 * 8 * 4
    with pytest.raises(MemoryError) as error:
        get_activations(backbone, np.repeat(images, 10, axis=0), ["stage1", "stage2"])
    needed = 500 * 4 * (16 * 16 * 8 + 8 * 8 * 16)
    assert f"would take {needed:,} bytes" in str(error.value)
    assert "1,000,000 are free" in str(error.value)
    assert f"'stage1' alone takes {500 * 4 * 2048:,}" in str(error.value)


def test_list_layers(nested):
    rows = {row.path: row for row in list_layers(nested)}
    stem = rows["inner/photonet/stem_conv"]
    assert stem == ("inner/photonet/stem_conv", "Conv2D", (None, 16, 16, 8), 3 * 3 * 3 * 8)
    assert rows["inner/photonet"].output_shape == (None, 16)
    assert rows["head"].parameters == 16 * 3 + 3
    assert not any(row.kind == "InputLayer" for row in rows.values())
    convs = list_layers(nested, "conv")
    assert {row.kind for row in convs} == {"Conv2D"}
    table = convs._repr_html_()
    assert table.count("<tr>") == 1 + len(convs)
    assert "n × 16 × 16 × 8" in table
    with pytest.raises(ValueError, match=r"no layer of kind 'LSTM'. Its kinds are: Add, "):
        list_layers(nested, "LSTM")


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES[0], r"takes images of shape (n, any, any, 3), not (32, 32, 3). One image needs"),
        (IMAGES[..., :1], r"not (5, 32, 32, 1)"),
        (IMAGES[:0], "There are no images"),
        (IMAGES / 255, "look scaled to [0, 1]; expected [0, 255]. Multiply them by 255"),
        (IMAGES / 127.5 - 1, "lie in [-1, 1]; expected [0, 255]"),
        (IMAGES * np.nan, "lie in [nan, nan]; expected [0, 255]"),
    ],
)
def test_images_that_do_not_fit(images, message):
    model = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(2, 1, name="conv")])
    with pytest.raises(ValueError, match=re.escape(message)):
        get_activations(model, images, "conv")


def test_another_range_can_be_said():
    model = keras.Sequential([keras.Input((32, 32, 3)), layers.Conv2D(2, 1, name="conv")])
    assert get_activations(model, IMAGES / 255, "conv", value_range=(0, 1))["conv"].shape[0] == 5


def test_unknown_layers(nested):
    with pytest.raises(ValueError, match=r"no layer 'stge1'\. Did you mean 'stage1'"):
        get_activations(nested, IMAGES, "stge1")
    with pytest.raises(ValueError, match="layers is empty"):
        get_activations(nested, IMAGES, [])


def test_layers_that_give_no_single_tensor():
    image = keras.Input((4, 3))
    sequence, state = layers.GRU(2, return_sequences=True, return_state=True, name="gru")(image)
    model = keras.Model(image, [sequence, state])
    with pytest.raises(ValueError, match="'gru' gives several tensors"):
        get_activations(model, np.ones((1, 4, 3), "float32"), "gru")
    two = keras.Model([image, keras.Input((2,))], sequence)
    with pytest.raises(ValueError, match="has several inputs"):
        get_activations(two, np.ones((1, 4, 3), "float32"), "gru")
