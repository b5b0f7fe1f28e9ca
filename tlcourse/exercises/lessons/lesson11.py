"""Exercises of lesson 11: when it goes wrong."""

import numpy as np

from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise, choice, difference
from tlcourse.networks.layers import leaves

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
)


def _tuning(answer: object) -> str:
    from tlcourse import load_backbone

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


CUT = Exercise(
    "11.4",
    "The leak that audit does not see",
    _cut,
    hints=(
        "Follow one picture: it and its mirror image are two rows now. Where can they go?",
        "Cut the pictures as they came. Mirror after that, the training part alone.",
    ),
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
)

EXERCISES = (UNCHANGED, MENDED, TUNING, CUT, PROMISED)
