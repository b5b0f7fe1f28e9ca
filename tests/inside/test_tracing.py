"""Graphs of a model: kept while it lives, only so many, and gone when it is gone."""

import gc
import weakref

import keras
import numpy as np
import pytest
from keras import layers

from tests.helpers.models import Counted
from tlcourse import get_activations, grad_cam, occlusion, saliency, smooth_grad
from tlcourse.inside.looking import LayerLooker, spatial_layers
from tlcourse.inside.scores import score_graph
from tlcourse.inside.tracing import GRAPHS_A_MODEL, compiled

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
USES = {
    "activations": lambda model: get_activations(model, IMAGES, "inner/conv"),
    "grad_cam": lambda model: grad_cam(model, IMAGES),
    "saliency": lambda model: saliency(model, IMAGES),
    "smooth_grad": lambda model: smooth_grad(model, IMAGES, samples=2),
    "occlusion": lambda model: occlusion(model, IMAGES),
    "looker": lambda model: LayerLooker(model, spatial_layers(model)),
}


def network():
    """A model in a model; an activation of one layer knows the outer model."""
    owner = []

    def activation(x):
        return keras.ops.relu(x) if owner else x

    inner = keras.Sequential(
        [keras.Input((16, 16, 3)), layers.Conv2D(4, 3, activation=activation, name="conv")],
        name="inner",
    )
    owner.append(
        keras.Sequential([keras.Input((16, 16, 3)), inner, layers.Flatten(), layers.Dense(3)])
    )
    return owner[0]


@pytest.mark.parametrize("use", USES)
def test_a_model_that_was_looked_into_is_freed(use):
    model = network()
    USES[use](model)
    variables = [part for variable in model.variables for part in (variable, variable.value)]
    references = [weakref.ref(part) for part in (model, *model.layers, *variables)]
    assert len(references) == 1 + 3 + 2 * 4
    del model, variables
    gc.collect()
    assert [reference() for reference in references] == [None] * 12


def test_its_graphs_are_freed_with_it():
    """A graph holds the memory of the weights, even where no variable is left."""
    model = network()
    graph = compiled(score_graph, model, (), IMAGES, ((None,), "int32")).function
    references = [weakref.ref(graph), weakref.ref(graph.graph)]
    del model, graph
    for _ in range(2):  # the model first, then the graph that was kept for it
        gc.collect()
    assert [reference() for reference in references] == [None, None]


def doubling(count):
    """A model of `count` layers that double, and the list that grows by one a layer and trace."""
    counted = [Counted(name=f"double{at}") for at in range(count)]
    model = keras.Sequential([keras.Input((4, 4, 3)), *counted])
    counted[0].runs.clear()
    return model, counted[0].runs


def ask(model, at):
    """What is asked of a model, for a graph of its own a layer."""
    ones = np.ones((1, 4, 4, 3), np.uint8)
    found = get_activations(model, ones, f"double{at}")[f"double{at}"]
    np.testing.assert_array_equal(found, np.full((1, 4, 4, 3), 2.0 ** (at + 1)))


def test_a_model_keeps_the_graphs_that_were_asked_for_last():
    model, traces = doubling(GRAPHS_A_MODEL + 1)
    for at in range(GRAPHS_A_MODEL):
        ask(model, at)
    ask(model, 0)  # now 1 is the one that was not asked for the longest
    assert len(traces) == GRAPHS_A_MODEL
    ask(model, GRAPHS_A_MODEL)
    assert len(traces) == GRAPHS_A_MODEL + 1
    for at in (0, *range(2, GRAPHS_A_MODEL + 1)):
        ask(model, at)
    assert len(traces) == GRAPHS_A_MODEL + 1
    ask(model, 1)
    assert len(traces) == GRAPHS_A_MODEL + 2


def test_models_do_not_push_each_other_out():
    models = [doubling(1) for _ in range(40)]
    for _ in range(2):
        for model, _ in models:
            ask(model, 0)
    assert [len(traces) for _, traces in models] == [1] * 40


def test_an_activation_that_is_a_method_is_known_again():
    class Twice:
        def method(self, x):
            return 2 * x

    counted = Counted(name="double0")
    dense = layers.Dense(3, activation=Twice().method, kernel_initializer="identity")
    model = keras.Sequential([keras.Input((4, 4, 3)), dense, counted])
    counted.runs.clear()
    ones = np.ones((1, 4, 4, 3), np.uint8)
    for _ in range(2):
        assert get_activations(model, ones, "double0")["double0"].max() == 4
    assert len(counted.runs) == 1
