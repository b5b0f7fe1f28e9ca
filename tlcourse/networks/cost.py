"""What a network costs: its multiplications for one picture, counted from its layers' shapes."""

from math import prod
from typing import TYPE_CHECKING

from tlcourse.networks.layers import leaves

if TYPE_CHECKING:
    import keras


def multiplications(model: "keras.Model") -> int:
    """Multiplications for one picture, in convolutions and dense layers; the rest costs little.

    Each number of a convolution's output is a sum of as many products as its filter has weights.
    These are the "multiply-adds" of most papers (Howard et al. 2017, arXiv:1704.04861, section
    3.1); those that count additions as well, as FLOPs, give twice as much.

    Args:
        model: a network of known map sizes, such as `load_backbone(name, weights=None)`; nested
            models count.

    Raises:
        ValueError: the model does not fix the size of its pictures.
    """
    total = 0
    for path, layer in leaves(model):
        kernels = [w for w in layer.weights if len(w.shape) >= 2]
        if not kernels:
            continue
        shape = layer.output.shape[1:]
        is_first = getattr(layer, "data_format", None) == "channels_first"
        places = shape[1:] if is_first else shape[:-1]
        if None in places:
            raise ValueError(
                f"How often {path!r} multiplies depends on the size of the pictures, and the model "
                "does not fix it. Build it for one size: keras.Input((224, 224, 3))."
            )
        total += prod(places) * sum(prod(kernel.shape) for kernel in kernels)
    return total
