"""Answers to the exercises of lesson 2: what its checks must accept, and what not."""

import numpy as np

from tlcourse.exercises.lessons.lesson02 import PARTS, PLACES, output_of


def _unit(a: np.ndarray) -> np.ndarray:
    return a / a.max()


def _cut_at(name="stage2", pool="GlobalAveragePooling2D", weights="imagenet", trainable=False):
    """The solution of 02.4, or one of the ways to get it wrong."""
    import keras

    from tlcourse import load_backbone

    cut = output_of(load_backbone("photonet", weights=weights), name)
    model = keras.Sequential([cut, getattr(keras.layers, pool)()]) if pool else cut
    model.trainable = trainable
    return model


def _functional():
    import keras

    from tlcourse import load_backbone

    photonet = load_backbone("photonet")
    maps = photonet.get_layer("stage2").output
    model = keras.Model(photonet.input, keras.ops.mean(maps, axis=(1, 2)))
    for layer in model.layers:
        layer.trainable = False
    return model


def _revived(model):
    dead = _dead_layers(model)
    for name in dead:
        gamma = model.get_layer(name).gamma
        gamma.assign(np.ones(gamma.shape))
    return dead


def _dead_layers(model, of=lambda gamma: not gamma.any()):
    """The solution of 02.3, or one of the ways to get it wrong."""
    import keras

    norms = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
    return [norm.name for norm in norms if of(norm.gamma.numpy())]


def _behind(at=1, kinds=("conv", "norm", "stage"), proof=True, optimizer="SGD", rate=0.1, batch=12):
    """The solution of 02.1, or one of the ways to get it wrong.

    Layers of these kinds are frozen up to the given one and `at - 1` layers further.
    """
    import keras

    def train_behind(model, last, images, labels):
        names = [layer.name for layer in model.layers]
        for layer in model.layers[: names.index(last) + at]:
            if layer.name.startswith(kinds):
                layer.trainable = False
        before = {layer.name: layer.get_weights() for layer in model.layers}
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(getattr(keras.optimizers, optimizer)(rate), loss)
        model.fit(images, labels, batch_size=batch, verbose=0)
        if not proof:
            return [layer.name for layer in model.layers if layer.trainable]
        return [
            layer.name
            for layer in model.layers
            if any(
                (a != b).any() for a, b in zip(before[layer.name], layer.get_weights(), strict=True)
            )
        ]

    return train_behind


def _parts_frozen(model, last, images, labels):
    """Freezes the weights that train, and not the layers."""
    names = [layer.name for layer in model.layers]
    for layer in model.layers[: names.index(last) + 1]:
        for weight in layer.trainable_weights:
            weight.trainable = False
    return _behind(kinds=("none",))(model, last, images, labels)


def _untrained_model(model, last, images, labels):
    return [name for name in PARTS if name > last]


def _ignored(based=True, least=0.8):
    """The solution of 02.5, or one of the ways to get it wrong."""

    def similarity(first, second):
        lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
        return np.mean(np.sum(first * second, axis=1) / lengths)

    def ignored(network, pieces, changes):
        before = network.predict(pieces, verbose=0)
        base = similarity(before, before[::-1]) if based else 0
        found = {
            name: (similarity(before, network.predict(change(pieces), verbose=0)) - base)
            / (1 - base)
            for name, change in changes.items()
        }
        return [name for name, value in found.items() if value >= least]

    return ignored


RIGHT = {
    "02.1": lambda: {
        "all layers in front": _behind(),
        "those with weights": _behind(kinds=("conv", "norm")),
    },
    "02.2": lambda: {
        "a product": lambda maps, kernel, k: np.maximum(maps @ kernel[:, k], 0),
        "at most 1": lambda maps, kernel, k: _unit(np.maximum(maps @ kernel[:, k], 0)),
        "a list": lambda maps, kernel, k: np.maximum(maps @ kernel[:, k], 0).tolist(),
        "float32": lambda maps, kernel, k: np.maximum(maps @ kernel[:, k], 0).astype("float32"),
    },
    "02.3": lambda: {"a list": _dead_layers, "a set": lambda model: set(_dead_layers(model))},
    "02.4": lambda: {"sequential": _cut_at(), "functional": _functional()},
    "02.5": lambda: {
        "a list": _ignored(),
        "a set": lambda *given: set(_ignored()(*given)),
        "called": lambda network, pieces, changes: _ignored()(
            type("Called", (), {"predict": lambda self, x, verbose: network(x)})(), pieces, changes
        ),
    },
}

