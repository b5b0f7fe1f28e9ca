"""What can be known of a model by looking at it, without training or changing it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tlcourse.auditing.data import Data
from tlcourse.auditing.fresh import Named, is_marked, vectors
from tlcourse.auditing.hearing import as_array, listen
from tlcourse.networks.backbones import OURS, bundled_weights
from tlcourse.networks.layers import leaves, walk

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, eq=False)
class Facts:
    """A model and its data, looked at once; the checks read from here.

    Attributes:
        model: as it was given.
        data: what it is given.
        body: path and layer of those with weights, but for the head.
        head: the last layer with weights, if it gives the answers.
        pretrained: paths of layers of the body that hold what they learned elsewhere.
        arriving: path → what arrives at a nested model (`""` is the whole) or layer.
        output: what the model gives for `data.sample`, or None.
        learning: ids of the variables that change in training.
        fresh: whether the body, as far as it tells, holds the numbers that it was made with.
        kept_still: whether some model inside is called with `training=False`.
    """

    model: "keras.Model"
    data: Data
    body: tuple[Named, ...] = ()
    head: Named | None = None
    pretrained: frozenset[str] = frozenset()
    arriving: dict[str, np.ndarray] = field(default_factory=dict)
    output: np.ndarray | None = None
    learning: frozenset[int] = frozenset()
    fresh: bool = False
    kept_still: bool = False

    @property
    def compiled(self) -> bool:
        """Whether there is an optimizer and a loss."""
        return getattr(self.model, "optimizer", None) is not None

    def learns(self, layer: "keras.layers.Layer") -> bool:
        """Whether some weight of a layer changes in training: it, and all models around it, may."""
        return any(id(variable) in self.learning for variable in layer.weights)


def look_at(model: "keras.Model", data: Data, pretrained: bool | None) -> tuple[Facts, list[str]]:
    """Collect the facts, and sentences on what could not be found out."""
    skipped = []
    weighted = [(path, layer) for path, layer in leaves(model) if layer.weights]
    head = weighted[-1] if weighted and _gives_answers(model, weighted[-1][1]) else None
    body = tuple(weighted[:-1] if head else weighted)
    compiled = getattr(model, "optimizer", None) is not None
    trained_here = compiled and int(model.optimizer.iterations) > 0
    known, unsure = _pretrained(model, body, head, pretrained, trained_here)
    if unsure:
        skipped.append(
            "Once a model has been trained, its own layers do not tell whether they were "
            "pretrained: audit it before `fit`, or say `pretrained=True`."
        )
    if not compiled:
        skipped.append("Loss and learning rate: the model is not compiled.")
    arriving, output = {}, None
    if data.sample is None:
        skipped.append("What goes in and comes out: give pictures, by `task` or `train`.")
    else:
        try:
            arriving, output = listen(model, data.sample)
        except Exception as error:  # whatever an odd model stumbles on
            skipped.append(f"The model could not be run on the pictures: {_first_line(error)}")
    learning = frozenset(map(id, model.trainable_variables))
    telling = [layer for _, layer in body if vectors(layer)]
    fresh = pretrained is None and not known and not unsure and len(telling) > 1
    fresh = fresh and not any(True for _ in _with_marks(body))
    still = _kept_still(model)
    return Facts(model, data, body, head, known, arriving, output, learning, fresh, still), skipped


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def _gives_answers(model: "keras.Model", layer: "keras.layers.Layer") -> bool:
    import keras

    # What ends a backbone is no head, a convolution or a ReLU; nobody compiles a backbone.
    compiled = getattr(model, "optimizer", None) is not None
    if isinstance(layer, keras.layers.Dense):
        return compiled or layer.activation is not keras.activations.relu
    return isinstance(layer, keras.layers.Conv2D) and compiled


# ------------------------------------------------------------------ what was learned elsewhere


def _pretrained(
    model: "keras.Model",
    body: tuple[Named, ...],
    head: Named | None,
    told: bool | None,
    trained_here: bool,
) -> tuple[frozenset[str], bool]:
    if told is not None:
        return frozenset(path for path, _ in body) if told else frozenset(), False
    inside = tuple(f"{path}/" for path, inner in walk(model) if _is_ours(inner))
    known = {path for path, _ in body if path.startswith(inside)}
    if _is_ours(model):
        known = {path for path, _ in body}
    marked = {path for path, layer in _with_marks(body) if not (trained_here and layer.trainable)}
    # A network without a model inside, whose head has been trained as well, may go on with what
    # it did before: that is no transfer, as far as it tells.
    goes_on = head is not None and not known and not any("/" in path for path, _ in body)
    goes_on = goes_on and all(layer.trainable for _, layer in body) and any(is_marked(head[1]))
    unsure = trained_here or goes_on
    known |= marked if not goes_on else set()
    return frozenset(known), unsure and not known and any(True for _ in _with_marks(body))


def _is_ours(model: "keras.layers.Layer") -> bool:
    """Whether it is one of the course's backbones, with the bundled weights or near to them."""
    if model.name not in OURS or not hasattr(model, "layers"):
        return False
    stored = bundled_weights(model.name)
    for layer in model.layers:
        kernel, original = getattr(layer, "kernel", None), stored.get(f"{layer.name}/kernel")
        if kernel is None or original is None or original.size < 500:
            continue
        if original.shape != tuple(kernel.shape):
            continue
        # Random numbers have a correlation of about 0; fine-tuning leaves it near 1.
        if np.corrcoef(original.ravel(), as_array(kernel).ravel())[0, 1] > 0.5:
            return True
    return False


def _with_marks(body: tuple[Named, ...]) -> Iterator[Named]:
    """Layers that have been trained at some time.

    Fresh biases and normalization statistics are all alike, and training makes them differ. A
    layer without any is taken for what the next one is, which is mostly its normalization.
    """
    trained = False
    for path, layer in reversed(body):
        if vectors(layer):
            trained = any(is_marked(layer))
        if trained:
            yield path, layer


def _kept_still(model: "keras.Model") -> bool:
    """Whether a model inside is called with `training=False`, which is said in its node."""
    for _, inner in walk(model):
        for node in getattr(inner, "_inbound_nodes", ()):
            if hasattr(inner, "layers") and node.arguments.kwargs.get("training") is False:
                return True
    return False
