"""What arrives at layers when a model runs on pictures; the model stays as it was."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from tlcourse.inside.tracing import attribute
from tlcourse.networks.layers import leaves, walk

if TYPE_CHECKING:
    import keras

BATCH = 50  # pictures at a time, and no more pixels than this: a network that is called, and not
PIXELS = 2 * 224**2  # compiled, keeps what all its layers give until it is done


def listen(
    model: "keras.Model", pictures: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
    """Run the model once, in inference mode, and note what arrives where.

    Returns:
        What arrives at each nested model, at the first layer with weights, and at the first
        `BatchNormalization`; the first path is `""`, the model itself. And the output, or None if
        it is not one array.
    """
    import keras

    places = {path: layer for path, layer in walk(model) if hasattr(layer, "layers")}
    weighted = [(path, layer) for path, layer in leaves(model) if layer.weights]
    normal = [row for row in weighted if isinstance(row[1], keras.layers.BatchNormalization)]
    for path, layer in (*weighted[:1], *normal[:1]):  # all of them would be hundreds of megabytes
        places.setdefault(path, layer)
    return _hear(model, pictures, places)


def features(model: "keras.Model", path: str, pictures: np.ndarray) -> np.ndarray:
    """What arrives at one layer, such as the head: (n, features); maps are averaged."""
    place = {path: next(layer for where, layer in leaves(model) if where == path)}
    heard = _hear(model, pictures, place, only=path)[0][path]
    return heard.mean(axis=(1, 2)) if heard.ndim == 4 else heard.reshape(len(heard), -1)


def _hear(
    model: "keras.Model",
    pictures: np.ndarray,
    places: "Mapping[str, keras.layers.Layer]",
    only: str | None = None,
) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
    """What arrives at places, and the output, a few pictures at a time. No variable keeps a change.

    A layer that was built to run in training mode always would else move its statistics, or draw
    a random number.
    """
    pixels = int(np.prod(pictures.shape[1:3])) if pictures.ndim == 4 else 1
    step = max(1, min(BATCH, PIXELS // max(1, pixels)))
    with contextlib.ExitStack() as restore:
        restore.enter_context(_unchanged(model))
        parts = [
            _hear_part(model, pictures[at : at + step], places, only)
            for at in range(0, len(pictures), step)
        ]
    outputs = [output for _, output in parts]
    arriving = {path: np.concatenate([part[path] for part, _ in parts]) for path in parts[0][0]}
    return arriving, None if outputs[0] is None else np.concatenate(outputs)


def _hear_part(
    model: "keras.Model",
    pictures: np.ndarray,
    places: "Mapping[str, keras.layers.Layer]",
    only: str | None,
) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
    images = pictures.astype("float32") if pictures.ndim == 4 else pictures
    arriving = {"": images} if only is None else {}

    def noting(path, call):
        def noted(inputs, *args, **kwargs):
            if path not in arriving and hasattr(inputs, "shape"):
                arriving[path] = as_array(inputs)
            return call(inputs, *args, **kwargs)

        return noted

    with contextlib.ExitStack() as restore:
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
