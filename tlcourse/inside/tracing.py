"""One trace of a model, in which the layers inside hand over what they give.

A *transfer model* is a model inside a model, and what the inner layers give cannot be reached by
building a second `keras.Model`: the inner layers belong to another graph. So the outer model is
traced once into a `tf.function`, and while it is traced, each layer of interest hands over what
it gives. After the trace the layers are as they were, and the compiled function is kept for as
long as the model lives.
"""

import contextlib
import functools
import inspect
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tlcourse.networks.layers import walk

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

VALUE_RANGE = (0.0, 255.0)
GRAPHS_A_MODEL = 8  # that are kept; a lesson asks one model for fewer, again and again
_TRACING = threading.RLock()  # layers listen to one trace at a time
# A graph dies with its model: it holds all the weights, and often gigabytes would stay otherwise.
_GRAPHS: "weakref.WeakKeyDictionary[keras.Model, OrderedDict[tuple, Compiled]]" = (
    weakref.WeakKeyDictionary()
)
_TABLE = threading.Lock()  # for a moment; who only looks up must not wait for another's trace


def as_batch(
    model: "keras.Model", images: np.ndarray, value_range: tuple[float, float] = VALUE_RANGE
) -> np.ndarray:
    """The images as an array that fits the model.

    Raises:
        ValueError: they do not fit; the message says what to do.
    """
    images = np.asarray(images)
    expected = getattr(model, "input_shape", None)  # a subclassed model has none
    if isinstance(expected, (list, dict)) or (
        expected and not isinstance(expected[0], (int, type(None)))
    ):
        raise ValueError(f"{model.name} has several inputs; this works for models with one.")
    if expected is None:
        expected = (None, *images.shape[1:]) if images.ndim == 4 else (None,) * 4
    fits = images.ndim == len(expected) and all(
        want in (None, got) for want, got in zip(expected[1:], images.shape[1:], strict=True)
    )
    if not fits:
        sides = ", ".join("any" if side is None else str(side) for side in expected[1:])
        hint = " One image needs a batch around it: images[None]." * (
            images.ndim == len(expected) - 1
        )
        raise ValueError(
            f"{model.name} takes images of shape (n, {sides}), not {images.shape}.{hint}"
        )
    if not len(images):
        raise ValueError("There are no images: expected at least one.")
    if images.ndim == 4 and images.dtype != np.uint8:
        _check_range(images, value_range)
    return images


def _check_range(images: np.ndarray, value_range: tuple[float, float]) -> None:
    low, high = value_range
    least, most = float(images.min()), float(images.max())
    found = f"The images' values lie in [{least:g}, {most:g}]"
    if not (low <= least and most <= high):  # true for NaN, too
        raise ValueError(
            f"{found}; expected [{low:g}, {high:g}]. Give the pictures as they were loaded: models "
            "of this course scale them inside. For a model that takes other values, say so: "
            "value_range=(lowest, highest)."
        )
    if high > 1 and 0 < most <= 1 and images.dtype.kind == "f":
        raise ValueError(
            f"{found}: they look scaled to [0, 1]; expected [{low:g}, {high:g}]. Multiply them by "
            f"{high:g}, or, for a model that takes such values, say value_range=(0, 1)."
        )


class Compiled(NamedTuple):
    """A traced function, and what it noted in the trace."""

    function: Any
    notes: dict[str, Any]

    def __call__(self, images: np.ndarray, *more: np.ndarray) -> Any:
        """What the graph gives: tensors."""
        import tensorflow as tf

        return self.function(tf.constant(images), *(tf.constant(array) for array in more))


