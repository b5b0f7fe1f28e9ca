"""Well-known notebooks on transfer learning, rebuilt from their recipes in words and code of ours.

A recipe is a function that gives its phases, one after the other, each with its name, the model
as it is compiled then, and what `audit` is given.
`@recipe` says what `audit` has to find in each; `()` is nothing. `courses_page` makes the page of
it that lies in `teaching/`.

The networks are those of the recipes. Their weights are random, but for what shows that a network
has learned: biases, and the statistics of normalization, which have seen pictures as they should
be. Pictures are smaller, and there are few: what is looked at does not depend on either.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tests.auditing.cases import SPARSE, task

SIDE = 75  # pixels: InceptionV3 takes no smaller pictures


@dataclass(frozen=True)
class Recipe:
    """One notebook.

    Attributes:
        title: as it is known.
        source: where it is published.
        build: gives the phases.
        says: phase → names of findings.
        comment: phase → what to make of it, in a sentence or two.
    """

    title: str
    source: str
    build: Callable[[], Iterator[tuple[str, keras.Model, dict]]]
    says: Mapping[str, tuple[str, ...]]
    comment: Mapping[str, str]


RECIPES: list[Recipe] = []


def recipe(title: str, source: str, **phases):
    """Each phase, by its name with underscores: (names of findings, comment)."""

    def add(build):
        named = {name.replace("_", " "): told for name, told in phases.items()}
        says = {name: told[0] for name, told in named.items()}
        RECIPES.append(Recipe(title, source, build, says, {n: t[1] for n, t in named.items()}))
        return build

    return add


def application(name: str, prepare=lambda images: images, **options):
    """A network of Keras without its top, as if it had learned, frozen."""
    given = {"include_top": False, "weights": None, "input_shape": (SIDE, SIDE, 3), **options}
    network = learned(getattr(keras.applications, name)(**given), prepare)
    network.trainable = False
    return network


def learned(network, prepare):
    """Biases that differ, and the statistics of pictures that were prepared as they should be."""
    rng = np.random.default_rng(0)
    norms = [one for one in network.layers if isinstance(one, layers.BatchNormalization)]
    momentum = [norm.momentum for norm in norms]
    for layer in network.layers:
        for vector in layer.weights:
            if vector.name in ("bias", "beta"):
                vector.assign(rng.normal(0, 0.02, vector.shape))
    for norm in norms:
        norm.momentum = 0.0
    network(prepare(task(SIDE).train.images.astype("float32")), training=True)
    for norm, before in zip(norms, momentum, strict=True):
        norm.momentum = before
    return network


def compiled(model, optimizer, loss):
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model


def splits(prepare=lambda images: images.astype("float32"), classes=2, one_hot=False) -> dict:
    """Three splits of pictures, prepared in the data."""
    data = task(SIDE, classes)
    given = {}
    for name in ("train", "validation", "test"):
        images, labels = getattr(data, name)
        labels = keras.utils.to_categorical(labels, classes) if one_hot else labels
        given[name] = prepare(images), labels
    return given


def to_one(images):
    return images.astype("float32") / 255


AUGMENT = (layers.RandomFlip("horizontal"), layers.RandomRotation(0.1))
BINARY = keras.losses.BinaryCrossentropy


def in_front(network, prepare, *head, augment=AUGMENT, **call):
    """Augmentation, preprocessing and head around a network, which is called as a layer."""
    image = x = keras.Input((SIDE, SIDE, 3))
    for layer in augment:
        x = layer(x)
    x = network(prepare(x), **call)
    for layer in head:
        x = layer(x)
    return keras.Model(image, x)


# ------------------------------------------------------------------ TensorFlow and Keras


@recipe(
    "TensorFlow, *Transfer learning and fine-tuning* (cats and dogs, MobileNetV2)",
    "https://www.tensorflow.org/tutorials/images/transfer_learning",
    head=(
        ("split that moves",),
        "Architecture, preprocessing and rate are right. But validation and test are cut with "
        "`take` and `skip` from a dataset that `image_dataset_from_directory` shuffles anew in "
        "each epoch: they trade pictures. Neither meets the training pictures, so the harm is "
        "small here; where validation chooses, it is not.",
    ),
    fine_tuning=(
        ("split that moves", "statistics will move"),
        "Its rate is right. The tutorial counts on `training=False` to keep the statistics of "
        "batch normalization, which in Keras 3 (up to 3.15, tried) it does not for layers that "
        "are not frozen.",
    ),
)
def tensorflow_tutorial():
    prepare = keras.applications.mobilenet_v2.preprocess_input
    base = application("MobileNetV2", prepare)
    head = layers.GlobalAveragePooling2D(), layers.Dropout(0.2), layers.Dense(1)
    data = splits()
    left = tf.data.Dataset.from_tensor_slices(data["validation"]).shuffle(12).batch(2)
    data = {**data, "test": left.take(2), "validation": left.skip(2)}
    model = in_front(base, prepare, *head, training=False)
    yield "head", compiled(model, keras.optimizers.Adam(1e-4), BINARY(from_logits=True)), data
    base.trainable = True
    for layer in base.layers[:100]:
        layer.trainable = False
    optimizer = keras.optimizers.RMSprop(1e-5)
    yield "fine tuning", compiled(model, optimizer, BINARY(from_logits=True)), data


@recipe(
    "Keras, *Transfer learning & fine-tuning* (cats and dogs, Xception)",
    "https://keras.io/guides/transfer_learning/",
    head=((), "Right in all that `audit` looks at."),
    fine_tuning=(
        ("nothing is frozen", "statistics will move"),
        "All of it learns at 1e-5, after the head: a known recipe, and *nothing is frozen* is a "
        "warning, no error. The guide says that `training=False` keeps the statistics still; in "
        "Keras 3 (up to 3.15, tried) they move.",
    ),
)
def keras_guide():
    scale = layers.Rescaling(1 / 127.5, offset=-1)
    base = application("Xception", scale)
    head = layers.GlobalAveragePooling2D(), layers.Dropout(0.2), layers.Dense(1)
    model = in_front(base, scale, *head, training=False)
    loss, data = BINARY(from_logits=True), splits()
    yield "head", compiled(model, keras.optimizers.Adam(), loss), data
    base.trainable = True
    yield "fine tuning", compiled(model, keras.optimizers.Adam(1e-5), loss), data


@recipe(
    "Keras, *Image classification via fine-tuning with EfficientNet* (Stanford dogs)",
    "https://keras.io/examples/vision/image_classification_efficientnet_fine_tuning/",
    head=((), "Right in all that `audit` looks at."),
    fine_tuning=(
        (),
        "Right: the last 20 layers at a low rate, with batch normalization frozen.",
    ),
)
def keras_efficientnet():
    base = application("EfficientNetB0")
    x = layers.BatchNormalization()(layers.GlobalAveragePooling2D()(base.output))
    x = layers.Dense(3, activation="softmax", name="pred")(layers.Dropout(0.2)(x))
    model, data = keras.Model(base.input, x), splits(classes=3, one_hot=True)
    loss = "categorical_crossentropy"
    yield "head", compiled(model, keras.optimizers.Adam(1e-2), loss), data
    for layer in model.layers[-20:]:
        if not isinstance(layer, layers.BatchNormalization):
            layer.trainable = True
    yield "fine tuning", compiled(model, keras.optimizers.Adam(1e-5), loss), data


@recipe(
    "The Keras Blog, *Powerful image classification models using very little data* (VGG16)",
    "https://blog.keras.io/building-powerful-image-classification-models-using-very-little-data.html",
    fine_tuning=(
        ("input range",),
        "The pictures are divided by 255; VGG16 learned from raw ones with their means taken off. "
        "It was 2016, and the post reports 94 % all the same.",
    ),
)
def keras_blog():
    base = application("VGG16", keras.applications.vgg16.preprocess_input)
    top = [layers.Flatten(), layers.Dense(256, activation="relu"), layers.Dropout(0.5)]
    model = keras.Model(base.input, keras.Sequential([*top, _sigmoid()])(base.output))
    _unfreeze(base, "block5")
    optimizer = keras.optimizers.SGD(1e-4, momentum=0.9)
    yield "fine tuning", compiled(model, optimizer, "binary_crossentropy"), splits(to_one)


def _sigmoid():
    return layers.Dense(1, activation="sigmoid")


def _unfreeze(base, block: str) -> None:
    base.trainable = True
    for layer in base.layers:
        layer.trainable = layer.name.startswith(block)


def hub_module():
    """A module of the Hub takes [0, 1]: here it is a network of Keras that scales inside."""
    prepare = keras.applications.mobilenet_v2.preprocess_input
    inner = application("MobileNetV2", prepare, pooling="avg")
    image = keras.Input((SIDE, SIDE, 3))
    return keras.Model(image, inner(layers.Rescaling(2.0, offset=-1)(image)), name="module")


@recipe(
    "TensorFlow Hub, *Retraining an image classifier* (flowers)",
    "https://www.tensorflow.org/hub/tutorials/tf2_image_retraining",
    head=(
        (),
        "Right: one scale for both splits, a seed for the cut, label smoothing.",
    ),
    with_fine_tuning=(
        ("nothing is frozen", "statistics will move"),
        "Off by default. Switched on, all of it learns from the first step, with a random head, "
        "at nearly twice the rate of BiT's recipe. Both are warnings.",
    ),
)
def tensorflow_hub():
    module = hub_module()
    image = keras.Input((SIDE, SIDE, 3))
    head = layers.Dropout(0.2), layers.Dense(5, kernel_regularizer="l2")
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    model, data = keras.Sequential([image, module, *head]), splits(to_one, 5, one_hot=True)
    optimizer = keras.optimizers.SGD(0.005, momentum=0.9)
    yield "head", compiled(model, optimizer, loss), data
    module.layers[-1].trainable = True
    optimizer = keras.optimizers.SGD(0.005, momentum=0.9)
    yield "with fine tuning", compiled(model, optimizer, loss), data


@recipe(
    "TensorFlow Hub, *Transfer learning with TensorFlow Hub* (flowers)",
    "https://www.tensorflow.org/tutorials/images/transfer_learning_with_hub",
    head=((), "Right in all that `audit` looks at."),
)
def tensorflow_hub_first():
    module = hub_module()
    image = keras.Input((SIDE, SIDE, 3))
    model = keras.Sequential([image, module, layers.Dense(5)])
    yield "head", compiled(model, "adam", SPARSE(from_logits=True)), splits(to_one, 5)


@recipe(
    "Google, *ML practicum: image classification*, exercise 3 (cats and dogs, InceptionV3)",
    "https://developers.google.com/machine-learning/practica/image-classification",
    head=(
        ("input range",),
        "The pictures are divided by 255; InceptionV3 learned from [−1, 1]. The same recipe is in "
        "a course of Coursera's.",
    ),
    fine_tuning=(
        ("input range", "statistics will move"),
        "The rate is low enough. The layers that learn hold batch normalization, which moves.",
    ),
)
def google_practicum():
    base = application("InceptionV3", keras.applications.inception_v3.preprocess_input)
    x = layers.Flatten()(base.get_layer("mixed7").output)
    x = layers.Dropout(0.2)(layers.Dense(1024, activation="relu")(x))
    model, data = keras.Model(base.input, _sigmoid()(x)), splits(to_one)
    optimizer = keras.optimizers.RMSprop(1e-4)
    yield "head", compiled(model, optimizer, "binary_crossentropy"), data
    after = False
    for layer in base.layers:
        layer.trainable = after
        after = after or layer.name == "mixed6"
    optimizer = keras.optimizers.SGD(1e-5, momentum=0.9)
    yield "fine tuning", compiled(model, optimizer, "binary_crossentropy"), data


# ------------------------------------------------------------------ books


@recipe(
    "F. Chollet, *Deep Learning with Python*, first edition, 5.3 (cats and dogs, VGG16)",
    "https://github.com/fchollet/deep-learning-with-python-notebooks",
    head=(
        ("input range",),
        "The pictures are divided by 255; VGG16 learned from raw ones with their means taken off. "
        "The second edition has it right.",
    ),
    fine_tuning=(("input range",), "As before. What learns, and how fast, is right."),
)
def deep_learning_with_python_1():
    base = application("VGG16", keras.applications.vgg16.preprocess_input)
    top = layers.Flatten(), layers.Dense(256, activation="relu"), _sigmoid()
    model = keras.Sequential([keras.Input((SIDE, SIDE, 3)), base, *top])
    data, loss = splits(to_one), "binary_crossentropy"
    yield "head", compiled(model, keras.optimizers.RMSprop(2e-5), loss), data
    _unfreeze(base, "block5")
    yield "fine tuning", compiled(model, keras.optimizers.RMSprop(1e-5), loss), data


@recipe(
    "F. Chollet, *Deep Learning with Python*, second edition, chapter 8 (cats and dogs, VGG16)",
    "https://github.com/fchollet/deep-learning-with-python-notebooks",
    head=(
        (),
        "Right in all that `audit` looks at. (The hidden layer has no activation. That is no fault "
        "of transfer, and not looked at.)",
    ),
    fine_tuning=((), "Right: the last block at a low rate, after the head."),
)
def deep_learning_with_python_2():
    base = application("VGG16", keras.applications.vgg16.preprocess_input)
    top = layers.Flatten(), layers.Dense(256), layers.Dropout(0.5), _sigmoid()
    augment = *AUGMENT, layers.RandomZoom(0.2)
    prepare = keras.applications.vgg16.preprocess_input
    model, loss = in_front(base, prepare, *top, augment=augment), "binary_crossentropy"
    yield "head", compiled(model, "rmsprop", loss), splits()
    base.trainable = True
    for layer in base.layers[:-4]:
        layer.trainable = False
    yield "fine tuning", compiled(model, keras.optimizers.RMSprop(1e-5), loss), splits()


@recipe(
    "A. Géron, *Hands-On Machine Learning*, third edition, chapter 14 (flowers, Xception)",
    "https://github.com/ageron/handson-ml3",
    head=((), "Right: each layer is frozen by itself, as it has to be where layers are reused."),
    fine_tuning=(
        ("statistics will move",),
        "The rate is right. The layers that learn hold batch normalization, which moves.",
    ),
)
def hands_on_machine_learning():
    prepare = keras.applications.xception.preprocess_input
    base = application("Xception", prepare)
    x = layers.GlobalAveragePooling2D()(base.output)
    model = keras.Model(base.input, layers.Dense(5, activation="softmax")(x))
    data = splits(lambda images: prepare(images.astype("float32")), 5)
    loss = "sparse_categorical_crossentropy"
    yield "head", compiled(model, keras.optimizers.SGD(0.1, momentum=0.9), loss), data
    for layer in base.layers[56:]:
        layer.trainable = True
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    yield "fine tuning", compiled(model, optimizer, loss), data


# ------------------------------------------------------------------ of other libraries


def residual(norm, name: str, prepare):
    """A small residual network whose normalization has seen pictures of the usual scale."""
    keras.utils.set_random_seed(1)
    image = keras.Input((SIDE, SIDE, 3))
    x = layers.ReLU()(norm()(layers.Conv2D(16, 7, strides=4, use_bias=False)(image)))
    for _ in range(3):
        y = layers.ReLU()(norm()(layers.Conv2D(16, 3, padding="same", use_bias=False)(x)))
        y = norm()(layers.Conv2D(16, 3, padding="same", use_bias=False)(y))
        x = layers.ReLU()(layers.Add()([x, y]))
    model = keras.Model(image, layers.GlobalAveragePooling2D()(x), name=name)
    return learned(model, prepare)


def standardized(images):
    """ImageNet's means and deviations, as PyTorch has them."""
    return ((images / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).astype("float32")


@recipe(
    "PyTorch, *Transfer learning for computer vision* (ants and bees, ResNet-18)",
    "https://pytorch.org/tutorials/beginner/transfer_learning_tutorial.html",
    fine_tuning=(
        (),
        "Right: all of it learns, gently. (Rebuilt in Keras: ResNet-18 by a small residual "
        "network, its steps in the rate by a schedule.)",
    ),
    head=(
        (),
        "Right as rebuilt. In PyTorch itself the statistics of a body without gradients move all "
        "the same while the model is in training mode, which no look at a Keras model shows.",
    ),
)
def pytorch_ants_and_bees():
    base = residual(layers.BatchNormalization, "residual", standardized)
    model = keras.Sequential([keras.Input((SIDE, SIDE, 3)), base, layers.Dense(2)])
    steps = keras.optimizers.schedules.ExponentialDecay(0.001, 7 * 61, 0.1, staircase=True)
    data, loss = splits(standardized), SPARSE(from_logits=True)
    yield "fine tuning", compiled(model, keras.optimizers.SGD(steps, momentum=0.9), loss), data
    base.trainable = False
    optimizer = keras.optimizers.SGD(0.001, momentum=0.9)
    yield "head", compiled(model, optimizer, loss), data


@recipe(
    "fast.ai, `vision_learner(…).fine_tune` (pets, ResNet-34), its first phase",
    "https://docs.fast.ai/vision.learner.html",
    head=(
        ("statistics will move",),
        "Meant so: fast.ai lets batch normalization learn in a frozen body, with rates and batches "
        "that bear it. Where you mean it, too, name it in `ignore`. The second phase gives each "
        "group of layers a rate of its own, for which one optimizer of Keras has no place.",
    ),
)
def fast_ai():
    base = residual(layers.BatchNormalization, "residual", standardized)
    for layer in base.layers:
        layer.trainable = isinstance(layer, layers.BatchNormalization)
    top = (
        layers.BatchNormalization(),
        layers.Dropout(0.25),
        layers.Dense(512, activation="relu", use_bias=False),
        layers.BatchNormalization(),
        layers.Dropout(0.5),
        layers.Dense(2, use_bias=False),
    )
    model = keras.Sequential([keras.Input((SIDE, SIDE, 3)), base, *top])
    # The head's rate is 0.002 and the body's a tenth of it: here, all have the body's.
    optimizer = keras.optimizers.Adam(2e-4)
    yield "head", compiled(model, optimizer, SPARSE(from_logits=True)), splits(standardized)


@recipe(
    "Big Transfer, as *Image classification using BigTransfer (BiT)* has it (flowers)",
    "https://keras.io/examples/vision/bit/",
    fine_tuning=((), "Right: all of it learns, gently, with a head of zeros and group norms."),
)
def big_transfer():
    base = residual(lambda: layers.GroupNormalization(8), "bit", to_one)
    head = layers.Dense(5, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((SIDE, SIDE, 3)), base, head])
    steps = keras.optimizers.schedules.PiecewiseConstantDecay([200, 300], [0.003, 3e-4, 3e-5])
    optimizer = keras.optimizers.SGD(steps, momentum=0.9)
    yield "fine tuning", compiled(model, optimizer, SPARSE(True)), splits(to_one, 5)
