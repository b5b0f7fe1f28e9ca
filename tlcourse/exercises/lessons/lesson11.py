"""Exercises of lesson 11: when it goes wrong."""

import numpy as np

from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise, choice, difference

UNCHANGED = choice(
    "11.1",
    "To the last digit",
    "You have trained a head on a frozen body for five epochs. Then you set `body.trainable = "
    "True`, call `fit` again for ten epochs, and compare the body's weights with those before: "
    "not one has changed, to the last digit. Why?",
    {
        "a": (
            "The learning rate is too small for the body",
            "A small rate makes small steps. To the last digit means that no step was made.",
        ),
        "b": (
            "The batch normalization layers of the body are frozen",
            "They have means and scales. The kernels of the convolutions are not theirs, and did "
            "not move either.",
        ),
        "c": (
            "The body was good already, so its gradients are zero",
            "It was good for another task. And no gradient of real pictures is zero in every "
            "digit of every weight.",
        ),
        "d": (
            "The model was not compiled again",
            "Keras fixes what learns when it first trains after `compile`. Whoever changes "
            "`trainable` has to compile anew, with a new optimizer.",
        ),
    },
    right="d",
    hints=(
        "No weight of the body took part at all. Who decides which ones do, and when?",
        "Call `audit` on such a model: “Your turn” of the lesson makes one.",
    ),
)


def _audited(answer: object):
    """The learner's compiled classifier of `sunglasses`, in which `audit` finds nothing."""
    from tlcourse import audit, load_task

    model = answers.model(answer)
    if getattr(model, "optimizer", None) is None:
        raise AnswerError("The model is not compiled: loss and learning rate belong to it, too.")
    report = audit(model, train=load_task("sunglasses").few_shot(10).train)
    if report:
        first = report.findings[0]
        raise AnswerError(
            f"`audit` still finds: {', '.join(report.names)}. {first.found} {first.why}"
        )
    return model


def _mended(answer: object) -> str:
    from tlcourse import load_backbone

    model = _audited(answer)
    answers.holds(model, load_backbone("objectnet"))
    return "Four mistakes, none of which would have stopped the training."


def classifier(scale=False, outputs=6, frozen=False, from_logits=True, softmax=False, fresh=False):
    """The solution of 11.2, or one of the ways to get it wrong."""
    import keras

    from tlcourse import load_backbone

    body = load_backbone("objectnet")
    if fresh:
        body = keras.models.clone_model(body)
    steps = [keras.layers.Rescaling(1 / 255)] if scale else []
    head = keras.layers.Dense(outputs, "softmax" if softmax else None)
    model = keras.Sequential([keras.Input((64, 64, 3)), *steps, body, head])
    model.trainable = not frozen
    body.trainable = False
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    model.compile(keras.optimizers.Adam(0.003), loss)
    return model


MENDED = Exercise(
    "11.2",
    "Four mistakes at once",
    _mended,
    hints=(
        "`audit(broken(), task)` names them. Write `mended` as a copy of `broken`, and mend one "
        "after the other.",
        "Range: who scales the pictures, you or the body? Outputs: how many classes are there? "
        "Loss: logits, or probabilities? And which part should be frozen: all, or the body?",
    ),
    right=lambda: {
        "logits": classifier(),
        "probabilities": classifier(from_logits=False, softmax=True),
    },
    wrong=lambda: {
        "as it was": (classifier(True, 20, True, False), "nothing learns, input range"),
        "still scaled twice": (classifier(scale=True), "input range"),
        "20 outputs": (classifier(outputs=20), "outputs and classes"),
        "everything frozen": (classifier(frozen=True), "nothing learns"),
        "a loss for probabilities": (classifier(from_logits=False), "from_logits"),
        "a softmax too many": (classifier(softmax=True), "from_logits"),
        "random weights": (classifier(fresh=True), "objectnet's weights"),
        "the function": (classifier, "Call it"),
    },
)


