"""Adapting a little: values worked out by hand, what learns, and what is in the file."""

import keras
import numpy as np
import pytest

from tlcourse.errors import InputError
from tlcourse.networks.layers import leaves
from tlcourse.transfer.adapting import (
    PARTS,
    fixed_norms,
    let_learn,
    load_learned,
    low_rank_layer,
    save_learned,
)


def eye_of_two_heads() -> keras.layers.EinsumDense:
    """From two numbers to two heads of one number each: the numbers as they are."""
    dense = keras.layers.EinsumDense("ab,bcd->acd", (2, 1), name="query")
    dense.build((None, 2))
    dense.set_weights([np.eye(2).reshape(2, 2, 1)])
    return dense


def test_lora_by_hand():
    """x = (1, 2), W = 1, A = (1, 1), B = (2, -1): x A = 3, so x + 3 B = (7, -1)."""
    layer = low_rank_layer(eye_of_two_heads(), rank=1)
    x = np.array([[1.0, 2.0]], "float32")
    np.testing.assert_allclose(np.asarray(layer(x)).ravel(), [1, 2])  # B is zero: nothing changes
    layer.lora_a.assign([[1.0], [1.0]])
    layer.lora_b.assign([[2.0, -1.0]])
    np.testing.assert_allclose(np.asarray(layer(x)).reshape(1, 2, 1), [[[7], [-1]]])
    # A of 2 × 1 and B of 1 × 2, for both heads; Keras gives each head an A: 2 × 2 × 1 and 1 × 1.
    assert (layer.lora_a.shape, layer.lora_b.shape) == ((2, 1), (1, 2))
    theirs = eye_of_two_heads()
    theirs.enable_lora(1)
    assert (theirs.lora_kernel_a.shape, theirs.lora_kernel_b.shape) == ((2, 2, 1), (1, 1))


def test_keras_lora_by_hand():
    """Lesson 12 relies on it. The scale is alpha / rank = 2: x + 2 · 3 B = (13, -4)."""
    dense = keras.layers.Dense(2, use_bias=False)
    dense.build((None, 2))
    dense.set_weights([np.eye(2)])
    dense.enable_lora(1, lora_alpha=2)
    dense.lora_kernel_a.assign([[1.0], [1.0]])
    dense.lora_kernel_b.assign([[2.0, -1.0]])
    np.testing.assert_allclose(dense(np.array([[1.0, 2.0]], "float32")), [[13, -4]])
    np.testing.assert_allclose(dense.kernel, [[5, -2], [4, -1]])  # 1 + 2 A B, merged
    assert [w.path.split("/")[-1] for w in dense.trainable_weights] == [
        "lora_kernel_a",
        "lora_kernel_b",
    ]


def test_a_low_rank_layer_says_what_it_cannot_be():
    with pytest.raises(InputError, match="1 … 1, not 2"):
        low_rank_layer(eye_of_two_heads(), rank=2)
    with pytest.raises(InputError, match="no weights yet"):
        low_rank_layer(keras.layers.EinsumDense("ab,bcd->acd", (2, 1)), rank=1)


def small(seed: int = 0) -> keras.Model:
    """Convolution 3 → 4 without bias, normalization, convolution 4 → 5 with bias, head 5 → 2."""
    keras.utils.set_random_seed(seed)
    x = image = keras.Input((6, 6, 3))
    x = keras.layers.Conv2D(4, 3, use_bias=False, name="one_conv")(x)
    x = keras.layers.BatchNormalization(name="one_norm")(x)
    x = keras.layers.Conv2D(5, 1, name="two_conv")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, keras.layers.Dense(2, name="head")(x))


HEAD = 5 * 2 + 2


@pytest.mark.parametrize(
    ("part", "count"),
    [
        ("head", 0),
        ("norm", 4 + 4),  # scale and shift
        ("bias", 4 + 5),  # the shift, and the bias of the second convolution
        ("lora", 3 * 3 * 3 * 2 + 2 * 4),  # rank 2: a 3 × 3 convolution to 2 channels, and 2 → 4
        ("all", 3 * 3 * 3 * 4 + 4 + 4 + 4 * 5 + 5),
    ],
)
def test_what_learns_and_what_is_kept(part, count, tmp_path):
    model = small()
    if part == "lora":
        model.get_layer("one_conv").enable_lora(2)
    let_learn(model, part)
    assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == count + HEAD
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = model.get_weights()
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(16, 6, 6, 3)).astype("float32"), rng.integers(0, 2, 16)
    model.fit(x, y, epochs=2, verbose=0)
    moved = [not np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True)]
    averages = [w.path.split("/")[-1].startswith("moving") for w in model.weights]
    learns = [any(w is other for other in model.trainable_weights) for w in model.weights]
    # A random A moves only when B has: after the first step.
    assert [m for m, a in zip(moved, averages, strict=True) if not a] == [
        m for m, a in zip(learns, averages, strict=True) if not a
    ]

    size = save_learned(model, tmp_path / "learned.npz")
    assert size == (tmp_path / "learned.npz").stat().st_size > 4 * (count + HEAD)
    fresh = small(seed=5)
    if part == "lora":
        fresh.get_layer("one_conv").enable_lora(2)
    fresh.set_weights(before)
    load_learned(fresh, tmp_path / "learned.npz")
    for mine, theirs, average in zip(model.weights, fresh.weights, averages, strict=True):
        assert average or np.array_equal(mine, theirs)


def test_parts_that_are_not_there():
    with pytest.raises(InputError, match="one of head, norm"):
        let_learn(small(), "middle")
    with pytest.raises(InputError, match="enable_lora"):
        let_learn(small(), "lora")
    assert set(PARTS) == {"head", "norm", "bias", "lora", "all"}


def test_a_file_of_another_model_is_refused(tmp_path):
    model = small()
    let_learn(model, "head")
    save_learned(model, tmp_path / "learned.npz")
    other = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3, name="head")])
    with pytest.raises(InputError, match=r"head/kernel of shape \(5, 2\)"):
        load_learned(other, tmp_path / "learned.npz")


def test_two_weights_of_one_path_are_refused(tmp_path):
    blocks = [keras.Sequential([keras.layers.Dense(3, name="same")]) for _ in range(2)]
    image = keras.Input((3,))
    model = keras.Model(image, blocks[1](blocks[0](image)))
    if len({w.path for w in model.weights}) == len(model.weights):
        for weight in model.weights:  # whatever Keras calls them
            weight._path = weight.path.split("/")[-1]
    with pytest.raises(InputError, match="same path"):
        save_learned(model, tmp_path / "learned.npz")


def test_fixed_norms_learn_their_scale_and_keep_their_averages():
    model = small()
    norm = model.get_layer("one_norm")
    norm.moving_mean.assign([1.0, 2.0, 3.0, 4.0])
    fixed = fixed_norms(model)
    x = np.random.default_rng(2).normal(size=(8, 6, 6, 3)).astype("float32")
    np.testing.assert_allclose(fixed(x, training=True), model(x, training=False), rtol=1e-5)
    let_learn(fixed, "norm")
    fixed.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    fixed.fit(x, np.arange(8) % 2, verbose=0)
    after = dict(leaves(fixed))["one_norm"]
    np.testing.assert_array_equal(after.moving_mean, [1, 2, 3, 4])
    assert np.abs(np.asarray(after.gamma) - 1).max() > 0
