"""Exercises of lesson 11: when it goes wrong."""

import numpy as np

from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise, difference
from tlcourse.networks.layers import leaves

CAUSES = {
    "a": "the labels were shuffled, and the pictures were not",
    "b": "the loss takes the logits for probabilities",
    "c": "pictures are divided by 255 everywhere, and once more inside the network",
    "d": "pictures are divided by 255 in the program at work alone",
    "e": "the validation pictures move into the training from pass to pass",
    "f": "`trainable` was changed, and the model was not compiled again",
}
RIGHT = "bcedf"  # of the five reports, in order
# How each cause would show; said to those who took another report for it.
AGAINST = {
    "a": "With shuffled labels, a batch can still be learned by heart, and no new picture is right",
    "b": "That shows before the first step: the loss is far above ln 6 = 1.8",
    "c": "Then all pictures look the same: not even one batch can be learned by heart",
    "d": "Then training, validation and test know nothing of it; it shows at work alone",
    "e": "Then validation is far above the test, and it rises with every pass",
    "f": "Then weights that were meant to learn do not change at all",
}


def _causes(answer: object) -> str:
    if not isinstance(answer, str):
        raise AnswerError(f"Five letters in quotes were asked for, not {answers.shown(answer)}.")
    given = [sign for sign in answer.lower() if sign.isalnum()]
    if len(given) != len(RIGHT) or not set(given) <= set(CAUSES):
        raise AnswerError(
            f"Give five letters from a to f, one for each report in order, not "
            f"{answers.shown(answer)}."
        )
    wrong = [at for at, (mine, right) in enumerate(zip(given, RIGHT, strict=True)) if mine != right]
    if wrong:
        at = wrong[0]
        raise AnswerError(
            f"{len(RIGHT) - len(wrong)} of 5 fit. Report {at + 1} is not {given[at]} "
            f"({CAUSES[given[at]]}). {AGAINST[given[at]]}."
        )
    return "From the symptom to the mistake, five times; none of the five has raised an error."


DIAGNOSIS = Exercise(
    "11.1",
    "Five reports",
    _causes,
    hints=(
        "Read the lesson's table “From the symptom to the mistake” from the top: first the loss "
        "before the first step, then the one batch.",
        "Report 1 fails the first check, report 2 only the second. In report 3 two numbers that "
        "should be alike are not; in report 4 every number of the notebook is alike.",
        "In report 5, compare what changed with what should have.",
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
    if not float(model.optimizer.learning_rate) > 0:
        raise AnswerError("Its learning rate is 0: nothing would move. Slowly is not never.")
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
        if len({image.tobytes() for image in parts[0][0].astype("uint8")}) < 2 * len(train):
            raise AnswerError(
                "Some training pictures are there twice, and not mirrored: `images[:, :, ::-1]` "
                "has left and right the other way round."
            )
        chosen.append(validation)
    if chosen[0] == chosen[1]:
        raise AnswerError("Every seed validates by the same pictures. Draw them by `seed`.")
    return "No validation picture has a twin in training."


CUT = Exercise(
    "11.4",
    "Mirrored, then cut",
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

EXERCISES = (DIAGNOSIS, MENDED, TUNING, CUT, PROMISED)
