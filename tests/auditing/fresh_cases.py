"""A fifth part of the cases, written by other hands before `audit` was run on any; see `cases`."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tests.auditing.cases import SPARSE, build, finds, network, right, scaled, task
from tests.auditing.later_cases import scenes, telling, warm
from tests.auditing.more_cases import frozen, own
from tests.auditing.unseen_cases import layer_by_layer, one_hot
from tests.helpers.audited import body, classifier, pictures

ADAM, ADAMW, SGD = keras.optimizers.Adam, keras.optimizers.AdamW, keras.optimizers.SGD
SCHEDULES, LOSSES = keras.optimizers.schedules, keras.losses
DATASET = tf.data.Dataset.from_tensor_slices
TRAINED = {"pretrained": True}

# ------------------------------------------------------------------ bodies, heads, data


def trained(backbone, factor=1.0):
    """Moves all weights from where they began, and fits the normalizations to pictures."""
    rng = np.random.default_rng(31)
    for weight in backbone.trainable_variables:
        weight.assign(weight + rng.laplace(0, 0.07, weight.shape))
    for _ in range(8):
        backbone(pictures(24).images.astype("float32") * factor, training=True)
    return backbone


def residual(norm, width=16):
    """Two blocks, each with squeeze and excitation, and a normalization of this kind."""
    keras.utils.set_random_seed(4)
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(width, 3, 2, padding="same")(layers.Rescaling(1 / 127.5, -1)(image))
    for stage in (1, 2):
        y = norm(name=f"norm{stage}")(layers.Conv2D(width, 3, padding="same")(x))
        y = layers.Activation("swish")(y)
        gate = layers.Dense(4, "relu")(layers.GlobalAveragePooling2D(keepdims=True)(y))
        x = x + y * layers.Dense(width, "sigmoid")(gate)
    return keras.Model(image, layers.GlobalAveragePooling2D()(x), name="body")


def convnext():
    keras.utils.set_random_seed(5)
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(16, 4, 4)(layers.Rescaling(1 / 127.5, -1)(image))
    x = layers.LayerNormalization(epsilon=1e-6)(x)
    for _ in range(2):
        y = layers.DepthwiseConv2D(7, padding="same")(x)
        y = layers.LayerNormalization(epsilon=1e-6)(y)
        x = x + layers.Dense(16)(layers.Dense(64, "gelu")(y))
    x = layers.LayerNormalization(epsilon=1e-6)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, x, name="body")


def vit():
    keras.utils.set_random_seed(6)
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(16, 4, 4, name="patches")(layers.Rescaling(1 / 127.5, -1)(image))
    x = layers.Reshape((16, 16))(x)
    for _ in range(2):
        y = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(2, 8)(y, y)
        x = x + layers.Dense(16)(layers.Dense(32, "gelu")(layers.LayerNormalization()(x)))
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    return keras.Model(image, x, name="body")


def still(backbone=None):
    backbone = body() if backbone is None else backbone
    backbone.trainable = False
    return backbone


def row(*rows):
    return keras.Sequential([keras.Input((16, 16, 3)), *rows])


def probe(backbone=None, classes=2, activation=None, optimizer=None, loss=None, **options):
    model = classifier(still(backbone), classes, activation=activation)
    model.compile(optimizer or ADAM(1e-3), loss or SPARSE(True), **options)
    return model


def late(optimizer, **options):
    """Only the second convolution of the body learns, and the head."""
    backbone = body()
    for layer in backbone.layers:
        layer.trainable = layer.name == "conv2"
    model = classifier(backbone)
    model.compile(optimizer, SPARSE(True), **options)
    return model


def whole(backbone, optimizer):
    return build(classifier(backbone), optimizer)


def scratch(size=16, classes=2, before=()):
    """A small network of one's own that begins anew."""
    convolution = layers.Conv2D(8, 3, activation="relu")
    rest = [layers.MaxPooling2D(), layers.GlobalAveragePooling2D(), layers.Dense(classes)]
    return build(
        keras.Sequential([keras.Input((size, size, 3)), *before, convolution, *rest]), ADAM(1e-3)
    )


