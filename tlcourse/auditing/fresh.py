"""Whether a layer still holds the random numbers that it was made with."""

from collections.abc import Iterator
from math import prod, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlcourse.auditing.hearing import as_array

if TYPE_CHECKING:
    import keras

Named = tuple[str, "keras.layers.Layer"]  # the path of a layer, and it

FEWEST, MOST = 200, 20_000  # numbers of a kernel that are looked at


def random_layers(body: tuple[Named, ...]) -> Iterator[Named]:
    """Layers with a kernel that training has not touched, as far as it tells.

    Their numbers are spread as their initializer spreads them, and stay within its bounds; their
    own biases, or the normalization that follows, are as they were made.
    """
    for at, (path, layer) in enumerate(body):
        if not _as_initialized(layer):
            continue
        own = vectors(layer)
        following = body[at + 1][1] if at + 1 < len(body) else None
        told_by_next = following is not None and _is_normalization(following)
        if any(is_marked(layer)) or (told_by_next and any(is_marked(following))):
            continue
        if own or told_by_next:
            yield path, layer


def vectors(layer: "keras.layers.Layer") -> list:
    """Its biases and normalization statistics."""
    return [v for v in layer.weights if len(v.shape) == 1 and v.shape[0] > 1]


def is_marked(layer: "keras.layers.Layer") -> Iterator[bool]:
    """For each of its vectors, whether it has been trained: fresh ones are all of one number."""
    return (np.ptp(as_array(vector)) > 0 for vector in vectors(layer))


def _is_normalization(layer) -> bool:
    return type(layer).__name__ in ("BatchNormalization", "LayerNormalization")


class Spread(NamedTuple):
    """What an initializer draws: its standard deviation, and the largest number that it can."""

    deviation: float
    bound: float


def _as_initialized(layer: "keras.layers.Layer") -> bool:
    kernel = getattr(layer, "kernel", None)
    if kernel is None or len(kernel.shape) < 2 or prod(kernel.shape) < FEWEST:
        return False
    expected = _spread(layer, tuple(kernel.shape))
    if expected is None:
        return False
    numbers = as_array(kernel).ravel()
    numbers = numbers[:: max(1, len(numbers) // MOST)]
    close = max(0.02, 3 / sqrt(2 * len(numbers)))
    return bool(
        abs(numbers.std() / expected.deviation - 1) < close
        and abs(numbers.mean()) < 4 * expected.deviation / sqrt(len(numbers))
        and np.abs(numbers).max() <= expected.bound * 1.0001
    )


def _spread(layer, shape: tuple[int, ...]) -> Spread | None:
    """None for initializers of another kind."""
    import keras

    initializer = getattr(layer, "depthwise_initializer", None) or getattr(
        layer, "kernel_initializer", None
    )
    if isinstance(initializer, keras.initializers.VarianceScaling):
        field = prod(shape[:-2])
        fans = {"fan_in": field * shape[-2], "fan_out": field * shape[-1]}
        fans["fan_avg"] = (fans["fan_in"] + fans["fan_out"]) / 2
        deviation = sqrt(initializer.scale / max(1.0, fans[initializer.mode]))
        kind = initializer.distribution
    elif isinstance(initializer, keras.initializers.RandomUniform):
        deviation, kind = (initializer.maxval - initializer.minval) / sqrt(12), "uniform"
    else:
        return None
    # A truncated normal is cut at two deviations of the normal, which is the wider one.
    bound = {"uniform": sqrt(3) * deviation, "truncated_normal": 2 * deviation / 0.8796}
    return Spread(deviation, bound.get(kind, 6 * deviation))
