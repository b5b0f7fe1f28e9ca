"""What arrives at layers when a model runs on pictures; the model stays as it was."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from tlcourse.inside.tracing import attribute
from tlcourse.networks.layers import leaves, walk

if TYPE_CHECKING:
    import keras

BATCH = 50


def listen(
    model: "keras.Model", pictures: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
    """Run the model once, in inference mode, and note what arrives where.

    Returns:
        What arrives at each nested model, and at each `BatchNormalization`; the first path is
        `""`, the model itself. And the output, or None if it is not one array.
    """
    import keras

    places = {
        path: layer
        for path, layer in walk(model)
        if hasattr(layer, "layers") or isinstance(layer, keras.layers.BatchNormalization)
    }
    for path, layer in leaves(model):  # the first with weights: what a flat network is given
        if layer.weights:
            places.setdefault(path, layer)
            break
    return _hear(model, pictures, places)


def features(model: "keras.Model", path: str, pictures: np.ndarray) -> np.ndarray:
    """What arrives at one layer, such as the head: (n, features); maps are averaged."""
    place = {path: next(layer for where, layer in leaves(model) if where == path)}
    parts = [
        _hear(model, pictures[at : at + BATCH], place)[0][path]
        for at in range(0, len(pictures), BATCH)
    ]
    heard = np.concatenate(parts)
    return heard.mean(axis=(1, 2)) if heard.ndim == 4 else heard.reshape(len(heard), -1)


def _hear(
    model: "keras.Model", pictures: np.ndarray, places: "Mapping[str, keras.layers.Layer]"
) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
    """No variable keeps a change.

    A layer that was built to run in training mode always would else move its statistics, or draw
    a random number.
    """
    images = pictures.astype("float32") if pictures.ndim == 4 else pictures
    arriving = {"": images}

    def noting(path, call):
        def noted(inputs, *args, **kwargs):
            if path not in arriving and hasattr(inputs, "shape"):
                arriving[path] = as_array(inputs)
            return call(inputs, *args, **kwargs)

        return noted

    with contextlib.ExitStack() as restore:
        restore.enter_context(_unchanged(model))
        for path, layer in places.items():
            restore.enter_context(attribute(layer, "call", noting(path, layer.call)))
        output = model(images, training=False)
    return arriving, as_array(output) if hasattr(output, "shape") else None


@contextlib.contextmanager
def _unchanged(model: "keras.Model") -> Iterator[None]:
    before = [(variable, as_array(variable)) for variable in model.non_trainable_variables]
    try:
        yield
    finally:
        for variable, value in before:
            if not np.array_equal(as_array(variable), value, equal_nan=True):
                variable.assign(value)


def as_array(variable) -> np.ndarray:
    """A Keras variable or tensor as an array."""
    import keras

    return keras.ops.convert_to_numpy(variable)