def splits(change):
    """Rich pictures in two splits, changed alike."""
    given = {}
    for name, count, seed in (("train", 50, 41), ("validation", 30, 42)):
        images = np.clip(change(scenes(count, seed, 32).astype("float32")), 0, 255)
        given[name] = images.astype("uint8"), np.arange(count) % 2
    return scratch(32, before=[layers.Rescaling(1 / 255)]), given


class Own(keras.Model):
    def __init__(self, backbone, classes=2):
        super().__init__()
        self.backbone, self.head = backbone, layers.Dense(classes)

    def call(self, x, training=False):
        return self.head(self.backbone(x, training=False))


class Batches(keras.utils.PyDataset):
    def __init__(self, images, labels, size=8):
        super().__init__()
        self.images, self.labels, self.size = images, labels, size

    def __len__(self):
        return -(-len(self.images) // self.size)

    def __getitem__(self, at):
        rows = slice(at * self.size, (at + 1) * self.size)
        return self.images[rows], self.labels[rows]


def each(mark, **cases):
    """Cases of one expression each: a model for `task`, or a model and what is given."""
    for name, make in cases.items():

        def case(make=make):
            made = make()
            return made if isinstance(made, tuple) else (made, {"task": task(), **TRAINED})

        case.__name__ = name
        mark(case)


def on(model, change=lambda images, labels: (images, labels), count=40, classes=2, **given):
    """A model, and pictures and labels in the form that `change` gives them."""
    return model, {"train": change(*pictures(count, 61, classes)), **given, **TRAINED}


def wrong(**cases):
    for name, (finding, make) in cases.items():
        each(finds(finding), **{name: make})


def squeezed(norm=layers.BatchNormalization, **options):
    return trained(residual(lambda name: norm(name=name, **options)))


def zero_to_one():
    """A body that has learned from pictures in [0, 1]."""
    return trained(body(scale=False, trained=False), 1 / 255)


# ------------------------------------------------------------------ right: bodies and rates

each(
    right,
    a_frozen_convnext=lambda: probe(trained(convnext()), optimizer=ADAMW(1e-3)),
    a_convnext_all_free_at_its_rate=lambda: whole(trained(convnext()), ADAMW(5e-5)),
    a_vision_transformer_warmed_up=lambda: whole(
        trained(vit()), ADAMW(SCHEDULES.CosineDecay(0.0, 900, warmup_target=3e-5, warmup_steps=99))
    ),
    a_transformer_under_a_linear_probe=lambda: probe(trained(vit()), optimizer=SGD(0.1, 0.9)),
    groups_normalized_and_all_free=lambda: whole(
        squeezed(layers.GroupNormalization, groups=4), SGD(0.003, 0.9, nesterov=True)
    ),
    a_frozen_body_that_squeezes_and_excites=lambda: probe(
        squeezed(momentum=0.2), optimizer=keras.optimizers.Nadam(1e-3)
    ),
    no_normalization_and_all_free_with_lion=lambda: whole(
        layer_by_layer(), keras.optimizers.Lion(1e-5)
    ),
    no_normalization_and_a_rate_that_halves=lambda: whole(
        layer_by_layer(), SGD(SCHEDULES.ExponentialDecay(1e-3, 100, 0.5, staircase=True), 0.9)
    ),
    one_late_convolution_with_adamax=lambda: late(keras.optimizers.Adamax(1e-4)),
    one_late_convolution_with_rmsprop=lambda: late(keras.optimizers.RMSprop(1e-5)),
    one_late_convolution_with_nadam=lambda: late(keras.optimizers.Nadam(3e-5)),
    one_late_convolution_with_adafactor=lambda: late(keras.optimizers.Adafactor(1e-4)),
    gradients_gathered_over_four_batches=lambda: late(ADAM(1e-4, gradient_accumulation_steps=4)),
    averaged_weights_and_clipped_gradients=lambda: late(ADAMW(5e-5, use_ema=True, clipnorm=1.0)),
    a_rate_that_ends_at_zero=lambda: late(SGD(SCHEDULES.PolynomialDecay(0.003, 500, 0.0), 0.9)),
    a_head_whose_rate_falls_in_steps=lambda: probe(
        optimizer=SGD(SCHEDULES.PiecewiseConstantDecay([200, 400], [0.1, 0.01, 0.001]), 0.9)
    ),
    a_subclass_that_is_not_built_yet=lambda: build(Own(still(trained(convnext()))), ADAM(1e-3)),
    a_subclass_around_layers_in_a_row=lambda: build(Own(row(still(), layers.Dropout(0.1)))),
    sequential_in_sequential_in_sequential=lambda: build(
        row(row(still(), layers.Dropout(0.1)), layers.Dense(2)), keras.optimizers.Adamax(2e-3)
    ),
    a_temperature_below_the_logits=lambda: build(
        row(still(), layers.Dense(2), layers.Rescaling(1 / 1.5)), ADAM(1e-3)
    ),
    features_of_length_one=lambda: build(
        row(still(), layers.UnitNormalization(), layers.Dense(2), layers.Rescaling(16.0)),
        ADAM(0.01),
    ),
    run_eagerly_to_look_inside=lambda: probe(run_eagerly=True),
)


@right
def in_half_precision():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = probe(trained(convnext()))
        outputs = layers.Activation("linear", dtype="float32")(model.output)
    finally:
        keras.config.set_dtype_policy("float32")
    return build(keras.Model(model.input, outputs), ADAM(1e-3)), {"task": task(), **TRAINED}


@right
def several_steps_at_once_after_an_epoch():
    model, data = late(ADAM(1e-5), steps_per_execution=3, metrics=["accuracy"]), task()
    model.fit(*data.train, batch_size=8, verbose=0)
    return model, {"task": data, **TRAINED}


@right
def a_train_step_of_ones_own():
    class Stepping(keras.Model):
        def train_step(self, data):
            images, labels = data
            with tf.GradientTape() as tape:
                loss = self.compute_loss(images, labels, self(images, training=True))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply(gradients, self.trainable_variables)
            return {"loss": loss}

    inner, data = frozen(), task()
    model = build(Stepping(inner.input, inner.output), ADAM(1e-3))
    model.fit(*data.train, verbose=0)
    return model, {"task": data}


@right
def features_of_two_depths():
    backbone = still()
    early = layers.GlobalAveragePooling2D()(backbone.get_layer("stage1").output)
    x = layers.LayerNormalization()(layers.Concatenate()([early, backbone.output]))
    x = layers.Dense(2)(layers.Dropout(0.3)(layers.Dense(16, "gelu")(x)))
    return build(keras.Model(backbone.input, x), ADAM(1e-3)), {"task": task()}


# ------------------------------------------------------------------ right: heads and labels

RNG = np.random.default_rng(43)
PLACES, GRAMS = RNG.uniform(0, 1, (40, 2)), RNG.normal(0, 1, (40, 1))
TAGS = np.vstack([RNG.random((38, 5)) < 0.3, [[1] * 5, [0] * 5]]).astype("float32")
CORNER = np.pad(np.ones((6, 12, 1), bool), ((24, 2), (18, 2), (0, 0)))
SAID = RNG.dirichlet([0.5] * 4, 40).astype("float32")

each(
    right,
    where_the_light_is=lambda: on(probe(loss="mse"), lambda x, y: (x, PLACES)),
    a_standardized_weight_in_grams=lambda: on(
        probe(None, 1, loss=LOSSES.Huber()), lambda x, y: (x, GRAMS)
    ),
    focal_loss_for_four_classes=lambda: on(
        probe(None, 4, "softmax", loss=LOSSES.CategoricalFocalCrossentropy()),
        lambda x, y: one_hot((x, y), 4),
        classes=4,
    ),
    several_tags_at_once_by_focal_loss=lambda: on(
        probe(None, 5, loss=LOSSES.BinaryFocalCrossentropy(from_logits=True)),
        lambda x, y: (x, TAGS),
    ),
    what_a_teacher_said=lambda: on(
        probe(None, 4, "softmax", loss="kl_divergence"), lambda x, y: (x, SAID)
    ),
    hinge_for_minus_one_and_one=lambda: on(
        probe(None, 1, loss="squared_hinge"), lambda x, y: (x, 2.0 * y - 1)
    ),
    labels_in_a_column_of_long_integers=lambda: on(
        probe(None, 3), lambda x, y: (x, y.astype("int64")[:, None]), classes=3
    ),
    smoothed_labels_for_one_sigmoid=lambda: on(
        probe(None, 1, "sigmoid", loss=LOSSES.BinaryCrossentropy(label_smoothing=0.1)),
        lambda x, y: (x, y.astype("float32")),
    ),
    twelve_classes_of_four_pictures=lambda: on(
        probe(None, 12), count=48, classes=12, validation=tuple(pictures(24, 62, 12))
    ),
    three_unequal_classes_that_are_weighed=lambda: on(
        probe(None, 3),
        lambda x, y: (x, np.repeat([0, 1, 2], [60, 25, 3])),
        count=88,
        class_weight={0: 0.49, 1: 1.17, 2: 9.8},
    ),
    two_dogs_for_each_cat=lambda: on(probe(), lambda x, y: (x, (np.arange(40) % 3 == 0) * 1)),
)


@right
def two_pictures_mixed_and_their_labels_too():
    images, labels = one_hot(pictures(48, classes=3), 3)
    share = np.random.default_rng(46).beta(0.4, 0.4, 48).astype("float32")
    mixed = images * share[:, None, None, None] + images[::-1] * (1 - share)[:, None, None, None]
    soft = labels * share[:, None] + labels[::-1] * (1 - share)[:, None]
    loss = LOSSES.CategoricalCrossentropy(from_logits=True)
    return probe(classes=3, loss=loss), {"train": (mixed, soft), **TRAINED}


# ------------------------------------------------------------------ right: pictures and data


@right
def an_array_and_a_generator_of_the_same_kind():
    rest = pictures(20, 64)
    kinds = (tf.TensorSpec((16, 16, 3), "uint8"), tf.TensorSpec((), "int64"))
    validation = tf.data.Dataset.from_generator(
        lambda: zip(*rest, strict=True), output_signature=kinds
    )
    validation = validation.batch(8).prefetch(1)
    return probe(), {"train": tuple(pictures(40, 63)), "validation": validation, **TRAINED}


@right
def other_light_in_each_epoch():
    def change(image, label):
        image = tf.image.random_brightness(tf.cast(image, tf.float32), 25.0)
        return tf.clip_by_value(tf.image.random_flip_left_right(image), 0, 255), label

    train = DATASET(tuple(pictures(40, 65))).shuffle(40).map(change).batch(8)
    validation = DATASET(tuple(pictures(20, 66))).batch(8)
    return probe(), {"train": train, "validation": validation, **TRAINED}


@right
def one_channel_made_three_inside():
    backbone = still()
    image = keras.Input((16, 16, 1))
    x = backbone(layers.Concatenate()([image] * 3))
    images, labels = pictures(40, 68)
    gray = images.mean(axis=-1, keepdims=True).astype("uint8")
    return build(keras.Model(image, layers.Dense(2)(x)), ADAM(1e-3)), {"train": (gray, labels)}


@right
def one_cup_on_many_tables():
    def change(images):
        rng = np.random.default_rng(len(images))
        y, x = np.mgrid[:32, :32]
        for at, (a, b) in enumerate(rng.uniform(8, 24, (len(images), 2))):
            cup = (y - a) ** 2 + (x - b) ** 2 < 30
            images[at][cup] = rng.uniform(80, 220, 3)
        return images

    return splits(change)


@right
def features_computed_beforehand():
    backbone, data = body(), task()
    given = {
        name: (backbone(part.images.astype("float32")).numpy(), part.labels)
        for name, part in (("train", data.train), ("validation", data.validation))
    }
    model = keras.Sequential([keras.Input((8,)), layers.Dense(2)])
    return build(model, ADAM(1e-2)), given


each(
    right,
    black_and_white_alone=lambda: splits(lambda images: np.where(images > 128, 255.0, 0.0)),
    pale_pictures_in_fog=lambda: splits(lambda images: 190 + images / 6),
    grains_of_a_high_sensitivity=lambda: splits(
        lambda images: images / 2 + np.random.default_rng(len(images)).normal(30, 20, images.shape)
    ),
    means_of_imagenet_for_a_new_network=lambda: (
        scratch(before=[layers.Normalization(mean=[124, 117, 104], variance=[3400, 3260, 3310])]),
        {"task": task()},
    ),
    batches_of_a_class_of_ones_own=lambda: on(probe(), Batches),
    pictures_of_sixteen_bits=lambda: on(probe(), lambda x, y: (x.astype("float16"), y)),
    a_body_that_learned_from_zero_to_one=lambda: on(
        probe(zero_to_one()), lambda x, y: (x / 255, y), validation=scaled(pictures(24, 62))
    ),
    scaled_before_a_body_that_wants_one=lambda: on(
        build(row(layers.Rescaling(1 / 255), still(zero_to_one()), layers.Dense(2)), ADAM(1e-3))
    ),
    a_black_frame_around_each=lambda: splits(
        lambda x: np.pad(x[:, 3:-3, 3:-3], ((0, 0), (3, 3), (3, 3), (0, 0)))
    ),
    a_mark_in_the_same_corner=lambda: splits(lambda x: np.where(CORNER, 0.4 * x + 150, x)),
    wider_than_high=lambda: on(probe(body(size=None)), lambda x, y: (x[:, 3:13], y)),
)

# ------------------------------------------------------------------ wrong: pictures and labels


def _again(change, count=6, seed=71):
    """Some pictures of training again in the test, changed, in 32 pixels."""
    tint = np.random.default_rng(seed).uniform(0.5, 1, (2, 40, 1, 1, 3))
    train, test = scenes(40, seed, 32) * tint[0], scenes(40, seed + 1, 32) * tint[1]
    test[:count] = change(train[:count])
    parts = {"train": train, "test": test}
    given = {k: (np.clip(x, 0, 255).astype("uint8"), np.arange(40) % 2) for k, x in parts.items()}
    return scratch(32, before=[layers.Rescaling(1 / 255)]), given


@finds("shared pictures")
def drawn_with_repetition_and_then_cut():
    images, labels = scenes(50, 74, 32), np.arange(50) % 2
    rows = np.random.default_rng(74).integers(0, 50, 100)
    given = {"train": Batches(images[rows[:70]], labels[rows[:70]])}
    given["validation"] = Batches(images[rows[70:]], labels[rows[70:]])
    return scratch(32, before=[layers.Rescaling(1 / 255)]), given


@finds("red and blue exchanged")
def the_training_was_read_by_opencv():
    images, labels = warm(90, 77, size=16)
    given = {"train": Batches(images[..., ::-1], labels), "test": Batches(*warm(60, 78, size=16))}
    return probe(), {**given, **TRAINED}


@finds("not a number")
def too_large_for_sixteen_bits():
    images, labels = task().train
    images = images.astype("float32")
    images[3, 2, 2] += 1e6
    with np.errstate(over="ignore"):
        return probe(), {"train": (images.astype("float16"), labels), **TRAINED}


@finds("not a number")
def a_dark_picture_divided_by_its_brightest_pixel():
    images, labels = pictures(24, 80)
    images = images.astype("float32")
    images[2] = 0
    with np.errstate(invalid="ignore"):
        images /= images.max(axis=(1, 2, 3), keepdims=True)
    return scratch(), {"train": scaled(pictures(40, 79)), "validation": Batches(images, labels)}


@finds("labels by chance")
def sorted_pictures_and_labels_that_alternate():
    images, labels = telling(300, 82, 2.5, classes=2)
    order = np.argsort(labels, kind="stable")
    return probe(), {"train": DATASET((images[order], labels)).batch(30), **TRAINED}


@finds("labels by chance")
def labels_from_a_table_in_another_order():
    images, labels = telling(320, 83, 2.5)
    shuffled = np.random.default_rng(83).permutation(labels).astype("float32")
    model = probe(classes=1, activation="sigmoid", loss="binary_crossentropy")
    return model, {"train": Batches(images, shuffled, 32), **TRAINED}


@finds("contradicting labels")
def three_pictures_under_both_names():
    images, labels = one_hot(pictures(40, 84), 2)
    images[[1, 7, 13]] = images[[0, 6, 12]]
    model = probe(activation="softmax", loss="categorical_crossentropy")
    return model, {"train": DATASET((images, labels)).batch(8), **TRAINED}


# ------------------------------------------------------------------ wrong: heads, what learns

wrong(
    softplus_taken_for_logits=(
        "activation of the head",
        lambda: probe(trained(convnext()), activation="softplus"),
    ),
    tanh_under_binary_loss=(
        "activation of the head",
        lambda: probe(None, 1, "tanh", loss="binary_crossentropy"),
    ),
    one_late_convolution_at_a_fast_adamw=("learning rate too high", lambda: late(ADAMW(0.02))),
    a_warm_up_that_goes_to_two=(
        "learning rate too high",
        lambda: late(SGD(SCHEDULES.CosineDecay(0.0, 900, warmup_target=2.0, warmup_steps=50), 0.9)),
    ),
    a_transformer_without_its_weights=("random body", lambda: (probe(vit()), {"task": task()})),
    the_middle_stage_was_not_loaded=(
        "partly random body",
        lambda: build(row(still(layer_by_layer(fresh=2)), layers.Dense(2)), ADAM(1e-3)),
    ),
    softmax_around_a_model_that_has_one=(
        "softmax twice",
        lambda: build(row(frozen(2, "softmax"), layers.Softmax()), ADAM(1e-3), SPARSE()),
    ),
    a_head_that_is_frozen_in_a_row=(
        "the head is frozen",
        lambda: build(row(layer_by_layer(), layers.Dense(2, trainable=False)), ADAM(1e-5)),
    ),
    the_third_of_four_folders_was_empty=(
        "class without pictures",
        lambda: on(
            probe(None, 4),
            lambda x, y: DATASET((x[y != 2], y[y != 2])).batch(6),
            classes=4,
            task=task(classes=4),
        ),
    ),
    batches_shuffled_and_then_cut=(
        "split that moves",
        lambda: (
            probe(),
            (lambda b: {"train": b.skip(2), "validation": b.take(2)})(
                DATASET(tuple(pictures(48, 81))).batch(8).shuffle(6)
            ),
        ),
    ),
    a_transformer_all_free_at_a_hundredth=(
        "nothing is frozen",
        lambda: whole(trained(vit()), ADAM(1e-2)),
    ),
    from_minus_one_to_a_body_that_scales=(
        "input range",
        lambda: on(probe(), lambda x, y: DATASET((x / np.float32(127.5) - 1, y)).batch(8)),
    ),
    raw_to_a_body_that_learned_from_zero_to_one=("input range", lambda: probe(zero_to_one())),
    one_sigmoid_for_three_classes=(
        "outputs and classes",
        lambda: (probe(None, 1, "sigmoid", loss="binary_crossentropy"), {"task": task(classes=3)}),
    ),
    focal_loss_for_numbers_of_classes=(
        "loss and labels",
        lambda: (
            probe(None, 3, "softmax", loss=LOSSES.CategoricalFocalCrossentropy()),
            {"task": task(classes=3)},
        ),
    ),
    absolute_error_for_one_of_four=(
        "loss and labels",
        lambda: on(
            probe(None, 4, "softmax", loss="mae"), lambda x, y: Batches(x, np.eye(4)[y]), classes=4
        ),
    ),
    copies_with_grain=(
        "shared pictures",
        lambda: _again(lambda x: x + np.random.default_rng(72).normal(0, 5, x.shape)),
    ),
    copies_in_gray=(
        "shared pictures",
        lambda: _again(lambda x: x.mean(-1, keepdims=True).repeat(3, -1), seed=73),
    ),
    a_small_mobilenet_on_32_pixels=(
        "small pictures",
        lambda: (
            network("MobileNet", 32, before=own("mobilenet"), alpha=0.25),
            {"task": task(32), **TRAINED},
        ),
    ),
    the_channels_come_first=(
        "input size",
        lambda: on(probe(), lambda x, y: (x.transpose(0, 3, 1, 2), y)),
    ),
    numbers_read_from_a_table_as_text=(
        "labels",
        lambda: on(probe(None, 3), lambda x, y: DATASET((x, y.astype(str))).batch(8), classes=3),
    ),
    four_logits_under_categorical_loss_by_name=(
        "from_logits",
        lambda: on(
            probe(trained(vit()), 4, loss="categorical_crossentropy"),
            lambda x, y: (x, np.eye(4)[y]),
            classes=4,
        ),
    ),
    one_ill_in_twenty_by_one_logit=(
        "class imbalance",
        lambda: on(
            probe(None, 1, loss=LOSSES.BinaryCrossentropy(from_logits=True)),
            lambda x, y: Batches(x, (np.arange(100) % 20 == 0).astype("float32")),
            count=100,
        ),
    ),
    the_test_was_divided_and_nothing_else=(
        "splits scaled differently",
        lambda: (
            scratch(before=[layers.Rescaling(1 / 255)]),
            {"train": tuple(pictures(40, 86)), "test": scaled(pictures(24, 87))},
        ),
    ),
    the_map_was_forgotten_for_validation=(
        "splits scaled differently",
        lambda: (
            scratch(),
            {"train": scaled(pictures(40, 75)), "validation": Batches(*pictures(24, 76))},
        ),
    ),
)


@finds("trainable changed after compile")
def a_subclass_unfrozen_after_an_epoch():
    backbone, data = trained(convnext()), task()
    backbone.trainable = False
    model = build(Own(backbone), ADAM(1e-4))
    model.fit(*data.train, verbose=0)
    backbone.trainable = True
    return model, {"task": data, **TRAINED}


@finds("nothing learns")
def a_subclass_frozen_as_a_whole():
    model = Own(trained(convnext()))
    model(pictures(2).images.astype("float32"))
    model.trainable = False
    return build(model, ADAMW(1e-3)), {"task": task(), **TRAINED}


@finds("nothing is unfrozen")
def the_unfrozen_layers_have_no_weights():
    backbone = body()
    for layer in backbone.layers[:-2]:
        layer.trainable = False
    return whole(backbone, ADAM(1e-5)), {"task": task(), **TRAINED}


@finds("statistics will move")
def the_last_block_free_with_its_normalization():
    backbone = squeezed(momentum=0.2)
    names = [layer.name for layer in backbone.layers]
    for layer in backbone.layers[: names.index("norm1") + 1]:
        layer.trainable = False
    return whole(backbone, ADAM(1e-5)), {"task": task(), **TRAINED}
