"""Exercises of lesson 6: use a pretrained model."""

from functools import cache
from pathlib import Path

import numpy as np

from tlcourse.auditing import audit
from tlcourse.auditing.speed import peak_rate
from tlcourse.data.catalog import load_task
from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise, choice
from tlcourse.networks.layers import leaves

AUGMENTATION = choice(
    "06.1",
    "Four folders, four layers",
    "Somebody adds one layer of augmentation for each of four folders of pictures. Which one does "
    "harm?",
    {
        "a": (
            'Cups, jugs and lamps on a table: `RandomFlip("horizontal")`',
            "A mirrored cup is a cup, with its handle on the other side, as in half of the "
            "photographs anyway.",
        ),
        "b": (
            'Road signs, among them *turn left* and *turn right*: `RandomFlip("horizontal")`',
            "A mirrored *turn left* is a *turn right*, but its label stays. Of these two, half of "
            "what the network is told is wrong.",
        ),
        "c": (
            "A parking place, from noon to dusk: `RandomBrightness(0.3)`",
            "That is what dusk does. The empty place stays an empty place.",
        ),
        "d": (
            "Blood cells under a microscope: `RandomRotation(0.5)`, up to half a turn either way",
            "A slide has no up and no down: a turned cell is one that might lie there as well.",
        ),
    },
    right="b",
    hints=(
        "Augmentation changes the picture, and leaves the label. When is the label wrong then?",
        "For each folder: could the changed picture be in it, and in which class?",
    ),
)


def _statistics(answer: object) -> str:
    answers.near(
        answer,
        2880,
        0.5,
        mistakes=[
            (5760, "These are all numbers of the normalization layers. Half of them, scale and "
             "shift, are learned by gradients."),
            (1440, "That is one number for each channel. A layer stores a mean and a variance."),
            (12, "That is the number of layers. Each has a mean and a variance for each channel."),
            (24, "These are the rows of numbers, two a layer. Count what is in them."),
            (1_248_700, "These are the weights that gradients change. The others are asked for."),
            (1_251_580, "These are all numbers of the network, those that gradients change too."),
            (0, "With `trainable = False` on everything, nothing changes. Here everything is "
             "unfrozen: see the section on batch normalization."),
        ],
        otherwise="Keras keeps what no gradient reaches apart: look at the lists of weights that a "
        "model has.",
    )  # fmt: skip
    return (
        "Few, but everything flows through them: each of the 12 layers shifts and scales a "
        "whole map by them."
    )


STATISTICS = Exercise(
    "06.2",
    "What moves without a gradient?",
    _statistics,
    hints=(
        "A batch normalization layer has four numbers for each channel. Which of them are learned, "
        "and which follow the data?",
        "A model has `trainable_weights` and `non_trainable_weights`. With everything unfrozen, "
        "what is left in the second list?",
    ),
)


# ------------------------------------------------------------------ a network from elsewhere


def stranger(before=None, **options):
    """MobileNetV2 with random weights, and something before it."""
    import keras

    options = {"include_top": False, "pooling": "avg", **options}
    body = keras.applications.MobileNetV2(
        input_shape=(96, 96, 3), alpha=0.35, weights=None, **options
    )
    image = keras.Input((96, 96, 3))
    return keras.Model(image, body(before(image) if before else image))


@cache
def _reference():
    return stranger()


