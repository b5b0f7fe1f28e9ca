"""A fourth part of the cases, all written before `audit` was run on any of them; see `cases`."""

import io

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from PIL import Image

from tests.auditing.cases import SPARSE, _all_but_norms, build, finds, network, right, scaled, task
from tests.auditing.later_cases import scenes, telling, two_splits, warm
from tests.auditing.more_cases import frozen, own
from tests.helpers.audited import body, classifier, pictures

ADAM = keras.optimizers.Adam


def one_hot(split, classes):
    return split[0], keras.utils.to_categorical(split[1], classes)


def in_a_row(outputs=2, activation=None, optimizer=None, loss=None):
    """A frozen body and a head, as `Sequential` has them."""
    backbone = body()
    backbone.trainable = False
    head = [layers.Dropout(0.2), layers.Dense(outputs, activation=activation)]
    model = keras.Sequential([keras.Input((16, 16, 3)), backbone, *head])
    return build(model, optimizer or ADAM(1e-3), loss)


# ------------------------------------------------------------------ wrong: outputs and loss


@finds("from_logits")
def softmax_in_a_row_taken_for_logits():
    return in_a_row(3, "softmax", loss=SPARSE(from_logits=True)), {"task": task(classes=3)}


@finds("from_logits")
def one_logit_under_binary_loss_by_name():
    return in_a_row(1, loss="binary_crossentropy"), {"task": task()}


@finds("from_logits")
def one_sigmoid_taken_for_a_logit():
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    return in_a_row(1, "sigmoid", loss=loss), {"task": task()}


@finds("activation of the head")
def four_sigmoids_under_categorical_loss():
    data = task(classes=4)
    model = in_a_row(4, "sigmoid", loss="categorical_crossentropy")
    return model, {"train": one_hot(data.train, 4)}


@finds("outputs and classes")
def softmax_over_one_output():
    return in_a_row(1, "softmax", loss="binary_crossentropy"), {"task": task()}


@finds("activation of the head")
def relu6_as_the_last_step():
    return in_a_row(3, "relu6", loss=SPARSE(from_logits=True)), {"task": task(classes=3)}


@finds("outputs and classes")
def labels_from_one_to_five():
    data = task(classes=5)
    return in_a_row(5, loss=SPARSE(True)), {"train": (data.train.images, data.train.labels + 1)}


@finds("loss and labels")
def sparse_loss_for_one_hot_rows():
    return in_a_row(3, loss=SPARSE(True)), {"train": one_hot(task(classes=3).train, 3)}


# ------------------------------------------------------------------ wrong: pictures


@finds("input range")
def vgg19_behind_a_rescaling_to_one():
    return network("VGG19", 64, before=layers.Rescaling(1 / 255)), {
        "task": task(64),
        "pretrained": True,
    }


@finds("input range")
def xception_with_raw_pictures():
    return network("Xception", 96), {"task": task(96), "pretrained": True}


@finds("input range")
def efficientnet_behind_a_rescaling_around_zero():
    between = layers.Rescaling(1 / 127.5, offset=-1)
    return network("EfficientNetB0", 64, before=between), {"task": task(64), "pretrained": True}


@finds("input range")
def mobilenet_prepared_twice():
    twice = own("mobilenet_v2")
    model = network("MobileNetV2", 64, before=lambda x: twice(twice(x)), alpha=0.35)
    return model, {"task": task(64), "pretrained": True}


@finds("splits scaled differently")
def the_test_raw_and_the_training_standardized():
    data = task()
    train = (data.train.images / 255 - 0.4) / 0.25, data.train.labels
    model = build(classifier(body(scale=False, trained=False)), ADAM(1e-3))
    return model, {"train": train, "test": tuple(data.test)}


@finds("not a number")
def nan_in_a_dataset_of_batches():
    images, labels = scaled(task().train)
    images[20] = np.nan
    train = tf.data.Dataset.from_tensor_slices((images, labels)).batch(8)
    return build(classifier(body(scale=False, trained=False)), ADAM(1e-3)), {"train": train}


@finds("input size")
def transparent_pictures():
    data = task()
    images = np.concatenate([data.train.images, data.train.images[..., :1]], axis=-1)
    return build(frozen()), {"train": (images, data.train.labels)}


@finds("red and blue exchanged")
def exchanged_before_mobilenets_preprocessing():
    prepare = own("mobilenet_v2")
    model = network("MobileNetV2", 64, before=lambda x: prepare(x[..., ::-1]), alpha=0.35)
    return model, {"train": warm(50, 3), "pretrained": True}