def _tuning(answer: object) -> str:
    from tlcourse import load_backbone
    from tlcourse.networks.layers import leaves

    model = _audited(answer)
    learning = set(map(id, model.trainable_variables))
    those = [path for path, layer in leaves(model) if learning & set(map(id, layer.weights))]
    names = [path.split("/")[-1] for path in those]
    stages = {name.split("_")[0] for name in names if name.startswith(("stem", "stage"))}
    if not stages:
        raise AnswerError(
            "Nothing of the body learns: this is feature extraction. Fine-tuning lets its last "
            "stage learn, `stage4`."
        )
    if stages != {"stage4"}:
        raise AnswerError(f"{', '.join(sorted(stages))} of the body learn; only stage4 should.")
    answers.holds(model, load_backbone("objectnet"))
    return f"{len(those)} layers learn, slowly, and no statistic moves."


def tuning(from_layer="stage4", rate=1e-4, norms=False, head=True):
    """The solution of 11.3, or one of the ways to get it wrong."""
    import keras

    from tlcourse import unfreeze

    model = classifier()
    unfreeze(model, from_layer)
    for layer in model.layers[0].layers if norms else ():
        layer.trainable = True
    model.layers[-1].trainable = head
    model.compile(keras.optimizers.Adam(rate), model.loss)
    return model


def _by_hand():
    import keras

    model = classifier()
    body = model.layers[0]
    body.trainable = True
    for layer in body.layers:
        norm = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = layer.name.startswith("stage4") and not norm
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), model.loss)
    return model


def _trained():
    from tlcourse import load_task

    model = tuning()
    model.fit(*load_task("sunglasses").few_shot(2).train, verbose=0)
    return model


def _forgotten():
    from tlcourse import load_task, unfreeze

    model = classifier()
    model.fit(*load_task("sunglasses").few_shot(2).train, verbose=0)
    unfreeze(model, "stage4")
    return model


TUNING = Exercise(
    "11.3",
    "Ready for fine-tuning",
    _tuning,
    hints=(
        "Call `audit(model, task)` after each step. Its mends are for any model; here you know "
        "more: only `stage4` and the head should learn.",
        '`tlcourse.unfreeze(model, "stage4")` lets that stage and what follows learn, but for '
        "batch normalization.",
        "Compile after that, with a new optimizer and a small rate, such as "
        "`keras.optimizers.Adam(1e-4)`.",
    ),
    right=lambda: {"unfreeze": tuning(), "by hand, SGD": _by_hand(), "a rate": tuning(rate=2e-4)},
    wrong=lambda: {
        "the rate of a head": (tuning(rate=0.003), "learning rate too high"),
        "statistics that move": (tuning(norms=True), "statistics will move"),
        "not compiled again": (_forgotten(), "trainable changed after compile"),
        "only the head": (classifier(), "feature extraction"),
        "from stage 3 on": (tuning("stage3"), "only stage4"),
        "the head frozen": (tuning(head=False), "the head is frozen"),
        "trained along": (_trained(), "do not train it"),
        "a word": ("model", "Keras model"),
    },
)


def _cut(answer: object) -> str:
    call = answers.function(answer)
    random = np.random.default_rng(3)
    pictures = random.integers(0, 256, (30, 6, 6, 3)).astype("uint8")
    labels = random.permutation(np.arange(30)) + 100  # a label of its own for each picture
    label_of = {
        image.tobytes(): label
        for image, label in zip(
            (*pictures, *pictures[:, :, ::-1]), (*labels, *labels), strict=True
        )
    }  # fmt: skip
    chosen = []
    for seed in (0, 1):
        given = call(pictures.copy(), labels.copy(), seed)
        try:
            parts = [(np.asarray(images), np.asarray(known)) for images, known in given]
            _, _ = parts
        except (TypeError, ValueError):
            raise AnswerError(
                "Give two pairs, as `broken_cut` does: (images, labels) to train, then to validate."
            ) from None
        for name, (images, known) in zip(("training", "validation"), parts, strict=True):
            if len(images) != len(known) or not len(known):
                raise AnswerError(f"{len(images)} {name} pictures and {len(known)} labels.")
            found = [label_of.get(image.astype("uint8").tobytes()) for image in images]
            if None in found:
                raise AnswerError(
                    f"A {name} picture is neither one of those given, nor its mirror image. Left "
                    "and right change sides by `images[:, :, ::-1]`."
                )
            if not np.array_equal(found, known):
                raise AnswerError(f"A {name} picture has the label of another one.")
        train, validation = (set(known.tolist()) for _, known in parts)
        if shared := train & validation:
            raise AnswerError(
                f"{len(shared)} of {len(validation)} validation pictures are in training, too, as "
                "they are or mirrored. A picture and its mirror image went different ways; which "
                "order of steps keeps them together?"
            )
        if not 8 <= len(validation) <= 12:
            raise AnswerError(f"Of 30 pictures, {len(validation)} are to validate; a third is 10.")
        if len(train) + len(validation) < 30:
            raise AnswerError("Some pictures are in neither part. Training gets all the others.")
        if len(parts[0][0]) < 2 * len(train):
            raise AnswerError(
                f"Training has {len(parts[0][0])} pictures; with the mirror images of its "
                f"{len(train)}, it would have {2 * len(train)}."
            )
        chosen.append(validation)
    if chosen[0] == chosen[1]:
        raise AnswerError("Every seed validates by the same pictures. Draw them by `seed`.")
    return "No validation picture has a twin in training."


