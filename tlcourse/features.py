"""Feature extraction: what a trained network says about pictures, computed once and kept.

The cache is keyed by everything that decides the numbers: the weights, the layers and how they
are wired, the layer asked for, the pictures, and the versions of Keras and TensorFlow. So a
feature is never stale: whatever changes, changes the key.
"""

import difflib
import hashlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlcourse.cached import cached_array
from tlcourse.progress import progress

if TYPE_CHECKING:
    import keras

SHOW_PROGRESS_FROM = 2000  # pictures; a few seconds


def extract_features(
    model: "keras.Model",
    images: np.ndarray,
    *,
    layer: str | None = None,
    pool: bool = True,
    batch_size: int = 64,
    cache: bool = True,
) -> np.ndarray:
    """What one layer of `model` gives for each picture, in inference mode.

    Args:
        model: a built `keras.Model` with one input.
        images: (n, height, width, 3) as the model takes them; uint8 for those of this course.
        layer: name of one of the model's own layers; None is its output.
        pool: average a (n, h, w, c) output over h and w, to (n, c).
        batch_size: pictures computed at once.
        cache: keep the result on disk, and read it from there the next time.

    Returns:
        float32 (n, ...): from the cache a read-only memory map, else an array.

    Raises:
        ValueError: there is no such layer (near matches are named), or the pictures do not fit
            the model, or there are none.
    """
    import keras

    images = np.asarray(images)
    expected = tuple(model.input_shape[1:])
    fits = images.ndim == len(expected) + 1 and all(
        want in (None, got) for want, got in zip(expected, images.shape[1:], strict=True)
    )
    if not fits:
        raise ValueError(
            f"{model.name} takes images of shape (n, {', '.join(map(str, expected))}), not "
            f"{images.shape}. One image needs a batch around it: images[None]."
        )
    if not len(images):
        raise ValueError("There are no images: expected at least one.")
    part = model
    if layer is not None:
        part = keras.Model(model.inputs, find_layer(model, layer).output, name=model.name)
    if not cache:
        return _compute(part, images, pool, batch_size)

    key = _digest(part, images, pool)
    name = Path("features") / f"{model.name}-{layer or 'output'}-{key}.npy".replace("/", "-")
    features, unsaved_because = cached_array(
        name,
        lambda: _compute(part, images, pool, batch_size),
        lambda array: array.dtype == np.float32 and len(array) == len(images),
    )
    if unsaved_because:
        warnings.warn(
            f"{unsaved_because} The features are in memory and will be computed again next time.",
            stacklevel=2,
        )
    return features


def find_layer(model: "keras.Model", name: str) -> "keras.layers.Layer":
    """The layer of `model` called `name`.

    Raises:
        ValueError: there is none; near matches are named.
    """
    names = [layer.name for layer in model.layers]
    if name in names:
        return model.get_layer(name)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
    hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else f"It has {names}."
    raise ValueError(f"{model.name} has no layer {name!r}. {hint}")


def _compute(model: "keras.Model", images: np.ndarray, pool: bool, batch_size: int) -> np.ndarray:
    import keras

    parts = []
    starts = range(0, len(images), batch_size)
    if len(images) >= SHOW_PROGRESS_FROM:
        starts = progress(starts, "Features")
    for start in starts:
        batch = np.ascontiguousarray(images[start : start + batch_size])
        output = keras.ops.convert_to_numpy(model.predict_on_batch(batch)).astype("float32")
        parts.append(output.mean(axis=(1, 2)) if pool and output.ndim == 4 else output)
    return np.concatenate(parts)


def _digest(model: "keras.Model", images: np.ndarray, pool: bool) -> str:
    import keras
    import tensorflow as tf

    digest = hashlib.blake2b(digest_size=12)
    facts = [keras.__version__, tf.__version__, keras.config.dtype_policy().name, str(pool)]
    facts += [_wiring(model), str(images.shape), str(images.dtype)]
    digest.update("\0".join(facts).encode())
    for variable in model.weights:
        value = np.ascontiguousarray(keras.ops.convert_to_numpy(variable))
        digest.update(f"{value.dtype}{value.shape}".encode() + value.tobytes())
    step = 4096
    for start in range(0, len(images), step):  # a memory map stays on the disk
        digest.update(np.ascontiguousarray(images[start : start + step]).tobytes())
    return digest.hexdigest()


def _wiring(model: "keras.Model") -> str:
    """The layers, their settings and their order, whatever Keras numbered them in this session."""
    text = model.to_json()
    for number, name in enumerate(dict.fromkeys([model.name, *_names(model)])):
        text = text.replace(f'"{name}"', f'"#{number}"')
    return text


def _names(model: "keras.Model") -> Iterator[str]:
    for layer in model.layers:
        yield layer.name
        if hasattr(layer, "layers"):
            yield from _names(layer)
