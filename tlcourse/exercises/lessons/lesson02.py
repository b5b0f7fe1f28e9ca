"""Exercises of lesson 2: how it works."""

from functools import cache

import numpy as np

from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise

PARTS = ("conv1", "norm1", "conv2", "norm2", "conv3", "norm3", "head")


def staged(classes: int = 3):
    """A tiny network of three stages, each a convolution, a normalization and a ReLU."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    x = image = keras.Input((8, 8, 3))
    for stage in (1, 2, 3):
        x = layers.Conv2D(4, 3, padding="same", use_bias=False, name=f"conv{stage}")(x)
        x = layers.BatchNormalization(name=f"norm{stage}")(x)
        x = layers.ReLU(name=f"stage{stage}")(x)
    x = layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(image, layers.Dense(classes, name="head")(x))


def _weights(model) -> dict[str, list[np.ndarray]]:
    return {layer.name: layer.get_weights() for layer in model.layers if layer.weights}


def _frozen(answer: object) -> str:
    call = answers.function(answer, "`train_behind`")
    dice = np.random.default_rng(0)
    # So many that batches of 11, 12 and 13 pictures take different numbers of steps.
    count, steps = 145, 13
    images, labels = dice.normal(3, 2, (count, 8, 8, 3)).astype("float32"), np.arange(count) % 3
    for last, frozen in (("stage2", "norm2"), ("stage1", "norm1"), ("conv2", "conv2")):
        model = staged()
        before = _weights(model)
        told = call(model, last, images, labels)
        after = _weights(model)
        if set(after) != set(before):
            raise AnswerError("The network has lost or gained layers. Train the one that is given.")
        changed = [
            name
            for name in PARTS
            if any((a != b).any() for a, b in zip(before[name], after[name], strict=True))
        ]
        wanted = list(PARTS[PARTS.index(frozen) + 1 :])
        for name in changed:
            if name in wanted:
                continue
            if (before[name][0] == after[name][0]).all() and name.startswith("norm"):
                raise AnswerError(
                    f"Frozen up to `{last}`, `{name}` has moved its stored averages. They are not "
                    "trained, but in training they follow the pictures, until the layer is frozen."
                )
            raise AnswerError(
                f"Frozen up to `{last}`, `{name}` has changed in the training. Was it frozen, and "
                "before `compile`?"
            )
        if idle := [name for name in wanted if name not in changed]:
            raise AnswerError(
                f"Frozen up to `{last}`, `{idle[0]}` has not changed, though it lies behind. It "
                "should learn."
            )
        answers.trained_with_sgd(model, 0.1, steps)
        if not isinstance(told, list | tuple | set) or not all(isinstance(x, str) for x in told):
            raise AnswerError("It must give a list of names, such as `[layer.name, ...]`.")
        if set(told) != set(changed):
            name = sorted(set(told) ^ set(changed))[0]
            word = "names" if name in told else "does not name"
            raise AnswerError(
                f"The training is right, the proof is not: the list {word} `{name}`. Compare the "
                "weights of each layer from before the training with those from after it."
            )
    return (
        "Frozen is what has not changed, the stored averages included, and not what somebody has "
        "called frozen. Such a proof takes two lines, and finds what no error message tells."
    )


FROZEN = Exercise(
    "02.1",
    "Freeze, and prove it",
    _frozen,
    hints=(
        "`names = [layer.name for layer in model.layers]`, and `names.index(last)` is the place "
        "up to which `layer.trainable = False`.",
        "Set `trainable` first, then `compile`. A frozen `BatchNormalization` also leaves its "
        "averages alone.",
        "`before = {layer.name: layer.get_weights() for layer in model.layers}`, the same after "
        "`fit`, and for each pair of arrays `np.array_equal(a, b)`.",
    ),
)

PLACES, CHANNELS, KINDS = (5, 4), 6, 9


def _maps() -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng(0)
    return dice.uniform(0, 1, (*PLACES, CHANNELS)), dice.normal(size=(CHANNELS, KINDS))


def _alike(a: np.ndarray, b: np.ndarray) -> bool:
    """The same up to a positive factor: many divide a heat map by its maximum."""
    return np.allclose(a / np.abs(a).max(), b / np.abs(b).max(), atol=1e-4)


def _class_map(answer: object) -> str:
    maps, kernel = _maps()
    call = answers.function(answer, "`class_map`")
    for k in (2, 7):
        found = answers.array(call(maps.copy(), kernel.copy(), k), PLACES, "The map")
        spoken = maps * kernel[:, k]
        if not found.any():
            raise AnswerError(
                f"The map is 0 everywhere. In the small example that was tried, some places speak "
                f"for class {k}."
            )
        if _alike(found, spoken.sum(axis=-1)):
            raise AnswerError(
                "Some places of this map are negative: they speak against the class. Grad-CAM "
                "drops them; put 0 there."
            )
        if _alike(found, np.maximum(spoken, 0).sum(axis=-1)):
            raise AnswerError(
                "Negative parts are dropped too early, channel by channel. A channel that speaks "
                "against the class counts too: add up first, then drop what is below 0."
            )
        if _alike(found, np.abs(spoken.sum(axis=-1))):
            raise AnswerError("With `abs`, what speaks against the class shines as if it were for.")
        if _alike(found, maps.mean(axis=-1)):
            raise AnswerError("All channels count the same here. Where are the weights of class k?")
        if not _alike(found, np.maximum(spoken.sum(axis=-1), 0)):
            raise AnswerError(
                f"Tried on a small example, this is not the map for class {k}. Each channel's map "
                "counts as much as its weight for that class; then the channels are added up."
            )
    return (
        "This is Grad-CAM without a gradient. It works where only an average and the head come "
        "after the maps; with more layers between, the gradient takes the place of the weights."
    )


CLASS_MAP = Exercise(
    "02.2",
    "A heat map by hand",
    _class_map,
    hints=(
        "`maps * kernel[:, k]` weighs the channels: NumPy lines up the last axes.",
        "Then `sum` over the last axis, and `np.maximum(…, 0)` at the end.",
    ),
)


SILENT = tuple(f"stage{stage}_2_norm" for stage in (1, 2, 3, 4))


def silenced(names: tuple[str, ...] = SILENT, how: float = 0.0):
    """photonet with its trained weights, but with other scales in the named normalizations."""
    from tlcourse import load_backbone

    network = load_backbone("photonet")
    for name in names:
        gamma = network.get_layer(name).gamma
        gamma.assign(np.full(gamma.shape, how))
    return network


@cache
def _patients() -> tuple[tuple, ...]:
    """What a network is, the network, and which of its normalizations are dead."""
    from tlcourse import load_backbone

    one_channel = load_backbone("photonet")
    gamma = one_channel.get_layer("stage3_1_norm").gamma
    gamma.assign(np.where(np.arange(gamma.shape[0]) < 5, 0, gamma.numpy()))
    return (
        ("the network at the start of training", load_backbone("photonet", weights=None), SILENT),
        ("photonet, with stage 2 switched off by hand", silenced(SILENT[1:2]), SILENT[1:2]),
        ("photonet with its trained weights", load_backbone("photonet"), ()),
        ("photonet, with five channels of one layer at 0", one_channel, ()),
    )


def dead_layers(model) -> list[str]:
    """Names of the normalization layers whose scales are all 0."""
    norms = [layer for layer in model.layers if hasattr(layer, "gamma")]
    return [norm.name for norm in norms if not norm.gamma.numpy().any()]


def _dead(answer: object) -> str:
    call = answers.function(answer, "`dead`")
    for what, model, wanted in _patients():
        found = call(model)
        if dead_layers(model) != list(wanted):
            _patients.cache_clear()
            raise AnswerError("It has changed the network. It should look, and leave it alone.")
        if not isinstance(found, list | tuple | set) or not all(isinstance(x, str) for x in found):
            raise AnswerError("It must give a list of names, such as `[layer.name, ...]`.")
        if extra := sorted(set(found) - set(wanted)):
            raise AnswerError(
                f"For {what}, it names {extra[0]}, which passes some signal: a layer is dead if "
                "*all* its scales are 0."
            )
        if missing := sorted(set(wanted) - set(found)):
            raise AnswerError(f"For {what}, it misses {missing[0]}, whose scales are all 0.")
    return (
        "At the start of training, each block of photonet ends in a dead normalization: frozen "
        "like that, its branches pass nothing. Three lines would have told us, and ten seeds did "
        "not."
    )


ALIVE = Exercise(
    "02.3",
    "Dead or alive",
    _dead,
    hints=(
        "`model.layers` has all layers; `isinstance(layer, keras.layers.BatchNormalization)` "
        "picks those that have a scale.",
        "The scale is `layer.gamma`, a number for each channel; `layer.gamma.numpy()` gives an "
        "array.",
        "`not gamma.any()` is true if all its numbers are 0.",
    ),
)

# Numbers that a model gives for one picture -> where it was cut instead.
CUT = {
    (16, 16, 64): "These are maps: 64 channels at 16×16 places. Average each over its places.",
    (16 * 16 * 64,): "`Flatten` keeps a number for every place. Average over the places instead.",
    (256,): "256 numbers are those of stage 4: the body was not cut.",
    (128,): "128 channels are those of stage 3.",
    (32,): "32 channels are those of the stem and of stage 1.",
}


@cache
def _second_stage() -> tuple[np.ndarray, np.ndarray]:
    """Pictures, and photonet's maps of them after stage 2."""
    from tlcourse import load_backbone

    pictures = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3)).astype("uint8")
    early = output_of(load_backbone("photonet"), "stage2")
    return pictures, np.asarray(early(pictures, training=False))


