"""Explanations: each method gives what its paper says, on a network worked out by hand."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.helpers.models import Counted, snapshot
from tlcourse import build_classifier, grad_cam, occlusion, saliency, smooth_grad
from tlcourse.networks.photonet import photonet

METHODS = (grad_cam, saliency, smooth_grad, occlusion)
IMAGE = np.array([[[1.0], [2.0]], [[3.0], [4.0]]])
SIDE = {"patch": 1}  # of the square that covers a picture this small


def tiny(activation=None, extra=()):
    """Feature maps x and max(3 - x, 0); their means m, n; logits m + 2n and 4n - m.

    For IMAGE the maps are [[1, 2], [3, 4]] and [[2, 1], [0, 0]]; the logits are 4 and 0.5.
    """
    image = keras.Input((2, 2, 1))
    conv = layers.Conv2D(2, 1, activation="relu", name="conv")
    means = layers.GlobalAveragePooling2D(name="means")(conv(image))
    head = layers.Dense(2, use_bias=False, activation=activation, name="head")
    x = head(means)
    for layer in extra:
        x = layer(x)
    conv.set_weights([np.array([[[[1.0, -1.0]]]]), np.array([0.0, 3.0])])
    head.set_weights([np.array([[1.0, -1.0], [2.0, 4.0]])])
    return keras.Model(image, x)


def test_grad_cam_by_hand():
    # Mean gradients: 1/4 and 2/4 for class 0; -1/4 and 4/4 for class 1.
    found = grad_cam(tiny(), IMAGE)
    np.testing.assert_allclose(found.maps, [[1.25, 1.0], [0.75, 1.0]], rtol=1e-6)
    assert (found.method, found.classes, found.layer) == ("Grad-CAM", 0, "conv")
    np.testing.assert_allclose(grad_cam(tiny(), IMAGE, class_index=1).maps, [[1.75, 0.5], [0, 0]])


def test_saliency_by_hand():
    # Class 0: 1/4 - 2/4 where x < 3, else 1/4. Class 1: -1/4 - 4/4 where x < 3, else -1/4.
    np.testing.assert_allclose(saliency(tiny(), IMAGE).maps, np.full((2, 2), 0.25))
    found = saliency(tiny(), IMAGE, class_index=1)
    np.testing.assert_allclose(found.maps, [[1.25, 1.25], [0.25, 0.25]])


def test_saliency_takes_the_largest_channel():
    image = keras.Input((1, 1, 3))
    dense = layers.Dense(1, use_bias=False)
    model = keras.Model(image, dense(layers.Flatten()(image)))
    dense.set_weights([np.array([[2.0], [-5.0], [3.0]])])
    assert saliency(model, np.full((1, 1, 3), 7.0)).maps == [[5.0]]
    # A linear network has the same gradient everywhere: noise changes nothing.
    assert smooth_grad(model, np.full((1, 1, 3), 7.0), noise=0.2).maps == [[5.0]]


def test_smooth_grad_is_the_mean_over_noisy_copies():
    np.testing.assert_allclose(smooth_grad(tiny(), IMAGE, noise=0).maps, np.full((2, 2), 0.25))
    found = smooth_grad(tiny(), IMAGE, class_index=1, samples=400, noise=0.5, seed=1).maps
    # At x = 3 the step of the second map is met by half of the copies: -1/4 - 1/2; far from it
    # (noise of 0.5 * 3 around x = 1 and x = 4) by the share that lies below 3.
    from scipy.stats import norm

    expected = 0.25 + norm.cdf((3 - IMAGE[..., 0]) / 1.5)
    np.testing.assert_allclose(found, expected, atol=0.08)
    again = smooth_grad(tiny(), IMAGE, class_index=1, samples=400, noise=0.5, seed=1).maps
    np.testing.assert_array_equal(found, again)


def test_occlusion_by_hand():
    # Class 0 with one pixel set to 0: the first mean loses x / 4, the second gains up to 3 / 4.
    found = occlusion(tiny(), IMAGE, patch=1, fill=0)
    np.testing.assert_allclose(found.maps, [[-0.25, -0.5], [-0.75, -0.5]], atol=1e-6)
    whole = occlusion(tiny(), IMAGE, patch=2, fill=0)  # logit 6 instead of 4
    np.testing.assert_allclose(whole.maps, np.full((2, 2), -2.0), atol=1e-6)


def test_occlusion_takes_the_mean_over_squares_that_overlap():
    image = keras.Input((1, 3, 1))
    dense = layers.Dense(1, use_bias=False)
    model = keras.Model(image, dense(layers.Flatten()(layers.UpSampling2D((2, 1))(image))))
    dense.set_weights([np.array([[1.0], [0], [4.0], [0], [0], [0]])])
    tall = keras.Sequential([keras.Input((2, 3, 1)), layers.Cropping2D(((0, 1), 0)), model])
    # Squares of 2 at columns 0-1 and 1-2, filled with 0: the score falls by 10, and by 40.
    found = occlusion(tall, np.full((2, 3, 1), 10.0), patch=2, stride=1, fill=0)
    np.testing.assert_allclose(found.maps, [[10, 25, 40], [10, 25, 40]])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "end",
    [{"activation": "softmax"}, {"extra": [layers.Softmax()]}, {"activation": "sigmoid"},
     {"extra": [layers.Activation("softmax")]}],
)  # fmt: skip
def test_a_softmax_at_the_end_is_left_out(method, end):
    options = SIDE if method is occlusion else {}
    model = tiny(**end)
    before = snapshot(model)
    np.testing.assert_array_equal(
        method(model, IMAGE, **options).maps, method(tiny(), IMAGE, **options).maps
    )
    assert snapshot(model) == before


@pytest.fixture(scope="module")
def models():
    keras.utils.set_random_seed(1)
    backbone = photonet(image_size=32, widths=(8, 16))
    nested = build_classifier(keras.Sequential([keras.Input((32, 32, 3)), backbone]), 3)
    flat = keras.Model(backbone.input, nested.get_layer("head")(backbone.output))
    return flat, nested


IMAGES = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)


@pytest.mark.parametrize("method", METHODS)
def test_nested_equals_flat_bit_for_bit_and_nothing_is_left(models, method):
    flat, nested = models
    before = snapshot(nested)
    one, two = method(flat, IMAGES), method(nested, IMAGES)
    np.testing.assert_array_equal(one.maps, two.maps)
    np.testing.assert_array_equal(one.classes, two.classes)
    assert one.maps.shape == (4, 32, 32)
    assert one.maps.dtype == np.float32
    assert snapshot(nested) == before


@pytest.mark.parametrize("method", METHODS)
def test_a_batch_gives_what_each_image_gives(models, method):
    classes = np.array([0, 2, 1, 1])
    batch = method(models[1], IMAGES, class_index=classes)
    np.testing.assert_array_equal(batch.classes, classes)
    # SmoothGrad's noise goes on from picture to picture: its first picture is compared.
    for at in range(1 if method is smooth_grad else 4):
        one = method(models[1], IMAGES[at], class_index=int(classes[at]))
        assert one.classes == classes[at]
        np.testing.assert_allclose(one.maps, batch.maps[at], rtol=1e-3, atol=1e-6)


def test_grad_cam_chooses_the_last_feature_map_and_says_so(models):
    found = grad_cam(models[1], IMAGES)
    assert found.layer.endswith("photonet/stage2")
    assert "photonet/stage2'" in repr(found)
    coarse = grad_cam(models[1], IMAGES, resize=False)
    assert coarse.maps.shape == (4, 8, 8)
    early = grad_cam(models[1], IMAGES, layer="stage1_1_conv", resize=False)
    assert early.maps.shape == (4, 16, 16)
    assert early.layer.endswith("photonet/stage1_1_conv")


@pytest.mark.parametrize("method", METHODS)
def test_another_batch_size_does_not_trace_again(method):
    counted = Counted()
    model = keras.Sequential([
        keras.Input((16, 16, 3)), layers.Conv2D(4, 3), counted, layers.Flatten(), layers.Dense(3)
    ])  # fmt: skip
    method(model, IMAGES[:, :16, :16])
    traced = len(counted.runs)
    for count in (1, 2, 3):
        method(model, IMAGES[:count, :16, :16], class_index=2)
    assert len(counted.runs) == traced


@pytest.mark.parametrize("method", METHODS)
def test_errors(models, method):
    model = models[1]
    for wrong in (3, -2, [0, 1, 2, 3]):
        with pytest.raises(ValueError, match=r"must lie in 0 … 2: classifier has 3 classes"):
            method(model, IMAGES, class_index=wrong)
    for wrong in (1.5, [0, 1]):
        with pytest.raises(ValueError, match="must be a whole number, or 4 of them"):
            method(model, IMAGES, class_index=wrong)
    with pytest.raises(ValueError, match=r"look scaled to \[0, 1\]"):
        method(model, IMAGES / 255)
    with pytest.raises(ValueError, match="takes images of shape"):
        method(model, IMAGES[..., :2])
    maps = keras.Sequential([keras.Input((32, 32, 3)), layers.Conv2D(2, 3)], name="maps")
    with pytest.raises(ValueError, match=r"maps gives \(None, 30, 30, 2\); expected logits"):
        method(maps, IMAGES)


def test_errors_of_one_method(models):
    model = models[1]
    with pytest.raises(ValueError, match=r"features' gives \(None, 16\): no spatial map.*stage2'"):
        grad_cam(model, IMAGES, layer="features")
    with pytest.raises(ValueError, match=r"has no layer 'stage3'\. Did you mean .*'stage2'"):
        grad_cam(model, IMAGES, layer="stage3")
    dense = keras.Sequential([keras.Input((32, 32, 3)), layers.Flatten(), layers.Dense(2)])
    with pytest.raises(ValueError, match="has no layer with a spatial map"):
        grad_cam(dense, IMAGES)
    with pytest.raises(ValueError, match="samples ≥ 1 and noise ≥ 0"):
        smooth_grad(model, IMAGES, samples=0)
    with pytest.raises(ValueError, match=r"1 ≤ stride ≤ patch ≤ 32"):
        occlusion(model, IMAGES, patch=33)
    stopped = keras.Sequential([
        keras.Input((32, 32, 3)), layers.Lambda(keras.ops.stop_gradient),
        layers.Flatten(), layers.Dense(2),
    ])  # fmt: skip
    with pytest.raises(ValueError, match="do not depend on the image"):
        saliency(stopped, IMAGES)