@finds("red and blue exchanged")
def only_the_test_was_read_by_opencv():
    images, labels = warm(50, 6, size=16)
    given = {"train": warm(90, 4, size=16), "validation": warm(40, 5, size=16)}
    return build(frozen()), {**given, "test": (images[..., ::-1], labels), "pretrained": True}


# ------------------------------------------------------------------ wrong: labels


@finds("labels by chance")
def one_hot_rows_shuffled():
    images, labels = telling(360, 7, 2.0, classes=3)
    shuffled = np.random.default_rng(7).permutation(labels)
    return build(frozen(3), loss="categorical_crossentropy"), {
        "train": one_hot((images, shuffled), 3),
        "pretrained": True,
    }


@finds("labels by chance")
def pictures_and_labels_shuffled_each_for_itself():
    images, labels = telling(250, 8, 2.0)
    parts = [
        tf.data.Dataset.from_tensor_slices(part).shuffle(250, seed=seed)
        for seed, part in enumerate((images, labels))
    ]
    return build(frozen()), {"train": tf.data.Dataset.zip(*parts).batch(25), "pretrained": True}


@finds("labels by chance")
def only_the_validation_was_shuffled():
    images, labels = telling(240, 9)
    shuffled = np.random.default_rng(9).permutation(labels)
    given = {"train": telling(240, 10), "validation": (images, shuffled)}
    return build(frozen()), {**given, "pretrained": True}


@finds("contradicting labels")
def one_picture_with_another_label_in_the_test():
    data = task()
    images, labels = data.test.images.copy(), data.test.labels.copy()
    images[5], labels[5] = data.train.images[4], 1 - data.train.labels[4]
    return build(frozen()), {"train": tuple(data.train), "test": (images, labels)}


@finds("labels")
def names_of_folders_as_labels():
    data = task()
    names = np.array([b"ants", b"bees"])[data.train.labels]
    return build(frozen()), {"train": (data.train.images, names)}


@finds("class imbalance")
def one_to_nine_in_one_hot_rows():
    split = pictures(80)
    labels = (np.arange(80) % 10 == 0).astype(int)
    model = build(frozen(activation="softmax"), loss="categorical_crossentropy")
    return model, {"train": one_hot((split.images, labels), 2)}


# ------------------------------------------------------------------ wrong: what learns


def layer_by_layer(fresh: int | None = None):
    """A trained body without normalization, as VGG is; one stage may be as it was made."""
    keras.utils.set_random_seed(3)
    image = keras.Input((16, 16, 3))
    x = layers.Rescaling(1 / 255)(image)
    for stage in (1, 2, 3):
        x = layers.Conv2D(16, 3, padding="same", activation="relu", name=f"conv{stage}")(x)
    backbone = keras.Model(image, layers.GlobalAveragePooling2D()(x), name="body")
    rng = np.random.default_rng(3)
    for stage in (1, 2, 3):
        layer = backbone.get_layer(f"conv{stage}")
        if stage != fresh:
            layer.kernel.assign(rng.laplace(0, 0.1, layer.kernel.shape))
            layer.bias.assign(rng.normal(0, 0.1, 16))
    return backbone


@finds("partly random body")
def the_last_stage_had_another_shape_and_was_skipped():
    backbone = layer_by_layer(fresh=3)
    backbone.trainable = False
    return build(classifier(backbone), ADAM(1e-3)), {"task": task()}


@finds("partly random body")
def the_first_stage_was_made_anew():
    backbone = layer_by_layer(fresh=1)
    backbone.trainable = False
    return build(classifier(backbone), ADAM(1e-3)), {"task": task()}


@finds("nothing learns")
def each_layer_frozen_in_a_loop():
    model = classifier(layer_by_layer())
    for layer in model.layers:
        layer.trainable = False
    return build(model, ADAM(1e-3)), {"task": task()}


@finds("the head is frozen")
def the_wrong_end_frozen():
    backbone = layer_by_layer()
    image = backbone.input
    model = keras.Model(image, layers.Dense(2)(backbone.output))
    model.layers[-1].trainable = False
    return build(model, keras.optimizers.SGD(0.003)), {"task": task()}


@finds("nothing is frozen")
def a_body_like_vgg_all_free_at_a_heads_rate():
    return build(classifier(layer_by_layer()), keras.optimizers.SGD(0.05)), {"task": task()}


@finds("learning rate too high")
def nadam_at_a_hundredth():
    return _all_but_norms(keras.optimizers.Nadam(0.01))


@finds("learning rate too high")
def adadelta_at_twenty():
    return _all_but_norms(keras.optimizers.Adadelta(20.0))


