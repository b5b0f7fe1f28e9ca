"""Look at one layer after the other: what the layer explorer shows, computed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlcourse.inside.scores import TOP, layers_graph
from tlcourse.inside.tracing import compiled
from tlcourse.networks.layers import list_layers

if TYPE_CHECKING:
    import keras


LAYERS = 12  # that are offered, at most


class Look(NamedTuple):
    """What a network makes of one picture; everything by the path of the layer.

    Attributes:
        maps: activations, float32 (h, w, channels).
        cams: Grad-CAM for the class `explained`, float32 (h, w), at least 0.
        probabilities: float (classes,).
        explained: index of a class.
    """

    maps: dict[str, np.ndarray]
    cams: dict[str, np.ndarray]
    probabilities: np.ndarray
    explained: int


class LayerLooker:
    """All chosen layers of a model, compiled once.

    Args:
        model: from pictures to logits.
        layers: paths of layers with a spatial map, in order.
    """

    def __init__(self, model: "keras.Model", layers: Sequence[str]) -> None:  # noqa: D107
        self.model, self.layers = model, tuple(layers)
        self.size = model.input_shape[1] or 224
        self(np.zeros((self.size, self.size, 3), np.uint8))  # traced now, not at the first click

    def __call__(self, picture: np.ndarray, class_index: int | None = None) -> Look:
        """Look at one picture, uint8 (size, size, 3); None explains the likeliest class."""
        from scipy.special import softmax

        batch = picture[None]
        run = compiled(layers_graph, self.model, self.layers, batch, ((None,), "int32"))
        wanted = np.array([TOP if class_index is None else class_index], "int32")
        maps, cams, classes, logits = run(batch, wanted)
        return Look(
            {path: np.asarray(x[0]) for path, x in zip(self.layers, maps, strict=True)},
            {path: np.asarray(x[0]) for path, x in zip(self.layers, cams, strict=True)},
            softmax(np.asarray(logits[0], "float64")),
            int(classes[0]),
        )


def spatial_layers(model: "keras.Model") -> tuple[str, ...]:
    """Paths of up to 12 layers, evenly chosen, that give maps: activations, else convolutions.

    Raises:
        ValueError: the model has no such layer.
    """
    rows = [
        row
        for row in list_layers(model)
        if row.output_shape and len(row.output_shape) == 4 and row.output_shape[1] not in (1, None)
    ]
    for kinds in (("ReLU", "Activation"), ("Conv2D", "SeparableConv2D", "DepthwiseConv2D")):
        if found := [row.path for row in rows if row.kind in kinds]:
            count = min(LAYERS, len(found))
            return tuple(
                found[at] for at in np.linspace(0, len(found) - 1, count).round().astype(int)
            )
    raise ValueError(
        f"{model.name} has no activation or convolution layer whose output is a map of known size. "
        "Name layers yourself: layers=[…]; tlcourse.list_layers(model) gives them all."
    )
