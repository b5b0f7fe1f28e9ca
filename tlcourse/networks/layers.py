"""The layers of a model, nested ones too, and the one rule for their names.

A layer is named by its path, `"photonet/stage4_1_conv"`; the names of the outer models may be left
out where that is clear. What asks for one layer takes a path as it is (`find_path`). What asks
where to begin takes a part of the network, too, and begins at its first layer (`find_start`): in
photonet, `"stage4"` is the last ReLU of a stage, and stands for the stage whose layers are called
`stage4_1_conv`, `stage4_1_norm`, … before it.
"""

import html
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from tlcourse.errors import did_you_mean

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


class LayerInfo(NamedTuple):
    """One layer: its path, kind, output shape (None: unknown before a call) and parameters."""

    path: str
    kind: str
    output_shape: tuple[int | None, ...] | None
    parameters: int


class LayerList(list):
    """`LayerInfo`s; a notebook shows them as a table."""

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='text-align: left'>{html.escape(row.path)}</td><td>{row.kind}</td>"
            f"<td>{_shape(row.output_shape)}</td><td>{row.parameters:,}</td></tr>"
            for row in self
        )
        head = "<tr><th>path</th><th>kind</th><th>output</th><th>parameters</th></tr>"
        return f"<table>{head}{rows}</table>"


def _shape(shape: tuple[int | None, ...] | None) -> str:
    return (
        "?" if shape is None else " × ".join("n" if side is None else str(side) for side in shape)
    )


def list_layers(model: "keras.Model", kind: str | None = None) -> LayerList:
    """Every layer of a model, also of the models nested in it.

    Args:
        model: a built `keras.Model`.
        kind: keep the layers whose class name contains this, in upper or lower case: `"conv"`.

    Returns:
        A `LayerInfo` a layer, in order: path (`"photonet/stage3"`), class name, output shape with
        None for the batch, and number of parameters.

    Raises:
        ValueError: no layer is of that kind; the kinds that there are are named.
    """
    import keras

    rows = LayerList()
    for path, layer in walk(model):
        if isinstance(layer, keras.layers.InputLayer):
            continue
        try:
            shape = tuple(layer.output.shape)
        except (AttributeError, ValueError):  # a subclassed model knows it only in a call
            shape = None
        rows.append(LayerInfo(path, type(layer).__name__, shape, layer.count_params()))
    if kind is None:
        return rows
    chosen = LayerList(row for row in rows if kind.lower() in row.kind.lower())
    if not chosen:
        kinds = ", ".join(sorted({row.kind for row in rows}))
        raise ValueError(f"{model.name} has no layer of kind {kind!r}. Its kinds are: {kinds}.")
    return chosen


def find_path(model: "keras.Model", name: str) -> str:
    """The full path of a layer. The names of outer models may be left out if that is clear.

    Raises:
        ValueError: no layer is called that (near names are given), or several are.
    """
    return _the_one(model, name, lambda called: called == name)


def find_start(model: "keras.Model", name: str) -> str:
    """The full path of the first layer of a part: of those called `name`, or `name_…`.

    Args:
        model: a built `keras.Model`; models nested in it count as layers.
        name: a layer, a nested model, or what the names of a stage's layers begin with up to an
            underscore: `"stage4"` finds `photonet/stage4_1_conv`, `"photonet"` the whole backbone.
            The names of outer models may be left out if that is clear.

    Raises:
        ValueError: no layer is called that (near names are given), or layers of several models.
    """
    return _the_one(model, name, lambda called: called == name or called.startswith(f"{name}_"))


def _the_one(model: "keras.Model", name: str, fits: Callable[[str], bool]) -> str:
    """The first path whose end, of as many names as `name` has, fits, if all are in one model."""
    paths = [path for path, _ in walk(model)]
    first: dict[str, str] = {}  # names of the outer models → the first layer that fits there
    for path in paths:
        parts = path.split("/")
        left_out = len(parts) - name.count("/") - 1
        if left_out >= 0 and fits("/".join(parts[left_out:])):
            first.setdefault("/".join(parts[:left_out]), path)
    if name in paths:  # a full path is clear, whatever is nested
        return first[""]
    if len(first) == 1:
        return next(iter(first.values()))
    if first:
        raise ValueError(
            f"{model.name} has several layers {name!r}: choose one of {list(first.values())}."
        )
    ends = [path.rsplit("/", 1)[-1] for path in paths]
    sentences = (
        f"{model.name} has no layer {name!r}.",
        did_you_mean(name, dict.fromkeys([*ends, *paths])),
        "`tlcourse.list_layers(model)` gives them all.",
    )
    raise ValueError(" ".join(filter(None, sentences)))