def broken_cut(images, labels, seed):
    """What 11.4 gives to mend."""
    images = np.concatenate([images, images[:, :, ::-1]])
    labels = np.concatenate([labels, labels])
    order = np.random.default_rng(seed).permutation(len(labels))
    rest, first = order[len(order) // 3 :], order[: len(order) // 3]
    return (images[rest], labels[rest]), (images[first], labels[first])


def cut(images, labels, seed, mirror=lambda x: x[:, :, ::-1], again=None):
    """The solution."""
    order = np.random.default_rng(seed).permutation(len(labels))
    rest, first = order[len(order) // 3 :], order[: len(order) // 3]
    train = np.concatenate([images[rest], mirror(images[rest])])
    known = np.concatenate([labels[rest], labels[rest if again is None else again(rest)]])
    return (train, known), (images[first], labels[first])


def _by_scikit_learn(images, labels, seed):
    from sklearn.model_selection import train_test_split

    x, v, y, w = train_test_split(images, labels, test_size=1 / 3, random_state=seed)
    return [np.concatenate([x[:, :, ::-1], x]), [*y, *y]], [v, w]


CUT = Exercise(
    "11.4",
    "The leak that audit does not see",
    _cut,
    hints=(
        "Follow one picture: it and its mirror image are two rows now. Where can they go?",
        "Cut the pictures as they came. Mirror after that, the training part alone.",
    ),
    right=lambda: {
        "cut, then mirror": cut,
        "scikit-learn": _by_scikit_learn,
        "another seed": lambda images, labels, seed: cut(images, labels, seed + 5),
    },
    wrong=lambda: {
        "as it was": (broken_cut, "went different ways"),
        "upside down": (lambda *a: cut(*a, mirror=lambda x: x[:, ::-1]), "Left and right"),
        "labels in another order": (lambda *a: cut(*a, again=lambda r: r[::-1]), "of another one"),
        "only the training part": (lambda *a: cut(*a)[0], "two pairs"),
        "no mirror images": (
            lambda *a: (tuple(part[:20] for part in cut(*a)[0]), cut(*a)[1]),
            "it would have 40",
        ),
        "the same for all seeds": (lambda i, k, seed: cut(i, k, 0), "Every seed"),
        "no return": (lambda *a: print(end=""), "gave None"),
    },
)


# Measured: 0.21 to 0.34 with 150 pictures, four draws of them, means of three seeds. Before: 0.87
# to 0.92, after: 0.54 to 0.69.
PROMISED = difference(
    "11.5",
    "What it promised",
    (0.12, 0.46),
    too_small="Are both from the same cut? The gap is that of `broken_cut` minus that of yours.",
    too_large="Is it one of the two accuracies? The gap is their difference.",
    order="broken minus mended",
    praise="{points} that were never there. Nothing was wrong with the model: the same pictures, "
    "the same features, the same neighbors.",
    hints=(
        "`accuracy(broken_cut)` is what was promised, `accuracy(mended_cut)` what is so.",
        "`accuracy(broken_cut) - accuracy(mended_cut)`",
    ),
    right={"as measured": 0.33, "another draw": 0.21},
    wrong={
        "the same cut twice": (0.0, "same cut"),
        "the broken one": (0.89, "one of the two"),
        "the mended one": (0.56, "one of the two"),
    },
)

EXERCISES = (UNCHANGED, MENDED, TUNING, CUT, PROMISED)