@finds("learning rate too high")
def adagrad_that_falls_from_one():
    rate = keras.optimizers.schedules.CosineDecay(1.0, 200)
    return _all_but_norms(keras.optimizers.Adagrad(rate))


@finds("trainable changed after compile")
def frozen_after_a_fit_with_rmsprop():
    model, data = build(classifier(body(trained=False)), keras.optimizers.RMSprop(1e-4)), task()
    model.fit(*data.train, verbose=0)
    model.get_layer("body").trainable = False
    return model, {"task": data}


@finds("statistics will move")
def late_layers_free_with_their_normalization():
    backbone = body()
    for layer in backbone.layers:
        layer.trainable = layer.name in ("conv2", "norm2")
    return build(classifier(backbone), ADAM(1e-5)), {"task": task()}


@finds("random body")
def densenet_without_its_weights():
    model = network("DenseNet121", 64, before=own("densenet"))
    return model, {"task": task(64), "pretrained": None}


# ------------------------------------------------------------------ wrong: splits


@finds("split that moves")
def cut_from_a_dataset_that_is_shuffled_anew():
    data = tf.data.Dataset.from_tensor_slices(tuple(pictures(40))).shuffle(40)
    return build(frozen()), {"train": data.skip(12).batch(8), "validation": data.take(12).batch(8)}


def _some_again(change, count=8):
    train, validation = scenes(70, 11), scenes(40, 12)
    validation[:count] = [change(image) for image in train[:count]]
    return two_splits(train, validation)


def _jpeg(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=85)
    return np.asarray(Image.open(file))


@finds("shared pictures")
def turned_back_and_saved_again():
    return _some_again(lambda image: _jpeg(np.rot90(image, 3)))


@finds("shared pictures")
def mirrored_along_the_diagonal():
    return _some_again(lambda image: np.clip(image.swapaxes(0, 1) * 1.1, 0, 255).astype("uint8"))


@finds("shared pictures")
def cut_by_6_percent_and_saved_again():
    box = (1.5, 1.5, 46.5, 46.5)
    return _some_again(
        lambda image: _jpeg(np.asarray(Image.fromarray(image).resize((48, 48), box=box)))
    )


@finds("shared pictures")
def one_single_picture_upside_down():
    return _some_again(lambda image: image[::-1], count=1)


# ------------------------------------------------------------------ right: outputs and loss


@right
def four_by_softmax_and_one_hot():
    model = in_a_row(4, "softmax", loss="categorical_crossentropy")
    return model, {"train": one_hot(task(classes=4).train, 4)}


@right
def several_at_once_by_logits():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, (24, 6)).astype("float32")
    labels[0], labels[1] = 1, 0
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    return in_a_row(6, loss=loss), {"train": (pictures(24).images, labels)}


@right
def focal_loss_for_two_classes():
    loss = keras.losses.BinaryFocalCrossentropy()
    data = task()
    labels = data.train.labels.astype("float32")
    return in_a_row(1, "sigmoid", loss=loss), {"train": (data.train.images, labels)}


@right
def labels_that_are_true_or_false():
    data = task()
    labels = data.train.labels.astype(bool)
    return in_a_row(1, "sigmoid", loss="binary_crossentropy"), {
        "train": (data.train.images, labels)
    }


@right
def softmax_as_a_layer_of_its_own():
    inner = frozen(3)
    outputs = layers.Activation("softmax")(inner.output)
    model = build(keras.Model(inner.input, outputs), loss=SPARSE())
    return model, {"task": task(classes=3)}


@right
def a_loss_of_ones_own():
    def loss(y_true, y_pred):
        return keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)

    return in_a_row(2, loss=loss), {"task": task()}