def _prepared(answer: object) -> str:
    model, reference = answers.model(answer), _reference()
    if [w.shape for w in model.get_weights()] != [w.shape for w in reference.get_weights()]:
        raise AnswerError(
            "Its weights are not those of `stranger`. Put the preprocessing before `stranger`, "
            "and no head behind it: features are asked for."
        )
    # Dark and bright pictures, with a slope, so that ranges are told apart.
    slope = np.linspace(0, 1, 96)[:, None, None] * np.ones((96, 96, 3))
    pictures = np.stack([255 * slope, 60 * slope, 255 - 60 * slope]).astype("uint8")
    if tuple(model.input_shape[1:3]) not in ((96, 96), (None, None)):
        raise AnswerError(f"It takes {model.input_shape}; the pictures are (n, 96, 96, 3).")
    reference.set_weights(model.get_weights())
    given = np.asarray(model(pictures, training=False))
    x = pictures.astype("float32")

    if given.shape != (len(pictures), 1280):
        raise AnswerError(
            f"It gives {given.shape[1:]} for each picture; `stranger` gives 1,280 numbers. Is "
            "something behind it?"
        )

    def same_as(pixels) -> bool:
        expected = np.asarray(reference(pixels, training=False))
        # Random weights make the features tiny, so that only a share of their size is a measure.
        return bool(np.abs(given - expected).max() <= 1e-3 * np.abs(expected).max())

    if same_as(x / 127.5 - 1):
        return (
            "In [−1, 1], as it has learned, and nobody who uses the model can forget it. Each "
            "family has a range of its own: EfficientNet scales inside, DenseNet wants ImageNet's "
            "mean and spread."
        )
    if same_as(x):
        raise AnswerError(
            "`stranger` gets the pixels as they are, up to 255. Which range does it expect?"
        )
    if same_as(x / 255):
        raise AnswerError(
            "`stranger` gets pixels in [0, 1]. That is what some networks take; this one learned "
            "on another range. Its own `preprocess_input` knows which."
        )
    if same_as((x / 127.5 - 1) / 127.5 - 1) or same_as((x / 255) / 127.5 - 1):
        raise AnswerError("The pixels are scaled twice: `stranger` gets nearly −1 everywhere.")
    raise AnswerError(
        "`stranger` gets other numbers than after `preprocess_input` of MobileNetV2. Dark pixels "
        "should arrive as −1, bright ones as 1."
    )


PREPARED = Exercise(
    "06.3",
    "A network from elsewhere",
    _prepared,
    hints=(
        "Each family in `keras.applications` has a module of its own, with a `preprocess_input` "
        "that says what its networks expect.",
        "Make it part of the model: `image = keras.Input((96, 96, 3))`, then what brings [0, 255] "
        "into [−1, 1], then `stranger`, then `keras.Model(image, …)`. Once.",
    ),
)


# ------------------------------------------------------------------ a recipe to mend


def _fastest(optimizer) -> float:
    """The highest rate for layers that are good already; that of the head with momentum is one.

    In lesson 6, validation chooses among rates; 0.03 with momentum 0.9 is no worse than a tenth of
    it. A clipped gradient makes a higher one safe.
    """
    is_clipped = optimizer.clipnorm or optimizer.global_clipnorm or optimizer.clipvalue
    return (1.0 if is_clipped else 0.3) * (1 - min(float(optimizer.momentum), 0.9)) + 1e-6


def _mended(answer: object) -> str:
    import keras

    model = answers.model(answer)
    learning = {id(weight) for weight in model.trainable_weights}
    late, early, norms, head = [], [], [], []
    for path, layer in leaves(model):
        if not layer.weights:
            continue
        name = path.split("/")[-1]
        is_norm = isinstance(layer, keras.layers.BatchNormalization)
        is_body = name.startswith(("stem", "stage"))
        group = norms if is_norm else head if not is_body else late if "stage4" in name else early
        group.append(any(id(weight) in learning for weight in layer.weights))
    if not (late and early and norms and head):
        raise AnswerError("This is not the model of the cell above: photonet and a head on it.")
    if not any(late):
        raise AnswerError("Nothing in stage 4 learns. `body.trainable = True` comes first.")
    if any(norms):
        raise AnswerError(
            f"{sum(norms)} normalization layers learn, and their averages will move. "
            "Set `trainable = False` on each `BatchNormalization`, after `body.trainable = True`."
        )
    if any(early):
        raise AnswerError(
            f"{sum(early)} layers before stage 4 learn, too. Only stage 4 and the head are to."
        )
    if not all(late + head):
        raise AnswerError("Stage 4 and the head should learn all of it; some of it is frozen.")
    if model.optimizer is None:
        raise AnswerError("The model is not compiled.")
    if peak_rate(model.optimizer) <= 0:
        raise AnswerError("With a learning rate of 0, nothing moves.")
    found = audit(model).names
    if "trainable changed after compile" in found:
        raise AnswerError(
            "What learns is right, but the optimizer still trains what learned before: the head "
            "alone. Which call fixes what is trained?"
        )
    if isinstance(model.optimizer, keras.optimizers.SGD):
        is_fast = peak_rate(model.optimizer) > _fastest(model.optimizer)
    else:
        is_fast = "learning rate too high" in found
    if is_fast:
        raise AnswerError(
            f"With a learning rate of {peak_rate(model.optimizer):g}, the steps lead away from "
            "weights that are good already. That of the head, or a tenth of it: validation tells."
        )
    return "The right layers, small steps, averages that stay, and compiled after all of that."