def _shorter(answer: object) -> str:
    model = answers.model(answer)
    shape = tuple(model.output_shape[1:])
    if shape != (64,):
        raise AnswerError(
            f"It gives numbers of shape {shape} for a picture, not (64,). {CUT.get(shape, '')}"
        )
    pictures, maps = _second_stage()
    found = np.asarray(model(pictures, training=False))
    if np.allclose(found, maps.max(axis=(1, 2)), rtol=1e-2):
        raise AnswerError("This is the maximum of each channel. The average was asked for.")
    if not np.allclose(found, maps.mean(axis=(1, 2)), rtol=1e-2, atol=1e-4):
        raise AnswerError(
            "The shape is right, but photonet's stage 2 gives other numbers. Is it the output of "
            "the layer called `stage2` (each stage has inner layers), with its trained weights?"
        )
    if model.trainable_weights:
        raise AnswerError(
            f"It is not frozen: {len(model.trainable_weights)} weights would learn. Set "
            "`trainable = False` on the model."
        )
    return (
        "A body may end anywhere. This one has 64 features and a small part of the weights, and "
        "does less work for each picture."
    )


def output_of(network, name: str):
    """A network, cut off behind one of its layers."""
    import keras

    return keras.Model(network.input, network.get_layer(name).output)


SHORTER = Exercise(
    "02.4",
    "A shorter body",
    _shorter,
    hints=(
        "Step 1 of the lesson makes a model that ends at an inner layer: "
        "`photonet.get_layer(…).output` is its output.",
        "`keras.layers.GlobalAveragePooling2D()` averages over the places; call it on that output.",
        "`model = keras.Model(photonet.input, …)`, and then `model.trainable = False`.",
    ),
)


