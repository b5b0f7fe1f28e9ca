"""The layers of a model, nested ones too, and the one rule for their names."""

import html
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import keras
import difflib
from typing import TYPE_CHECKING

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
        ValueError: no layer is called that (near matches are named), or several are.
    """
    paths = [path for path, _ in walk(model)]
    if name in paths:
        return name
    fits = [path for path in paths if path.endswith(f"/{name}")]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise ValueError(f"{model.name} has several layers {name!r}: choose one of {fits}.")
    tails = {path.rsplit("/", 1)[-1]: path for path in reversed(paths)}
    near = difflib.get_close_matches(name, paths, n=3, cutoff=0.5)
    near += [tails[tail] for tail in difflib.get_close_matches(name, tails, n=3, cutoff=0.5)]
    hint = ", ".join(map(repr, dict.fromkeys(near))) or "none"
    raise ValueError(
        f"{model.name} has no layer {name!r}. Near matches: {hint}. "
        "`tlcourse.list_layers(model)` gives them all."
    )