MENDED = Exercise(
    "06.4",
    "Mend a recipe",
    _mended,
    hints=(
        "Three things are missing. Which layers should learn? What must stay still among them? "
        "When does `trainable` count?",
        "Go through `body.layers` as step 3 of the lesson does, with another stage; or let "
        "`tlcourse.unfreeze` do it.",
        "Last of all, compile again, with a learning rate that is no higher than the head's.",
    ),
)


# ------------------------------------------------------------------ the recipe, saved

# Measured on the 300 test pictures, 20 pictures a class: a probe on the frozen network gets 0.9
# of them; a head that was left random, 0.1.
LEAST_RIGHT = 0.75


def _loaded(answer: object):
    """The model that a learner has saved."""
    import keras

    if isinstance(answer, keras.Model):
        raise AnswerError("This is the model. Save it (`model.save(…)`), and give the file's path.")
    if not isinstance(answer, str | Path) or not str(answer):
        raise AnswerError(f"The path of a file was asked for, not {answers.shown(answer)}.")
    path = Path(answer)
    if path.suffix != ".keras":
        raise AnswerError(f"{path.name} does not end in `.keras`, as a saved model of Keras does.")
    if not path.is_file():
        raise AnswerError(f"There is no file {path.name} at that place. Was the model saved there?")
    try:
        return keras.models.load_model(path)
    except Exception as error:
        raise AnswerError(
            f"Keras cannot load {path.name}: {str(error).splitlines()[0][:120]}"
        ) from None


def _recipe(answer: object) -> str:
    import keras

    model = _loaded(answer)
    if tuple(model.output_shape[1:]) != (10,):
        raise AnswerError(f"It gives {model.output_shape[1:]} for a picture, not ten numbers.")
    if tuple(model.input_shape[1:]) not in ((64, 64, 3), (None, None, 3)):
        raise AnswerError(f"It takes {model.input_shape[1:]}; the pictures are (64, 64, 3).")
    parts = [layer for _, layer in leaves(model)]
    kinds = {type(layer).__name__ for layer in parts}
    if "RandomFlip" in kinds:
        raise AnswerError(
            "It mirrors the pictures in training. A mirrored 2 is no 2: leave `RandomFlip` out."
        )
    if not any(kind.startswith("Random") for kind in kinds):
        raise AnswerError("There is no augmentation in it. Turn, move and enlarge by layers.")
    if "Dropout" not in kinds:
        raise AnswerError("There is no `Dropout` between the network and its head.")
    norms = [x for x in parts if isinstance(x, keras.layers.BatchNormalization)]
    if not norms:
        raise AnswerError("There is no pretrained network in it: photonet has 12 normalizations.")
    if learning := sum(norm.trainable for norm in norms):
        raise AnswerError(
            f"{learning} normalization layers were left to learn. Set `trainable = False` on each."
        )
    images, labels = load_task("digits").test

    def right(pictures) -> float:
        return float(np.mean(model.predict(pictures, verbose=0).argmax(axis=1) == labels))

    pictures = images.astype("float32")
    share = right(pictures)
    if share < LEAST_RIGHT:
        if right(pictures / 255) >= LEAST_RIGHT:
            raise AnswerError(
                "It wants pixels in [0, 1], and gets them in [0, 255], as they are in the files. "
                "Put the preprocessing into the model."
            )
        raise AnswerError(
            f"It gets {share:.0%} of new pictures right. Has the head been trained, and are the "
            "classes in the order of the folders?"
        )
    return (
        f"{share:.1%} of 300 new pictures, with augmentation that keeps the class, and averages "
        "that stayed. The file is all that the next one needs; and the names of the classes."
    )


RECIPE = Exercise(
    "06.5",
    "The recipe, for another folder",
    _recipe,
    hints=(
        "The order of lesson 6: read the two folders, augmentation, photonet frozen, dropout, "
        "head; train the head; unfreeze, without the normalizations; compile, train, save.",
        '`keras.utils.image_dataset_from_directory(folder / "train", image_size=(64, 64), '
        "batch_size=16, shuffle=True, seed=0)`. Which layers of augmentation keep a 2 a 2?",
        '`model.save(folder / "digits.keras")`; the answer is the path.',
    ),
)

EXERCISES = (AUGMENTATION, STATISTICS, PREPARED, MENDED, RECIPE)
