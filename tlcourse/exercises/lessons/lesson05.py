"""Exercises of lesson 5: train a model, then reuse it."""

import numpy as np

from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise, choice, difference

WHICH_PART = choice(
    "05.1",
    "What to keep",
    "A network has learned twenty everyday things. You want one for six kinds of eyewear. "
    "Which part of it can you not use?",
    {
        "a": (
            "The first stage",
            "The first stage is what you can use best: edges, corners and patches of color are "
            "in every picture.",
        ),
        "b": (
            "The head",
            "The head gives one number for each of the twenty source classes. Six other classes "
            "need another head.",
        ),
        "c": (
            "The averages that batch normalization has stored",
            "They come with the body, and a frozen body needs them: sixty pictures are too few "
            "to estimate better ones.",
        ),
        "d": (
            "The scaling of the pixels",
            "The body has learned on pixels that were scaled so. Without it, the body sees "
            "numbers that it has never met.",
        ),
    },
    right="b",
    hints=(
        "Which part has a shape that depends on the number of classes?",
        "Look at step 2 of the lesson: what is cut off?",
    ),
)


def _count(answer: object) -> str:
    answers.near(
        answer,
        650,
        0.5,
        mistakes=[
            (640, "These are the weights. Each of the 10 outputs has a bias too."),
            (390, "That is the head for the 6 classes of sunglasses. There are 10 digits."),
            (42_512 + 650, "These are all parameters. The body is frozen: only the head learns."),
            (42_512, "This is the body, which is frozen. It is the head that learns."),
            (64, "64 is the number of features. Each of the 10 outputs weighs all of them."),
            (10, "10 is the number of outputs. Each of them has a weight for every feature."),
        ],
        otherwise="A `Dense` layer has a weight for each pair of input and output, and a bias "
        "for each output.",
    )
    return "64 × 10 weights and 10 biases: fewer than two in a hundred of all parameters."


COUNT = Exercise(
    "05.2",
    "How much learns?",
    _count,
    hints=(
        "The head is one `Dense` layer. It gets 64 features and gives one logit for each class.",
        "Weights: features × classes. Biases: one for each class. How many classes do digits have?",
    ),
)


def _classifier(answer: object) -> str:
    from tlcourse import load_backbone

    model = answers.model(answer)
    if model.output_shape[-1] != 6:
        raise AnswerError(
            f"It gives {model.output_shape[-1]} numbers for a picture; sunglasses has 6 classes."
        )
    backbone = load_backbone("objectnet")
    answers.holds(model, backbone)
    learning = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    if learning == 0:
        raise AnswerError("Nothing can learn: the new head is frozen too. Freeze `backbone` alone.")
    features = backbone.output_shape[-1]
    if learning > (features + 1) * 6:
        raise AnswerError(
            f"{learning:,} parameters learn; the head alone has {(features + 1) * 6:,}. Set "
            "`backbone.trainable = False`."
        )
    pictures = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3)).astype("uint8")
    outputs = np.asarray(model(pictures, training=False))
    if np.allclose(outputs.sum(axis=-1), 1, atol=1e-3) and (outputs >= 0).all():
        raise AnswerError(
            "These are probabilities; logits were asked for. Leave the softmax out: the loss has "
            "`from_logits=True`."
        )
    return f"{learning:,} parameters learn, and the body stays as it is."


CLASSIFIER = Exercise(
    "05.3",
    "A new head on a frozen body",
    _classifier,
    hints=(
        "Two lines: freeze the body, then put a layer behind it with `keras.Sequential`.",
        "`backbone.trainable = False` freezes it. The head is `keras.layers.Dense(6)`: no softmax.",
    ),
)


# Measured: 0.37 to 0.48 for single draws of ten pictures a class. The accuracy of the trained body
# is 0.63 or more, that of the untrained one 0.29 or less: neither can be taken for the gain.
GAIN = difference(
    "05.4",
    "The training, or just the network?",
    (0.31, 0.56),
    too_small="Is it the accuracy of the random body, or were fewer than 10 pictures a class used? "
    "The gain is trained minus random.",
    too_large="Is it the accuracy of the trained body? The gain is the difference of two "
    "accuracies: trained minus random.",
    even="both bodies are as good. Do they share their weights? `untrained_backbone` makes one "
    "with random weights.",
    order="trained minus random",
    praise="{points}, from nothing but what the body has learned on other things: the architecture "
    "is the same, and so are the pictures.",
    hints=(
        '`untrained_backbone("objectnet", sunglasses.train.images)` has the same layers, random '
        "weights, and averages that fit the pictures: a control in which signals pass.",
        "`accuracy` is given: call it for each body, and subtract.",
        "`accuracy(body) - accuracy(untrained)`",
    ),
)


def quarters(maps: np.ndarray) -> np.ndarray:
    """Maps (n, h, w, c), h and w even: the mean of each quarter, (n, 4 * c)."""
    n, height, width, channels = maps.shape
    parts = maps.reshape(n, 2, height // 2, 2, width // 2, channels)
    return parts.mean(axis=(2, 4)).reshape(n, -1)


def _places(answer: object) -> str:
    call = answers.function(answer, "`keep_places`")
    maps = np.random.default_rng(0).random((3, 4, 8, 5))
    found = np.asarray(call(maps.copy()))
    if found.shape == (3, 5):
        raise AnswerError("This is one number a channel: the average over all places forgets them.")
    if found.shape == (3, 2, 2, 5):
        raise AnswerError("These are the four places. Now put them into one row for each picture.")
    if found.shape == (3, 4 * 8 * 5):
        raise AnswerError("This keeps every place: 160 numbers. Four places were asked for.")
    found = answers.array(found, (3, 20), "What `keep_places` gives for maps (3, 4, 8, 5)")
    # In which order the quarters come, a head does not mind.
    if not np.allclose(np.sort(found, axis=1), np.sort(quarters(maps), axis=1), atol=1e-5):
        highest = maps.reshape(3, 2, 2, 2, 4, 5).max(axis=(2, 4)).reshape(3, -1)
        if np.allclose(np.sort(found, axis=1), np.sort(highest, axis=1), atol=1e-5):
            raise AnswerError("These are the largest values of each quarter; the mean was asked.")
        raise AnswerError(
            "The shape is right, the numbers are not. Each has to be the mean of one channel over "
            "one quarter of the picture: half of the height, half of the width."
        )
    return "Four times as many numbers as the global average gives, and they know where."


PLACES = Exercise(
    "05.5",
    "Bring the digits back",
    _places,
    hints=(
        "A quarter of the maps: `maps[:, : height // 2, : width // 2]`. Its mean over both axes of "
        "places: `.mean(axis=(1, 2))`.",
        "There are four of them. `np.concatenate([...], axis=1)` puts them side by side.",
        "With Keras: `layers.AveragePooling2D((height // 2, width // 2))`, then "
        "`layers.Flatten()`.",
    ),
)

EXERCISES = (WHICH_PART, COUNT, CLASSIFIER, GAIN, PLACES)
