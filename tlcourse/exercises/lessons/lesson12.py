"""Exercises of lesson 12: adapt a little."""

import numpy as np

from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise, choice

# By hand, with rank 2. Dense 10 → 6: A 10 × 2, B 2 × 6: 32. Convolution 3 × 3, 4 → 8 channels: A is
# a convolution to 2 channels, 3 × 3 × 4 × 2 = 72, and B 2 × 8 = 16: 88. Together 120.
SHAPES, RANK, COUNT = ((10, 6), (3, 3, 4, 8)), 2, 120


def _count(answer: object) -> str:
    call = answers.function(answer)
    given = answers.number(call(SHAPES, RANK))
    for wrong, message in (
        (10 * 2 + 72, "These are the *A* alone. Each has a *B*, too, of rank × outputs."),
        (2 * 6 + 16, "These are the *B* alone. Each has an *A*, too."),
        (
            32 + (4 + 8) * 2,
            "The convolution is 3 × 3: its *A* is a convolution from 4 channels to 2, and looks at "
            "as many places as the kernel.",
        ),
        (60 + 288, "These are the kernels themselves. They stay as they are; count *A* and *B*."),
        (4 * COUNT, "These are bytes. Numbers are asked for."),
        (32, "One of the two is missing, the convolution. Count for all the shapes."),
        (88, "One of the two is missing, the dense layer. Count for all the shapes."),
    ):
        if given == wrong:
            raise AnswerError(message)
    if given != COUNT:
        raise AnswerError(
            f"For kernels of 10 × 6 and 3 × 3 × 4 × 8 and rank 2 it gives {given:g}; by hand it is "
            f"{COUNT}. The first: 10 × 2 and 2 × 6."
        )
    other = answers.number(call(((100, 50),), 4))
    if other != 600:
        raise AnswerError(f"For 100 × 50 and rank 4 it gives {other:g}, not 600. Is 2 built in?")
    return "In proportion to the rank: twice the rank is twice the file."


COUNTED = Exercise(
    "12.1",
    "How much is a little?",
    _count,
    hints=(
        "The last number of a shape is that of the outputs; all before it say what one output is "
        "computed from.",
        "For each shape, `np.prod(shape[:-1]) * rank + rank * shape[-1]`.",
    ),
)

# By hand: rank 1, alpha 3. A B = [[2, -1], [4, -2]], three times that is added to the kernel.
KERNEL = np.array([[1.0, 0.0], [0.0, 1.0]])
A, B = np.array([[1.0], [2.0]]), np.array([[2.0, -1.0]])
MERGED = np.array([[7.0, -3.0], [12.0, -5.0]])


def _merge(answer: object) -> str:
    call = answers.function(answer)
    kernel = KERNEL.copy()
    given = answers.array(call(kernel, A.copy(), B.copy(), 3.0), (2, 2), "The merged kernel")
    product = A @ B
    if not np.array_equal(kernel, KERNEL):
        raise AnswerError("The frozen kernel has been changed in place. Give a new array.")
    for wrong, message in (
        (KERNEL + product, "The scale is missing: alpha / rank."),
        (3 * product, "That is the change alone. Add the frozen kernel."),
        (KERNEL - 3 * product, "This takes the change off. Merging adds it."),
        (KERNEL + 1.5 * product, "The rank is the number of *columns* of A: 1 here, not 2."),
        (KERNEL + product / 3, "The scale is alpha / rank, not rank / alpha."),
        (3 * (KERNEL + product), "Only the change is scaled; the kernel stays as it is."),
    ):
        if np.allclose(given, wrong):
            raise AnswerError(message)
    if not np.allclose(given, MERGED):
        raise AnswerError(
            f"With A = (1, 2), B = (2, -1) and alpha 3 it gives {given.tolist()}; by hand it is "
            f"{MERGED.tolist()}."
        )
    rng = np.random.default_rng(3)
    kernel, a, b = (rng.normal(size=shape) for shape in ((3, 3, 4, 5), (3, 3, 4, 2), (2, 5)))
    right = kernel + 6.0 / 2 * (a @ b)
    try:
        given = answers.array(call(kernel, a, b, 6.0), (3, 3, 4, 5), "The merged convolution")
    except ValueError as error:
        raise AnswerError(f"With a convolution of 3 × 3 it fails: {error}") from None
    if np.allclose(given, kernel + 6.0 / 3 * (a @ b)):
        raise AnswerError(
            "For a convolution, the scale is wrong: the rank is the *last* number of A's shape, "
            "or the first of B's."
        )
    if not np.allclose(given, right):
        raise AnswerError("For a dense layer it is right; for a convolution of rank 2 it is not.")
    return "One kernel again: at work, nobody sees that there was a LoRA."


