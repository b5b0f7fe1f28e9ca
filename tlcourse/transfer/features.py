"""Feature extraction: what a trained network says about pictures, computed once and kept.

The cache is keyed by everything that decides the numbers: the weights, the layers and how they
are wired, the layer asked for, the pictures, and the versions of Keras and TensorFlow. So a
feature is never stale: whatever changes, changes the key.
"""

import hashlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlcourse.files.arrays import cached_array
from tlcourse.inside.activations import ActivationExtractor
from tlcourse.inside.tracing import as_batch
from tlcourse.networks.layers import find_path
from tlcourse.progress import with_bar

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
        layer: path of a layer, such as `"stage3"`, also in a nested model; None is the output.
        pool: average a (n, h, w, c) output over h and w, to (n, c).
        batch_size: pictures computed at once.
        cache: keep the result on disk, and read it from there the next time.

    Returns:
        float32 (n, ...): from the cache a read-only memory map, else an array.

    Raises:
        ValueError: there is no such layer (near names are given), or the pictures do not fit
            the model, or there are none.
    """

    images = as_batch(model, images)
    path = None if layer is None else find_path(model, layer)
    if not cache:
        return _compute(model, images, path, pool, batch_size)

    key = _digest(model, images, path, pool)
    name = Path("features") / f"{model.name}-{path or 'output'}-{key}.npy".replace("/", "-")
    features, unsaved_because = cached_array(
        name,
        lambda: _compute(model, images, path, pool, batch_size),
        lambda array: array.dtype == np.float32 and len(array) == len(images),
    )
    if unsaved_because:
        warnings.warn(
            f"{unsaved_because} The features are in memory and will be computed again next time.",
            stacklevel=2,
        )
    return features


def _compute(
    model: "keras.Model", images: np.ndarray, path: str | None, pool: bool, batch_size: int
) -> np.ndarray:
    import keras

    extract = None if path is None else ActivationExtractor(model, path)

    def compute(batch: np.ndarray) -> np.ndarray:
        if extract is None:
            return keras.ops.convert_to_numpy(model.predict_on_batch(batch))
        return extract(batch, batch_size=batch_size)[path]

    parts = []
    starts = range(0, len(images), batch_size)
    if len(images) >= SHOW_PROGRESS_FROM:
        starts = with_bar(starts, "Features")
    for start in starts:
        output = compute(np.ascontiguousarray(images[start : start + batch_size]))
        output = output.astype("float32")
        parts.append(output.mean(axis=(1, 2)) if pool and output.ndim == 4 else output)
    return np.concatenate(parts)


def _digest(model: "keras.Model", images: np.ndarray, path: str | None, pool: bool) -> str:
    digest = hashlib.blake2b(digest_size=12)
    facts = [model_digest(model), str(pool), str(path), str(images.shape), str(images.dtype)]
    digest.update("\0".join(facts).encode())
    step = 4096
    for start in range(0, len(images), step):  # a memory map stays on the disk
        digest.update(np.ascontiguousarray(images[start : start + step]).tobytes())
    return digest.hexdigest()


def model_digest(model: "keras.Model") -> str:
    """All of a model that decides what it computes: wiring, weights, precision, versions."""
    import keras
    import tensorflow as tf

    digest = hashlib.blake2b(digest_size=12)
    facts = [keras.__version__, tf.__version__, keras.config.dtype_policy().name, _wiring(model)]
    digest.update("\0".join(facts).encode())
    for variable in model.weights:
        value = np.ascontiguousarray(keras.ops.convert_to_numpy(variable))
        digest.update(f"{value.dtype}{value.shape}".encode() + value.tobytes())
    return digest.hexdigest()


def _wiring(model: "keras.Model") -> str:
    """The layers, their settings and their order, whatever Keras numbered them in this session."""
    text = model.to_json()
    for number, name in enumerate(dict.fromkeys([model.name, *_names(model)])):
        text = text.replace(f'"{name}"', f'"#{number}"')
    return text


def _names(model: "keras.Model") -> Iterator[str]:
    for layer in getattr(model, "operations", model.layers):  # ops such as resize are no layers
        yield layer.name
        if hasattr(layer, "layers"):
            yield from _names(layer)
