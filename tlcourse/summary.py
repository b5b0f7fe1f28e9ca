"""Which layers of a model learn, and which are frozen."""

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import keras


def walk(model: "keras.Model", prefix: str = "") -> list[tuple[str, "keras.layers.Layer"]]:
    """Path and layer of everything inside, in order, each nested model before what is in it."""
    found = []
    for layer in model.layers:
        path = f"{prefix}{layer.name}"
        found.append((path, layer))
        if hasattr(layer, "layers"):
            found += walk(layer, f"{path}/")
    return found


def leaves(model: "keras.Model") -> list[tuple[str, "keras.layers.Layer"]]:
    """The same without the nested models: `("photonet/stage1_1_conv", layer)`, …"""
    return [(path, layer) for path, layer in walk(model) if not hasattr(layer, "layers")]


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
