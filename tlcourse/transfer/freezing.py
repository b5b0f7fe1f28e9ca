"""Which layers of a model learn, and which are frozen."""

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlcourse.networks.layers import find_start, leaves, walk

if TYPE_CHECKING:
    import keras


class LayerGroup(NamedTuple):
    """Neighboring layers that all learn or are all frozen."""

    first: str
    last: str
    layers: int
    learning: int
    frozen: int


@dataclass(frozen=True)
class TrainableSummary:
    """Which layers learn; a notebook shows it as a table.

    Attributes:
        groups: in order; `learning` and `frozen` count parameters.
        frozen_norms: how many `BatchNormalization` layers are frozen, and
        norms: how many there are.
    """

    groups: tuple[LayerGroup, ...]
    frozen_norms: int
    norms: int

    @property
    def learning(self) -> int:
        """Parameters that learn."""
        return sum(group.learning for group in self.groups)

    @property
    def total(self) -> int:
        """All parameters."""
        return self.learning + sum(group.frozen for group in self.groups)

    def _footer(self) -> str:
        norms = f"; {self.frozen_norms} of {self.norms} normalizations are frozen"
        return f"{self.learning:,} of {self.total:,} parameters learn{norms if self.norms else ''}"

    def __repr__(self) -> str:
        lines = [
            f"{group.first} … {group.last}: {group.layers} layers, "
            f"{group.learning:,} parameters learn, {group.frozen:,} are frozen"
            for group in self.groups
        ]
        return "\n".join([*lines, self._footer()])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='text-align: left'>{html.escape(group.first)} … "
            f"{html.escape(group.last)}</td><td>{group.layers}</td>"
            f"<td>{group.learning:,}</td><td>{group.frozen:,}</td></tr>"
            for group in self.groups
        )
        head = "<tr><th>from … to</th><th>layers</th><th>learn</th><th>frozen</th></tr>"
        return f"<table>{head}{rows}</table><p>{self._footer()}</p>"


def trainable_summary(model: "keras.Model") -> TrainableSummary:
    """Which layers of `model` learn and which are frozen, neighbors taken together.

    A normalization counts as what its neighbors are, with its parameters as what they are.
    """
    import keras

    groups: list[LayerGroup] = []
    norms = frozen_norms = 0
    for path, layer in leaves(model):
        if not layer.weights:
            continue
        learning = sum(int(np.prod(w.shape)) for w in layer.trainable_weights)
        frozen = layer.count_params() - learning
        is_norm = isinstance(layer, keras.layers.BatchNormalization)
        norms += is_norm
        frozen_norms += is_norm and not layer.trainable
        learns = layer.trainable
        if groups and (is_norm or learns == (groups[-1].learning > 0)):
            last = groups[-1]
            groups[-1] = LayerGroup(
                last.first, path, last.layers + 1, last.learning + learning, last.frozen + frozen
            )
        else:
            groups.append(LayerGroup(path, path, 1, learning, frozen))
    return TrainableSummary(tuple(groups), frozen_norms, norms)


def freeze(model: "keras.Model") -> None:
    """Freeze every layer: no weight changes in training, and no statistic either.

    A frozen `BatchNormalization` computes with the averages that it has stored, and leaves them
    alone (https://keras.io/api/layers/normalization_layers/batch_normalization/). Compile the
    model afterwards.
    """
    model.trainable = False


def unfreeze(model: "keras.Model", from_layer: str) -> None:
    """Let the layers from one on learn, up to the output; those before it are frozen.

    Every `BatchNormalization` stays frozen, by its own `trainable = False`. Calling a backbone
    with `training=False` is not enough: in Keras up to 3.15 its statistics move all the same.
    Compile the model afterwards.

    Args:
        model: a classifier or a backbone; layers inside nested models count.
        from_layer: path of the first layer that learns, or of a stage or a nested model, from its
            first layer on: `"photonet/stage4"` begins at `photonet/stage4_1_conv`. The names of
            outer models may be left out if that is clear (`networks.layers.find_start`).

    Raises:
        ValueError: no layer is called that (near names are given), or layers of several models.
    """
    import keras

    start = find_start(model, from_layer)
    model.trainable = True  # a frozen outer model would freeze all that is inside
    learns = False
    for path, layer in walk(model):
        learns = learns or path == start
        if not hasattr(layer, "layers"):
            is_norm = isinstance(layer, keras.layers.BatchNormalization)
            layer.trainable = learns and not is_norm