class Eye:
    """What answers as a network does, and sees what it is made to see, in NumPy."""

    def __init__(self, look):  # noqa: D107
        self.look = look

    def predict(self, pictures, **named) -> np.ndarray:
        """Features (n, d) of pictures (n, height, width, 3)."""
        return self.look(np.asarray(pictures, float))

    __call__ = predict


def _mean(*axes: int):
    return lambda pictures: pictures.mean(axis=axes).reshape(len(pictures), -1)


def _sides(much: float):
    """Each row's mean, and so much of the difference of left and right."""

    def look(pictures: np.ndarray) -> np.ndarray:
        half = pictures.shape[2] // 2
        left, right = (
            part.mean(axis=(1, 2, 3)) for part in (pictures[:, :, :half], pictures[:, :, half:])
        )
        return np.hstack([_mean(2, 3)(pictures), much * (left - right)[:, None]])

    return look


# What an eye sees → the changes that it does not.
EYES = (
    ("that sees the mean of each row", _mean(2, 3), {"mirrored", "blue for red"}),
    ("that sees every pixel", _mean(), set()),
    ("that sees the mean of each color", _mean(1, 2), {"mirrored", "upside down"}),
    (
        "whose features of all pictures are nearly the same, colors set aside",
        lambda pictures: 5000 + _mean(1, 2)(pictures),
        {"mirrored", "upside down"},
    ),
    (
        "that sees a little of a mirrored picture, but much less than of another one",
        _sides(0.3),
        {"mirrored", "blue for red"},
    ),
    # On the scale, the mirrored picture has 0.66.
    ("that sees most of a mirrored picture", _sides(1.2), {"blue for red"}),
)
CHANGES = {
    "mirrored": lambda pictures: pictures[:, :, ::-1],
    "upside down": lambda pictures: pictures[:, ::-1],
    "blue for red": lambda pictures: pictures[..., ::-1],
}


def _ignored(answer: object) -> str:
    call = answers.function(answer, "`ignored`")
    dice = np.random.default_rng(0)
    # Large patches, so that halves, rows and colors all differ from picture to picture.
    pictures = dice.uniform(0, 255, (40, 4, 4, 3)).repeat(2, axis=1).repeat(2, axis=2)
    for what, look, wanted in EYES:
        found = call(Eye(look), pictures.astype("uint8"), dict(CHANGES))
        if not isinstance(found, list | tuple | set) or not all(isinstance(x, str) for x in found):
            raise AnswerError("It must give names of changes, such as `['mirrored']`.")
        if unknown := set(found) - set(CHANGES):
            raise AnswerError(f"{sorted(unknown)[0]} is no change of those that were given.")
        if missing := sorted(wanted - set(found)):
            raise AnswerError(
                f"Tried on a network {what}: it does not find that `{missing[0]}` is ignored. "
                "Compare the features of each picture with those of the same picture, changed."
            )
        if extra := sorted(set(found) - wanted):
            raise AnswerError(
                f"Tried on a network {what}: it says that `{extra[0]}` is ignored, which is not "
                "so. Compared with what? Two *other* pictures may be nearly as similar."
            )
    return (
        "A similarity says little before you know that of two other pictures. Nor does *ignored* "
        "mean *learned*, before you know what random layers ignore: the next cell asks "
        "them, too."
    )


IGNORED = Exercise(
    "02.5",
    "What a network ignores",
    _ignored,
    hints=(
        "For each change: the features of `pieces`, those of `change(pieces)`, and the "
        "`similarity` of both. That is not yet the number that counts.",
        "`base` is the similarity of pieces with *other* pieces: the features against the same "
        "features in another order, such as `before[::-1]`.",
        "`(similarity(before, after) - base) / (1 - base)` is 1 for the same, and 0 for as "
        "different as two other pieces.",
    ),
)

EXERCISES = (FROZEN, CLASS_MAP, ALIVE, SHORTER, IGNORED)