def compiled(
    build: Callable[..., Any],
    model: "keras.Model",
    paths: tuple[str, ...],
    images: np.ndarray,
    *more: tuple[tuple[int | None, ...], str],
) -> Compiled:
    """`build(model, paths, notes, images, *more)` as a graph for batches of any size.

    Args:
        build: a function of tensors; what it puts into `notes` is kept with the graph.
        model: what it runs.
        paths: layers that it listens to.
        images: a batch like those that it will be called with.
        more: shape and dtype of each further argument.

    Returns:
        The graph. It is traced once for a model as it is now: for its layers and their
        activation functions. Weights may change; the graph reads them when it runs.
    """
    state = tuple(
        (_weak(layer), _weak(getattr(layer, "activation", None))) for _, layer in walk(model)
    )
    key = (build, paths, state, images.shape[1:], str(images.dtype), more)
    if (found := _kept(model, key)) is not None:
        return found
    with _TRACING:
        if (found := _kept(model, key)) is not None:  # another thread was faster
            return found
        graph = _trace(build, model, paths, images, more)
        with _TABLE:
            graphs = _GRAPHS.setdefault(model, OrderedDict())
            graphs[key] = graph
            if len(graphs) > GRAPHS_A_MODEL:
                graphs.popitem(last=False)
        return graph


def _kept(model: "keras.Model", key: tuple) -> Compiled | None:
    with _TABLE:
        graphs = _GRAPHS.get(model, {})
        if key in graphs:
            graphs.move_to_end(key)  # the one that was not asked for the longest is forgotten first
        return graphs.get(key)


def _trace(build, model, paths, images, more) -> Compiled:
    import tensorflow as tf

    notes: dict[str, Any] = {}
    # A graph keeps the function that it was traced from, and that must not keep the model.
    model = weakref.ref(model)

    def run(images, *arguments):
        if images.shape.rank == 4:
            images = tf.cast(images, tf.float32)  # a subclassed model does not do it itself
        return build(model(), paths, notes, images, *arguments)

    specs = [
        tf.TensorSpec((None, *images.shape[1:]), str(images.dtype)),
        *(tf.TensorSpec(*spec) for spec in more),
    ]
    return Compiled(tf.function(run, autograph=False).get_concrete_function(*specs), notes)


def _weak(part: Any) -> Any:
    """A reference that equals those to the same object alone, and does not keep it alive."""
    if part is None:
        return None
    try:
        return (weakref.WeakMethod if inspect.ismethod(part) else weakref.ref)(part)
    except TypeError:  # some objects cannot be referred to weakly
        return part


@contextlib.contextmanager
def listening(layers: Mapping[str, "keras.layers.Layer"]) -> Iterator[dict[str, Any]]:
    """Note what layers give while the block runs; afterwards they are as they were.

    The layer's `call` is shadowed by an attribute of the same name. No node is added to any
    layer, as building a second model on the same layers would do.

    Args:
        layers: path → layer.

    Yields:
        path → what the layer gave last; filled in the order of the calls.
    """

    def shadow(path: str, call: Callable) -> Callable:
        @functools.wraps(call)
        def noting(*args, **kwargs):
            output = call(*args, **kwargs)
            heard.pop(path, None)
            heard[path] = output
            return output

        return noting

    heard: dict[str, Any] = {}
    with contextlib.ExitStack() as restore:
        for path, layer in layers.items():
            restore.enter_context(attribute(layer, "call", shadow(path, layer.call)))
        yield heard


@contextlib.contextmanager
def attribute(layer: "keras.layers.Layer", name: str, value: Any) -> Iterator[None]:
    """Give a layer another attribute while the block runs."""
    own = name in vars(layer)
    before = getattr(layer, name)
    setattr(layer, name, value)
    try:
        yield
    finally:
        if own:
            setattr(layer, name, before)
        else:
            delattr(layer, name)


def heard_tensor(heard: Mapping[str, Any], path: str) -> "tf.Tensor":
    """What was heard from one layer.

    Raises:
        ValueError: the layer was not called, or gives something other than one tensor.
    """
    import tensorflow as tf

    if path not in heard:
        raise ValueError(f"The layer {path!r} is not called when the model runs.")
    if not isinstance(heard[path], tf.Tensor):
        raise ValueError(f"The layer {path!r} gives several tensors; choose one that gives one.")
    return heard[path]
