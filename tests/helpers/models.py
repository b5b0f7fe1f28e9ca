"""Small models, and what tells whether a model was left as it was."""

from keras import layers

from tlcourse.networks.layers import walk


class Counted(layers.Layer):
    """Doubles; counts how often Python runs it, which it does in a trace alone."""

    def __init__(self, **options):
        super().__init__(**options)
        self.runs = []

    def call(self, inputs):
        self.runs.append(1)
        return 2 * inputs


def snapshot(model):
    """Everything that must not change, by identity where it is an object."""

    def of(path, layer):
        weights = [weight.numpy().tobytes() for weight in layer.weights]
        activation, nodes = getattr(layer, "activation", None), len(layer._inbound_nodes)
        return (path, layer, sorted(vars(layer)), layer.call, activation, nodes, layer.trainable,
                weights)  # fmt: skip

    return [of("", model), *(of(path, layer) for path, layer in walk(model))]
