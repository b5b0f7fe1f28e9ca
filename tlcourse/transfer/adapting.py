"""Adapt a little: let a small part of a network learn, and keep that part alone in a file.

Lesson 12 writes this out; here it is for the recipe, and for who wants the short way.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlcourse.errors import InputError

if TYPE_CHECKING:
    import keras

# What a weight is called (in Keras, the last part of its path) says what it is.
PARTS = {
    "head": (),
    "norm": ("gamma", "beta"),
    "bias": ("bias", "beta"),
    "lora": ("lora_kernel_a", "lora_kernel_b"),
    "all": None,
}


def fixed_norms(model: "keras.Model") -> "keras.Model":
    """The same network with batch normalizations that use their stored averages, always.

    In Keras, a `BatchNormalization` that learns its scale and shift also uses, and follows, the
    averages of each batch. Here `gamma` and `beta` can learn while means and variances stay.

    Args:
        model: a functional model, such as `load_backbone("photonet")`; it is not changed.

    Returns:
        A copy with the same weights and names.
    """
    import keras

    class FixedNorm(keras.layers.BatchNormalization):
        def call(self, inputs, training=None, mask=None):
            return super().call(inputs, training=False, mask=mask)

    def copy(layer):
        norm = isinstance(layer, keras.layers.BatchNormalization)
        return (FixedNorm if norm else type(layer)).from_config(layer.get_config())

    result = keras.models.clone_model(model, clone_function=copy)
    result.set_weights(model.get_weights())
    return result


def low_rank_layer(dense: "keras.layers.EinsumDense", rank: int) -> "keras.layers.Layer":
    """LoRA beside a layer that may have several heads: `dense(x) + x A B`, one product for all.

    E. J. Hu and others, "LoRA", 2021, arXiv:2106.09685: A is random, B starts at zero, so that
    nothing changes at first; the scale (alpha / rank in the paper) is 1. Keras's own
    `EinsumDense.enable_lora` gives each head an A of its own.

    Args:
        dense: built, from (..., d) to (..., heads, width) or to (..., width).
        rank: of A (d, rank) and B (rank, heads · width), at least 1.

    Returns:
        A layer to put in the place of `dense`, which is frozen in it.

    Raises:
        InputError: the rank is below 1, or not below d, or the layer is not built.
    """
    import keras

    if not dense.built:
        raise InputError(f"{dense.name} has no weights yet: call it once before.")
    inner, *outer = dense.kernel.shape
    if not 1 <= rank < inner:
        raise InputError(f"rank must lie in 1 … {inner - 1}, not {rank}.")

    class LowRank(keras.layers.Layer):
        def __init__(self):
            super().__init__(name=dense.path.replace("/", "_"))  # one name for each place
            self.dense = dense
            self.lora_a = self.add_weight((inner, rank), "he_uniform", name="lora_kernel_a")
            width = int(np.prod(outer))
            self.lora_b = self.add_weight((rank, width), "zeros", name="lora_kernel_b")
            self.built = True

        def call(self, x):
            change = x @ self.lora_a @ self.lora_b
            return self.dense(x) + keras.ops.reshape(change, (*keras.ops.shape(x)[:-1], *outer))

    return LowRank()


def let_learn(model: "keras.Model", part: str) -> None:
    """Let the head learn and, of all the rest, one part. Compile the model afterwards.

    Args:
        model: a classifier whose last layer is called `head`.
        part: `"head"`: nothing else; `"norm"`: scales and shifts of the normalizations; `"bias"`:
            all that is only added (of a normalization, its shift); `"lora"`: the small matrices,
            which must be there (`layer.enable_lora(rank)`); `"all"`.

    Raises:
        InputError: there is no such part, or nothing of it in this model.
    """
    if part not in PARTS:
        raise InputError(f"part must be one of {', '.join(PARTS)}, not {part!r}.")
    names = PARTS[part]
    model.trainable = True
    found = 0
    for weight in _learnable(model):
        name = weight.path.split("/")[-1]
        in_head = "head" in weight.path.split("/")
        weight.trainable = in_head or names is None or name in names
        found += weight.trainable and not in_head
    if part != "head" and not found:
        hint = " Call layer.enable_lora(rank) on some layers first." if part == "lora" else ""
        raise InputError(f"{model.name} has nothing that is called {part!r}.{hint}")


def _learnable(model: "keras.Model") -> list:
    """All weights but those that no training changes, such as stored averages.

    A weight that was frozen by itself counts; a random generator's state does not.
    """
    fixed = ("moving_mean", "moving_variance", "seed_generator_state")
    return [w for w in model.weights if w.path.split("/")[-1] not in fixed]


def save_learned(model: "keras.Model", path: str | Path) -> int:
    """Write the weights that learn, and no others, as an npz of float32.

    Args:
        model: after training; what is frozen in it has to be had elsewhere.
        path: of the file; an existing one is replaced.

    Returns:
        Its size in bytes.

    Raises:
        InputError: two weights have the same path, so that a file cannot tell them apart.
    """
    arrays = {weight.path: np.asarray(weight) for weight in model.trainable_weights}
    if len(arrays) < len(model.trainable_weights):
        raise InputError(f"Two weights of {model.name} have the same path: rename a layer.")
    with open(path, "wb") as file:
        np.savez(file, **arrays)
    return Path(path).stat().st_size


def load_learned(model: "keras.Model", path: str | Path) -> None:
    """Put what `save_learned` wrote into a model that is built in the same way.

    Args:
        model: with the original weights; those in the file are replaced.
        path: of the file, which is read without pickle.

    Raises:
        InputError: the file has a weight that the model does not have, or of another shape.
    """
    weights = {weight.path: weight for weight in model.weights}
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    for name, array in arrays.items():
        have = weights[name].shape if name in weights else "nothing"
        if have != array.shape:
            raise InputError(
                f"{path} has {name} of shape {array.shape}; the model has {have} of that name. "
                "Build it as it was when the file was written."
            )
    for name, array in arrays.items():
        weights[name].assign(array)
