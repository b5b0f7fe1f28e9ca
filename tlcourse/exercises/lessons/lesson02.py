"""Exercises of lesson 2: how it works."""

from itertools import permutations

import numpy as np

from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise, choice

CONTROL = choice(
    "02.1",
    "What a probe tells",
    "A linear probe gets 66 % of new digits right from the stem of a trained network, and 86 % "
    "from its stage 4. What may you conclude, so far?",
    {
        "a": (
            "Stage 4 has learned more about digits than the stem has",
            "It may be so, but stage 4 also gives 256 numbers where the stem gives 32. A probe "
            "can rise for that reason alone. What is the control?",
        ),
        "b": (
            "Nothing about learning, before the same layers with random weights are probed too",
            "Random layers give good numbers as well, and more of them from stage 4 than from the "
            "stem. What was learned is what lies above that control, provided that it is alive: "
            "its signals must pass. From stage 4, hardly anything lies above.",
        ),
        "c": (
            "The probe on the stem was not trained for long enough",
            "A probe is a logistic regression, solved to the end: more steps would change "
            "nothing. The stem does not offer more to a weighted sum.",
        ),
        "d": (
            "The stem is of no use for digits, and can be left out",
            "66 % is far above the 10 % of guessing. And stage 4 works on what the stem gives: "
            "without it there is no stage 4.",
        ),
    },
    right="b",
    hints=(
        "Which other cause could make the probe rise from the stem to stage 4?",
        "In the lesson's figure of the probes (under *Reveal*, left), what does the control show?",
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


def _dead(answer: object) -> str:
    from tlcourse import load_backbone

    call = answers.function(answer, "`dead`")
    one_channel = load_backbone("photonet")
    gamma = one_channel.get_layer("stage3_1_norm").gamma
    gamma.assign(np.where(np.arange(gamma.shape[0]) < 5, 0, gamma.numpy()))
    cases = (
        ("the network at the start of training", load_backbone("photonet", weights=None), SILENT),
        ("photonet, with stage 2 switched off by hand", silenced(SILENT[1:2]), SILENT[1:2]),
        ("photonet with its trained weights", load_backbone("photonet"), ()),
        ("photonet, with five channels of one layer at 0", one_channel, ()),
    )
    for what, model, wanted in cases:
        found = call(model)
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


def _shorter(answer: object) -> str:
    from tlcourse import load_backbone

    model = answers.model(answer)
    shape = tuple(model.output_shape[1:])
    if shape != (64,):
        raise AnswerError(
            f"It gives numbers of shape {shape} for a picture, not (64,). {CUT.get(shape, '')}"
        )
    photonet = load_backbone("photonet")
    pictures = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3)).astype("uint8")
    found = np.asarray(model(pictures, training=False))
    maps = output_of(photonet, "stage2")(pictures, training=False).numpy()
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

# Measured on four sets of 101 to 202 pieces: photonet 0.93 to 0.94, 0.75 to 0.77, 0.56 to 0.58;
# objectnet 0.90 to 0.92, 0.86 to 0.88, 0.90 to 0.92.
STEADY = np.array([[0.93, 0.76, 0.57], [0.91, 0.87, 0.91]])
CHANGES = ("mirrored", "upside down", "blue for red")
ORDERS = tuple(permutations(range(len(CHANGES))))


def _steady(answer: object) -> str:
    found = answers.array(answer, (2, 3), "The table (networks × changes)")

    def like(wanted: np.ndarray) -> bool:
        return np.abs(found - wanted).max() <= 0.06

    if like(STEADY):
        return (
            "photonet was trained with mirrored photographs, and never with any upside down; "
            "objectnet with colors that meant nothing. What training varies, and the label does "
            "not follow, a network learns to ignore. Ask that of a source before you reuse it."
        )
    if found.max() > 1.01:
        raise AnswerError(f"One number is {found.max():g}; none can be above 1. Give fractions.")
    if like(STEADY[::-1]):
        raise AnswerError("The rows are swapped: photonet comes first.")
    if like(STEADY[:, [1, 0, 2]]):
        raise AnswerError(
            "Is `mirrored` left for right? The axes are pictures, height, width, channels: "
            "`[:, ::-1]` turns the height round, `[:, :, ::-1]` the width."
        )
    if any(like(rows[:, list(order)]) for rows in (STEADY, STEADY[::-1]) for order in ORDERS):
        raise AnswerError(
            "These are the right numbers at wrong places. Rows: photonet, objectnet. Columns: "
            "mirrored, upside down, blue for red."
        )
    if np.abs(found[0] - found[1]).max() < 1e-6:
        raise AnswerError("Both rows are the same. Has each network been asked?")
    for row, network in enumerate(("photonet", "objectnet")):
        for column, change in enumerate(CHANGES):
            value = found[row, column]
            if value > 0.999:
                raise AnswerError(
                    f"{network}, {change}: {value:.2f} says that nothing was changed."
                )
            if value < 0.2:
                raise AnswerError(
                    f"{network}, {change}: {value:.2f} says that pieces were compared with other "
                    "pieces. `pieces[::-1]` turns the order of the *pictures* round; the axes "
                    "to turn are further to the right."
                )
            if abs(value - STEADY[row, column]) > 0.06:
                raise AnswerError(
                    f"{network}, {change}: {value:.2f} is not what comes out on these pieces. Use "
                    "`steadiness` as it is, and one change at a time."
                )
    raise AnswerError("The table is another one than comes out on these pieces.")


IGNORED = Exercise(
    "02.5",
    "What training teaches to ignore",
    _steady,
    hints=(
        "`pieces` has axes (pictures, height, width, channels). A slice `::-1` turns one of them "
        "round; which one mirrors, which one swaps red and blue?",
        "`pieces[:, :, ::-1]`, `pieces[:, ::-1]`, `pieces[..., ::-1]`",
        "`[[steadiness(network, changed) for changed in …] for network in …]`",
    ),
)

EXERCISES = (CONTROL, CLASS_MAP, ALIVE, SHORTER, IGNORED)
