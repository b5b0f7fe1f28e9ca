"""A classifier in two halves: the frozen one, which is computed once, and the one that learns.

Frozen layers give the same maps for the same picture in every epoch. Where the late layers alone
learn, to compute the maps in front of them once saves most of the work of each epoch.
"""

from typing import TYPE_CHECKING, NamedTuple

from tlcourse.networks.layers import leaves
from tlcourse.transfer.tuning import copy_of

if TYPE_CHECKING:
    import keras


class Halves(NamedTuple):
    """Two models with weights of their own, equal to those of a classifier.

    Attributes:
        frozen: from pictures to the maps behind its last layer.
        learning: from such maps to logits; what may learn there is what may learn in the
            classifier.
    """

    frozen: "keras.Model"
    learning: "keras.Model"


def halves(classifier: "keras.Model") -> Halves | None:
    """Cut a classifier of `build_classifier` in front of the first layer that learns.

    The cut is where a single tensor goes from layer to layer: no shortcut leads around it.

    Args:
        classifier: frozen in part, as `unfreeze` does it. It stays as it is.

    Returns:
        The halves; None where there is no such place, or the backbone is no plain graph.
    """
    import keras

    _, backbone, *after = classifier.layers
    backbone = copy_of(backbone)  # to cut it adds to what its layers know of their graph
    waist = _waist(backbone)
    if waist is None:
        return None
    x = maps = keras.Input(waist.shape[1:], dtype=waist.dtype, name="maps")
    for layer in (keras.Model(waist, backbone.output, name=backbone.name), *after):
        x = (layer if layer not in after else type(layer).from_config(layer.get_config()))(x)
    learning = keras.Model(maps, x, name=classifier.name)
    learning.get_layer("head").set_weights(classifier.get_layer("head").get_weights())
    return Halves(keras.Model(backbone.input, waist, name="frozen"), learning)


def put_back(learning: "keras.Model", classifier: "keras.Model") -> None:
    """Give the classifier the weights that its learning half has now."""
    own = {layer.name: layer for _, layer in leaves(classifier)}
    for _, layer in leaves(learning):
        if layer.weights:
            own[layer.name].set_weights(layer.get_weights())


def _waist(backbone: "keras.Model") -> "keras.KerasTensor | None":
    """The last tensor before the first layer that learns, with no way around it."""
    import keras

    layers, last_use = list(backbone.layers), {}
    try:
        outputs = [layer.output for layer in layers]
        for at, layer in enumerate(layers[1:], start=1):
            for tensor in keras.tree.flatten(layer.input):
                last_use[id(tensor)] = at
    except (AttributeError, ValueError):  # a layer that is used twice, or not as a graph
        return None
    found, on_the_way = None, set()
    for at, (layer, output) in enumerate(zip(layers, outputs, strict=True)):
        if layer.trainable_weights or not isinstance(output, keras.KerasTensor):
            break
        on_the_way = {t for t in on_the_way | {id(output)} if last_use.get(t, -1) > at}
        if at and on_the_way == {id(output)}:
            found = output
    return found
