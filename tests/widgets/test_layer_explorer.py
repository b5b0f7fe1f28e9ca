"""The layer explorer without a page: what it computes, shows and remembers."""

import keras
import numpy as np
import pytest
from keras import layers

from tlcourse import get_activations, grad_cam
from tlcourse.inside.looking import LayerLooker, spatial_layers
from tlcourse.widgets.layer_explorer import layer_explorer
from tlcourse.widgets.upload import Photo


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    inputs = x = keras.Input((16, 16, 3), name="image")
    for number in (1, 2):
        x = layers.Conv2D(4 * number, 3, strides=2, padding="same", name=f"conv{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
    x = layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(inputs, layers.Dense(3, name="logits")(x), name="tiny")


@pytest.fixture
def pictures():
    noise = np.random.default_rng(0).integers(0, 256, (2, 20, 30, 3), dtype=np.uint8)
    return {"first": noise[0], "second": noise[1]}


def test_one_graph_gives_what_the_functions_of_the_course_give(model):
    picture = np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    look = LayerLooker(model, ("relu1", "relu2"))(picture, 2)
    expected = get_activations(model, picture[None], ["relu1", "relu2"])
    for path in ("relu1", "relu2"):
        np.testing.assert_allclose(look.maps[path], expected[path][0], rtol=1e-5, atol=1e-4)
        cam = grad_cam(model, picture, class_index=2, layer=path, resize=False).maps
        np.testing.assert_allclose(look.cams[path], cam, rtol=1e-4, atol=1e-6)
    logits = model.predict(picture[None], verbose=0)
    shares = keras.ops.convert_to_numpy(keras.ops.softmax(logits))[0]
    np.testing.assert_allclose(look.probabilities, shares, rtol=1e-4)
    assert look.explained == 2
    assert LayerLooker(model, ("relu1",))(picture).explained == shares.argmax()


def test_activations_are_offered_and_else_convolutions(model):
    assert spatial_layers(model) == ("relu1", "relu2")
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(2, 3, name="conv")(inputs)
    plain = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))
    assert spatial_layers(plain) == ("conv",)
    flat = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(inputs)), name="flat")
    with pytest.raises(ValueError, match="Name layers yourself"):
        spatial_layers(flat)


def parts(box):
    _, first, layer, line, view = box.children
    return (*first.children, layer, line, view)


def test_every_control_changes_the_view(model, pictures):
    box = layer_explorer(model, ("ant", "bee <b>", "cow"), pictures=pictures)
    choice, _, target, layer, line, view = parts(box)
    seen = [view.value]
    assert "8 channels of 4 × 4 places" in view.value  # starts in the middle
    layer.value = "relu1"
    assert "4 channels of 8 × 8 places" in view.value
    seen.append(view.value)
    choice.value = "second"
    seen.append(view.value)
    target.index = 1
    seen.append(view.value)
    assert len(set(seen)) == 4
    assert line.text == ""
    assert "<b>bee" not in view.value
    words = target.options[1][0].rsplit(" (", 1)[0]
    assert f"Grad-CAM at relu1 for {words}".replace("<b>", "&lt;b&gt;") in view.value


def test_a_picture_of_ones_own_is_shown_and_a_bad_file_is_told(model, pictures):
    choice, yours, _, _, line, view = parts(layer_explorer(model, pictures=pictures))
    before = view.value
    yours._on_photos([], ["words.txt is not an image."])
    assert (line.text, view.value) == ("words.txt is not an image.", before)
    yours._on_photos([Photo("mine.png", np.zeros((40, 20, 3), np.uint8))], [])
    assert choice.value == "mine.png"
    assert view.value != before
    assert "16 × 16 pixels" in line.text