WRONG = {
    "02.1": lambda: {
        "nothing is frozen": (_behind(kinds=("none",)), "`conv1` has changed"),
        "only convolutions": (_behind(kinds=("conv",)), "`norm1` has changed"),
        "the normalizations learn on": (_behind(kinds=("conv", "stage")), "has changed"),
        "weights, not layers": (_parts_frozen, "stored averages"),
        "one layer too many": (_behind(at=2), "`conv3` has not changed"),
        "a stage too few": (_behind(at=-2), "`conv2` has changed"),
        "everything but the head": (_behind(at=4), "lies behind"),
        "up to it, but not with it": (_behind(at=0), "`conv2` has changed"),
        "another optimizer": (_behind(optimizer="Adam"), "SGD at 0.1"),
        "another rate": (_behind(rate=0.2), "SGD at 0.2; SGD at 0.1"),
        "other batches": (_behind(batch=13), "13 steps here; it has trained for 12"),
        "never trained": (_untrained_model, "has not changed"),
        "no proof": (_behind(proof=False), "the proof is not"),
        "its result": (["conv3", "norm3", "head"], "function itself"),
    },
    "02.2": lambda: {
        "negative places": (lambda maps, kernel, k: maps @ kernel[:, k], "speak against"),
        "dropped too early": (
            lambda maps, kernel, k: np.maximum(maps * kernel[:, k], 0).sum(-1),
            "add up first",
        ),
        "abs": (lambda maps, kernel, k: np.abs(maps @ kernel[:, k]), "`abs`"),
        "all classes": (lambda maps, kernel, k: np.maximum(maps @ kernel, 0), "shape (5, 4)"),
        "over the places": (
            lambda maps, kernel, k: (maps * kernel[:, k]).sum((0, 1)),
            "shape (5, 4)",
        ),
        "one class for all": (
            lambda maps, kernel, k: np.maximum(maps @ kernel[:, 0], 0),
            "class 2",
        ),
        "no weights": (lambda maps, kernel, k: maps.sum(-1), "weights of class k"),
        "a row of the kernel": (lambda maps, kernel, k: maps @ kernel[k], "ValueError"),
        "the map itself": (np.ones(PLACES), "function itself"),
    },
    "02.3": lambda: {
        "all normalizations": (lambda model: _dead_layers(model, of=np.size), "*all* its scales"),
        "one channel is enough": (
            lambda model: _dead_layers(model, of=lambda gamma: (gamma == 0).any()),
            "five channels",
        ),
        "none": (lambda model: [], "misses stage1_2_norm"),
        "always the same": (
            lambda model: [f"stage{stage}_2_norm" for stage in (1, 2, 3, 4)],
            "stage 2 switched off",
        ),
        "it wakes them": (_revived, "leave it alone"),
        "the layers": (lambda model: model.layers[:1], "list of names"),
        "the list itself": (["stage1_2_norm"], "function itself"),
    },
    "02.4": lambda: {
        "maps": (_cut_at(pool=None), "Average each"),
        "flattened": (_cut_at(pool="Flatten"), "`Flatten`"),
        "the maximum": (_cut_at(pool="GlobalMaxPooling2D"), "maximum"),
        "another stage": (_cut_at("stage3"), "stage 3"),
        "an inner layer": (_cut_at("stage2_1_relu"), "called `stage2`"),
        "random weights": (_cut_at(weights=None), "trained weights"),
        "not frozen": (_cut_at(trainable=True), "not frozen"),
        "the function": (_cut_at, "Call it"),
    },
    "02.5": lambda: {
        "similarity alone": (_ignored(based=False), "Compared with what"),
        "the very same": (_ignored(least=0.99999), "sees a little"),
        "half of it": (_ignored(least=0.4), "sees most"),
        "all of them": (lambda network, pieces, changes: list(changes), "Compared with what"),
        "none": (lambda network, pieces, changes: set(), "does not find"),
        "numbers": (lambda network, pieces, changes: [0.9, 0.8, 0.6], "names of changes"),
        "another name": (lambda network, pieces, changes: ["turned"], "no change"),
        "its result": ({"mirrored"}, "function itself"),
    },
}