MERGE = Exercise(
    "12.2",
    "Merge",
    _merge,
    hints=(
        "`a @ b` multiplies the last axis of *A* by *B*, whatever stands before it.",
        "The rank is `b.shape[0]`.",
    ),
)


def network():
    """Two convolutions, one with a bias, two normalizations, and a head; everything learns."""
    import keras

    keras.utils.set_random_seed(5)
    x = image = keras.Input((8, 8, 3))
    for number in (1, 2):
        x = keras.layers.Conv2D(4, 3, use_bias=number == 2, name=f"conv{number}")(x)
        x = keras.layers.BatchNormalization(name=f"norm{number}")(x)
        x = keras.layers.ReLU(name=f"relu{number}")(x)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(image, keras.layers.Dense(2, name="head")(x), name="small")


def _names(weights) -> set[str]:
    return {weight.path.split("small/")[-1] for weight in weights}


LEARNING = {f"norm{number}/{name}" for number in (1, 2) for name in ("gamma", "beta")} | {
    "head/kernel",
    "head/bias",
}


def _learning(answer: object) -> str:
    call = answers.function(answer)
    model = network()
    before = [np.asarray(weight) for weight in model.weights]
    everything = _names(model.trainable_weights)
    try:
        call(model)
    except AnswerError as error:
        if "gave None" not in str(error):  # it works in place, and need not give anything
            raise
    now = _names(model.trainable_weights)
    if any(not np.array_equal(a, b) for a, b in zip(before, model.weights, strict=True)):
        raise AnswerError("A weight has changed. Say only what may learn; train later.")
    if now == everything:
        raise AnswerError("Everything still learns, the kernels too.")
    if not now:
        raise AnswerError(
            "Nothing learns any more. A model whose `trainable` is False has nothing that learns, "
            "whatever its layers say: set it to True first."
        )
    if moving := sorted(name for name in now if "moving" in name):
        raise AnswerError(
            f"`{moving[0]}` is a stored average: no gradient changes it. Leave it out."
        )
    if wrong := sorted(name for name in now - LEARNING if "kernel" in name):
        raise AnswerError(f"`{wrong[0]}` learns, too: a kernel. It is to stay as it is.")
    if "conv2/bias" in now:
        raise AnswerError(
            "`conv2/bias` learns, too. That is BitFit's part; here only scales and shifts of the "
            "normalizations are to, and the head."
        )
    if missing := sorted(LEARNING - now):
        head = "head" in missing[0]
        raise AnswerError(
            f"`{missing[0]}` does not learn. "
            + ("Without a head of its own, no customer has classes." if head else "It is to.")
        )
    return (
        f"{sum(weight.path.count('norm') for weight in model.trainable_weights)} small arrays and "
        "the head: that is the whole file of a customer."
    )


LEARNS = Exercise(
    "12.3",
    "Let the normalizations learn",
    _learning,
    hints=(
        "Layer by layer: a layer may learn if it is a `keras.layers.BatchNormalization`, or if it "
        'is called `"head"`.',
        "`model.trainable = True`, then for each layer of `model.layers` set `layer.trainable`.",
    ),
)

SHOPS = choice(
    "12.4",
    "Forty shops",
    "A firm has one network for pictures of goods, and forty shops. Each shop has its own kinds "
    "and 30 labels of each, and one server answers for all of them, picture by picture. What do "
    "you do first?",
    {
        "a": (
            "Fine-tune a copy for each shop: it is the strongest way.",
            "Perhaps, by a few points: measure. Forty networks have to be kept, loaded and looked "
            "after, and with 30 labels of each kind small ways are often level with it.",
        ),
        "b": (
            "LoRA for each shop, since it trains in a fraction of the time.",
            "A part of each step is saved, no more: the pictures go through all layers, and the "
            "gradients back through nearly all. The lesson measured a step.",
        ),
        "c": (
            "A head for each shop on the features of the one network; then see on validation "
            "whether normalizations or LoRA gain enough.",
            "The features of a picture are computed once for any shop, nothing is forgotten, and "
            "a shop is some kilobytes. It is the baseline that everything else has to beat, and "
            "validation says whether it does.",
        ),
        "d": (
            "LoRA for each shop, each kept by `model.save`.",
            "Keras saves it merged: forty whole networks. Keep the weights that learn.",
        ),
    },
    "c",
    hints=(
        "What has to be computed for a picture, and how often, in each of the four?",
        "What would you have to measure before you pay for more?",
    ),
)

EXERCISES = (COUNTED, MERGE, LEARNS, SHOPS)