@right
def each_pixel_has_a_class():
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(layers.Rescaling(1 / 255)(image))
    model = build(keras.Model(image, layers.Conv2D(3, 1)(x)), ADAM(1e-3), SPARSE(True))
    images = pictures(24).images
    return model, {"train": (images, (images[..., 0] // 86).astype("int32"))}


@right
def a_share_between_zero_and_one():
    shares = np.random.default_rng(2).beta(2, 5, 24).astype("float32")
    return in_a_row(1, "sigmoid", loss="mse"), {"train": (pictures(24).images, shares)}


# ------------------------------------------------------------------ right: pictures


@right
def mobilenet_v3_on_raw_pictures():
    return network("MobileNetV3Small", 64), {"task": task(64), "pretrained": True}


@right
def resnet_v2_with_its_own_preprocessing_and_the_largest_value():
    model = network("ResNet50V2", 64, before=own("resnet_v2"), pooling="max")
    return model, {"task": task(64), "pretrained": True}


@right
def under_water():
    images, labels = warm(50, 13)
    model = network("MobileNetV2", 64, before=own("mobilenet_v2"), alpha=0.35)
    return model, {"train": (images[..., ::-1], labels), "pretrained": True}


@right
def gray_pictures_as_red_green_and_blue():
    images, labels = pictures(40, size=64)
    gray = images.mean(axis=-1, keepdims=True).repeat(3, axis=-1).astype("uint8")
    model = network("VGG16", 64, before=own("vgg16"))
    return model, {"train": (gray, labels), "pretrained": True}


@right
def scanned_pages():
    images = np.full((40, 64, 64, 3), 250, "uint8")
    rng = np.random.default_rng(14)
    for page in images:
        page[rng.integers(4, 60, 25), 6:58] = rng.integers(0, 80)
    labels = np.arange(40) % 2
    model = network("MobileNetV2", 64, before=own("mobilenet_v2"), alpha=0.35)
    return model, {"train": (images, labels), "pretrained": True}


@right
def training_by_day_and_test_by_night():
    night = pictures(30, 16, size=64).images // 5
    model = network("MobileNetV2", 64, before=own("mobilenet_v2"), alpha=0.35)
    given = {"train": tuple(pictures(40, 15, size=64)), "test": (night, np.arange(30) % 2)}
    return model, {**given, "pretrained": True}


@right
def validation_under_a_warmer_lamp():
    images, labels = warm(40, 18, size=16)
    lamp = np.clip(images * [1.2, 1.0, 0.8], 0, 255).astype("uint8")
    return build(frozen()), {"train": warm(60, 17, size=16), "validation": (lamp, labels)}


@right
def a_network_of_ones_own_standardized():
    data = task()
    splits = {
        name: ((part.images - 70.0) / 60.0, part.labels)
        for name, part in (("train", data.train), ("validation", data.validation))
    }
    return build(classifier(body(scale=False, trained=False)), ADAM(1e-3)), splits


# ------------------------------------------------------------------ right: labels


@right
def labels_that_are_told_one_time_in_a_few():
    return build(frozen()), {"train": telling(600, 19, 0.4), "pretrained": True}


@right
def many_classes_in_one_hot_rows():
    images, labels = pictures(300, 20, classes=6)
    images = np.clip(images + 25 * labels[:, None, None, None], 0, 255).astype("uint8")
    model = build(frozen(6), loss=keras.losses.CategoricalCrossentropy(from_logits=True))
    return model, {"train": one_hot((images, labels), 6), "pretrained": True}


@right
def stripes_that_differ_in_direction():
    rng = np.random.default_rng(21)
    y, x = np.mgrid[:16, :16]
    labels = np.arange(240) % 2
    waves = [
        np.sin((x if label else y) * rng.uniform(0.8, 2) + rng.uniform(0, 6)) for label in labels
    ]
    images = 128 + 60 * np.stack(waves)[..., None] + rng.normal(0, 30, (240, 16, 16, 3))
    train = np.clip(images, 0, 255).astype("uint8"), labels
    return build(frozen()), {"train": train, "pretrained": True}


@right
def sorted_by_class_as_folders_are():
    images, labels = telling(240, 22)
    order = np.argsort(labels, kind="stable")
    return build(frozen()), {"train": (images[order], labels[order]), "pretrained": True}


@right
def weights_for_each_picture():
    images, labels = pictures(63)
    labels = (np.arange(63) % 21 == 0).astype(int)
    weights = np.where(labels, 10.0, 0.5).astype("float32")
    return build(frozen()), {"train": (images, labels, weights)}


@right
def the_same_picture_again_and_again():
    data = task()
    rows = np.tile(np.arange(24), 4)
    return build(frozen()), {"train": (data.train.images[rows], data.train.labels[rows])}


# ------------------------------------------------------------------ right: what learns


@right
def all_but_the_normalization_at_a_hundred_thousandth():
    return _all_but_norms(ADAM(1e-5))


@right
def a_head_at_a_high_rate_that_falls():
    rate = keras.optimizers.schedules.CosineDecay(1e-3, 500, warmup_target=0.01, warmup_steps=50)
    return in_a_row(2, optimizer=ADAM(rate), loss=SPARSE(True)), {"task": task()}


@right
def a_head_with_adagrad():
    return in_a_row(2, optimizer=keras.optimizers.Adagrad(0.5), loss=SPARSE(True)), {"task": task()}


@right
def a_head_with_lamb_and_decay():
    optimizer = keras.optimizers.Lamb(0.05, weight_decay=0.01)
    return in_a_row(2, optimizer=optimizer, loss=SPARSE(True)), {"task": task()}


@right
def late_layers_with_adadelta():
    return _all_but_norms(keras.optimizers.Adadelta(0.5))


@right
def converted_weights_whose_biases_are_zero():
    backbone = layer_by_layer()
    for stage in (1, 2):
        backbone.get_layer(f"conv{stage}").bias.assign(np.zeros(16))
    backbone.trainable = False
    return build(classifier(backbone), ADAM(1e-3)), {"task": task(), "pretrained": True}


@right
def a_new_stage_on_a_frozen_body():
    backbone = layer_by_layer()
    backbone.trainable = False
    image = keras.Input((16, 16, 3))
    maps = keras.Model(backbone.input, backbone.get_layer("conv3").output, name="maps")
    x = layers.Conv2D(16, 3, activation="relu", name="new")(maps(image))
    x = layers.GlobalAveragePooling2D()(layers.BatchNormalization()(x))
    return build(keras.Model(image, layers.Dense(2)(x)), ADAM(1e-3)), {"task": task()}


@right
def low_rank_updates():
    backbone = layer_by_layer()
    x = layers.Dense(32, activation="relu", name="features")(backbone.output)
    inner = keras.Model(backbone.input, x, name="inner")
    rng = np.random.default_rng(23)
    inner.get_layer("features").bias.assign(rng.normal(0, 0.1, 32))
    for layer in inner.layers:
        layer.trainable = layer.name == "features"
    inner.get_layer("features").enable_lora(4)
    return build(classifier(inner), ADAM(1e-4)), {"task": task()}


@right
def the_head_first_then_all_but_norms():
    model, data = build(frozen(), ADAM(1e-3)), task()
    model.fit(*data.train, verbose=0)
    inner = model.get_layer("body")
    inner.trainable = True
    for layer in inner.layers:
        layer.trainable = not isinstance(layer, layers.BatchNormalization)
    return build(model, ADAM(1e-5)), {"task": data, "pretrained": True}


@right
def from_scratch_with_much_momentum():
    optimizer = keras.optimizers.SGD(0.05, momentum=0.95, nesterov=True)
    return build(classifier(body(trained=False)), optimizer), {"task": task()}


# ------------------------------------------------------------------ right: splits


@right
def tiles_that_are_all_symmetric():
    """Each is its own mirror image, from left to right and along the diagonal."""
    y, x = np.mgrid[-24:24, -24:24] + 0.5
    rng = np.random.default_rng(24)
    waves = rng.uniform(0.1, 0.9, (100, 4, 2))
    images = [
        sum(np.cos(a * x) * np.cos(b * y) + np.cos(b * x) * np.cos(a * y) for a, b in four) / 2
        for four in waves
    ]
    images = np.clip(128 + 55 * np.stack(images), 0, 255).astype("uint8")
    images = images[..., None].repeat(3, axis=-1)
    return two_splits(images[:60], images[60:])


@right
def strokes_of_many_hands():
    rng = np.random.default_rng(25)
    y, x = np.mgrid[:48, :48]
    images = []
    for _ in range(100):
        lean, at, wide = rng.normal(0, 0.15), rng.normal(24, 3), rng.uniform(2, 4)
        images.append(255 * np.exp(-(((x - at - lean * (y - 24)) / wide) ** 2)))
    images = np.stack(images).astype("uint8")[..., None].repeat(3, axis=-1)
    return two_splits(images[:60], images[60:])


@right
def a_validation_set_in_another_order_each_time():
    validation = tf.data.Dataset.from_tensor_slices(tuple(pictures(30, 26))).shuffle(30).batch(10)
    return build(frozen()), {"train": tuple(pictures(40, 27)), "validation": validation}


@right
def skies_with_a_bird():
    """Nearly empty pictures: a smooth ground, and something small somewhere."""
    rng = np.random.default_rng(28)
    y, x = np.mgrid[:48, :48] / 48
    images = []
    for _ in range(100):
        slope = rng.normal(0, 30, 2)
        sky = 170 + slope[0] * x + slope[1] * y + rng.normal(0, 3, (48, 48))
        at, bird = rng.integers(4, 44, 2), rng.integers(2, 5)
        sky[at[0] : at[0] + bird, at[1] : at[1] + 2 * bird] = 40
        images.append(sky)
    images = np.clip(images, 0, 255).astype("uint8")[..., None].repeat(3, axis=-1)
    return two_splits(images[:60], images[60:])
