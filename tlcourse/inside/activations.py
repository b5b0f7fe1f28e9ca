"""Activations: what the layers inside a model compute, at the cost of one forward pass.

They are found inside nested models, too; `tlcourse.inside.tracing` tells how.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tlcourse.inside.tracing import VALUE_RANGE, as_batch, compiled, heard_tensor, listening
from tlcourse.networks.layers import find_path, walk

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


class ActivationExtractor:
    """What chosen layers give for pictures, compiled once: for widgets and repeated use.

    Calling it again, with a batch of any size, does not trace again; other heights and widths do,
    for a model that takes any.

    Args:
        model: a built `keras.Model` with one input: functional, sequential, subclassed (its own
            layers, not those inside a custom layer), with models nested to any depth.
        layers: paths as `list_layers` gives them, or one path. Outer names may be left out.

    Raises:
        ValueError: no layer is called that; near names are given.
    """

    def __init__(self, model: "keras.Model", layers: str | Sequence[str]) -> None:  # noqa: D107
        self.model = model
        self.names = (layers,) if isinstance(layers, str) else tuple(layers)
        if not self.names:
            raise ValueError("layers is empty: name at least one layer.")
        self.paths = tuple(find_path(model, name) for name in self.names)

    def __call__(
        self,
        images: np.ndarray,
        *,
        batch_size: int = 32,
        value_range: tuple[float, float] = VALUE_RANGE,
    ) -> dict[str, np.ndarray]:
        """Activations in inference mode. See `get_activations`."""
        images = as_batch(self.model, images, value_range)
        compute = compiled(_record, self.model, self.paths, images)
        shapes = [tuple(spec.shape) for spec in compute.function.structured_outputs]
        _refuse_what_does_not_fit(self.names, shapes, len(images))
        if len(images) <= batch_size:
            return {
                name: _read_only(np.asarray(output))  # no copy: gigabytes, for a large network
                for name, output in zip(self.names, compute(images), strict=True)
            }
        parts: dict[str, np.ndarray] = {}
        for start in range(0, len(images), batch_size):
            outputs = compute(images[start : start + batch_size])
            for name, output in zip(self.names, map(np.asarray, outputs), strict=True):
                if name not in parts:
                    parts[name] = np.empty((len(images), *output.shape[1:]), output.dtype)
                parts[name][start : start + len(output)] = output
        return {name: _read_only(array) for name, array in parts.items()}


def get_activations(
    model: "keras.Model",
    images: np.ndarray,
    layers: str | Sequence[str],
    *,
    batch_size: int = 32,
    value_range: tuple[float, float] = VALUE_RANGE,
) -> dict[str, np.ndarray]:
    """What chosen layers give for pictures, in inference mode, in one forward pass.

    Args:
        model: as for `ActivationExtractor`.
        images: (n, height, width, channels) as the model takes them, uint8 or float.
        layers: paths as `list_layers` gives them, or one path.
        batch_size: pictures computed at once.
        value_range: lowest and highest value that the model takes; [0, 255] in this course, where
            models scale their pictures themselves.

    Returns:
        name as asked for → float32 array, (n, h, w, c) or (n, d); read-only. A layer that is
        called several times gives what it gave last.

    Raises:
        ValueError: an unknown layer, or images of a wrong shape or range.
        MemoryError: the result would not fit; the message says how many bytes it would take.
    """
    extractor = ActivationExtractor(model, layers)
    return extractor(images, batch_size=batch_size, value_range=value_range)


def _record(model, paths, notes, images) -> tuple["tf.Tensor", ...]:
    import tensorflow as tf

    layers = dict(walk(model))
    with listening({path: layers[path] for path in paths}) as heard:
        model(images, training=False)
    outputs = [heard_tensor(heard, path) for path in paths]
    return tuple(tf.cast(x, tf.float32) if x.dtype.is_floating else x for x in outputs)


def _refuse_what_does_not_fit(
    names: Sequence[str], shapes: Sequence[tuple[int | None, ...]], count: int
) -> None:
    import psutil

    needed = {
        name: 4 * count * int(np.prod([side or 1 for side in shape[1:]], dtype=np.int64))
        for name, shape in zip(names, shapes, strict=True)
    }
    total, free = sum(needed.values()), psutil.virtual_memory().available
    if total > free:
        largest = max(needed, key=needed.__getitem__)
        raise MemoryError(
            f"These activations would take {total:,} bytes ({total / 2**30:.1f} GiB); "
            f"{free:,} are free. Ask for fewer images or layers: {largest!r} alone takes "
            f"{needed[largest]:,}. Nothing was computed."
        )


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False  # it may share its memory with TensorFlow
    return array
