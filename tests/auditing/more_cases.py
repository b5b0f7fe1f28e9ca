"""A second half of the cases, written after the findings; see `cases`."""

import io

import keras
import numpy as np
from keras import layers
from PIL import Image

from tests.auditing import cases
from tests.auditing.cases import SPARSE, build, finds, network, right, scaled, task
from tests.helpers.audited import body, classifier, pictures


def frozen(classes=2, activation=None, **options):
    backbone = body(**options)
    backbone.trainable = False
    return classifier(backbone, classes, activation=activation)


def without_norms():
    backbone = body()
    for layer in backbone.layers:
        layer.trainable = not isinstance(layer, layers.BatchNormalization)
    return classifier(backbone)


def own(name):
    return getattr(keras.applications, name).preprocess_input


# ------------------------------------------------------------------ wrong


@finds("learning rate too high")
def sgd_at_1():
    return build(without_norms(), keras.optimizers.SGD(1.0)), {"task": task()}


@finds("learning rate too high")
def adam_at_a_hundredth():
    return build(without_norms(), keras.optimizers.Adam(0.01)), {"task": task()}


@finds("learning rate too high")
def a_cosine_that_begins_at_a_half():
    rate = keras.optimizers.schedules.CosineDecay(0.5, 1000)
    return build(without_norms(), keras.optimizers.SGD(rate, momentum=0.9)), {"task": task()}


@finds("nothing learns")
def the_whole_model_frozen():
    model = classifier()
    model.trainable = False
    return build(model, "adam"), {"task": task()}


@finds("trainable changed after compile")
def unfrozen_after_compile_with_adam():
    model, data = build(frozen(), keras.optimizers.Adam(1e-3)), task()
    model.fit(*data.train, verbose=0)
    model.get_layer("body").trainable = True
    return model, {"task": data, "pretrained": True}


@finds("statistics will move")
def everything_unfrozen_with_adam():
    return build(classifier(), keras.optimizers.Adam(1e-4)), {"task": task()}


@finds("random body")
def resnet_without_its_weights():
    model = network("ResNet50", 64, before=own("resnet"))
    return model, {"task": task(64), "pretrained": None}


@finds("nothing is unfrozen")
def fine_tuning_that_is_none():
    return build(frozen(), keras.optimizers.Adam(1e-5)), {"task": task()}


@finds("outputs and classes")
def a_thousand_outputs_for_two_classes():
    return build(frozen(1000)), {"task": task()}


@finds("outputs and classes")
def one_output_too_few():
    return build(frozen(2)), {"task": task(classes=3)}


@finds("loss and labels")
def categorical_loss_for_numbers():
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    return build(frozen(), loss=loss), {"task": task()}


@finds("loss and labels")
def squared_error_for_classes():
    data = task()
    labels = keras.utils.to_categorical(data.train.labels, 2)
    model = build(frozen(activation="softmax"), loss="mse")
    return model, {"train": (data.train.images, labels)}


@finds("loss and labels")
def squared_error_for_the_number_of_the_class():
    return build(frozen(1), loss="mse"), {"task": task(classes=2)}


@finds("activation of the head")
def gelu_in_the_head():
    return build(frozen(activation="gelu")), {"task": task()}


@finds("activation of the head")
def tanh_in_the_head():
    return build(frozen(activation="tanh")), {"task": task()}


@finds("softmax twice")
def softmax_by_activation_after_softmax():
    inner = frozen(activation="softmax")
    outputs = layers.Activation("softmax")(inner.output)
    return build(keras.Model(inner.input, outputs), loss=SPARSE()), {"task": task()}


@finds("input size")
def gray_pictures():
    data = task()
    gray = data.train.images.mean(axis=-1, keepdims=True).astype("uint8")
    return build(frozen()), {"train": (gray, data.train.labels)}


@finds("input size")
def pictures_of_half_the_size():
    return build(frozen(size=32, trained=False)), {"task": task(16), "pretrained": True}


@finds("input range")
def efficientnet_with_pictures_divided_by_255():
    data = task(64)
    return network("EfficientNetB0", 64), {"train": scaled(data.train), "pretrained": True}


@finds("input range")
def mobilenet_without_preprocessing():
    return network("MobileNetV2", 64, alpha=0.35), {"task": task(64), "pretrained": True}


@finds("input range")
def resnet_v2_with_the_preprocessing_of_v1():
    model = network("ResNet50V2", 64, before=own("resnet"))
    return model, {"task": task(64), "pretrained": True}


@finds("input range")
def mobilenet_with_imagenets_means():
    model = network("MobileNetV2", 64, before=own("densenet"), alpha=0.35)
    return model, {"task": task(64), "pretrained": True}


@finds("input range")
def scaled_twice():
    data = task()
    return build(frozen()), {"train": scaled(data.train)}


@finds("small pictures")
def mobilenet_on_48_pixels():
    model = network("MobileNetV2", 48, before=own("mobilenet_v2"), alpha=0.35)
    return model, {"task": task(48), "pretrained": True}


@finds("not a number")
def infinity_in_validation():
    data = task()
    images, labels = scaled(data.validation)
    images[0, 0, 0, 0] = np.inf
    model = build(frozen(scale=False, trained=False), keras.optimizers.Adam(1e-3))
    given = {"train": scaled(data.train), "validation": (images, labels)}
    return model, {**given, "pretrained": True}


@finds("splits scaled differently")
def validation_from_minus_one():
    data = task()
    images = data.validation.images / np.float32(127.5) - 1
    model = build(classifier(body(scale=False, trained=False)), keras.optimizers.Adam(1e-3))
    given = {"train": scaled(data.train), "validation": (images, data.validation.labels)}
    return model, given


@finds("shared pictures")
def saved_again_as_jpeg():
    def jpeg(image):
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=80)
        return np.asarray(Image.open(file))

    return cases._splits(lambda images: np.stack([jpeg(image) for image in images]))


@finds("shared pictures")
def validation_is_a_part_of_training():
    data = task()
    part = data.train.images[:8], data.train.labels[:8]
    return build(frozen()), {"train": tuple(data.train), "validation": part}


@finds("shared pictures")
def mirrored_and_brighter():
    return cases._splits(lambda i: np.clip(i[:, :, ::-1] * 1.1, 0, 255).astype("uint8"))


@finds("class without pictures")
def sorted_by_class_and_cut():
    data = task(classes=3)
    rows = np.flatnonzero(data.train.labels < 2)
    train = data.train.images[rows], data.train.labels[rows]
    return build(frozen(3)), {"train": train, "task": data}


@finds("class imbalance")
def twenty_to_one():
    split = pictures(63)
    labels = (np.arange(63) % 21 == 0).astype(int)
    return build(frozen()), {"train": (split.images, labels)}


# ------------------------------------------------------------------ right


@right
def a_head_with_adam():
    return build(frozen(), keras.optimizers.Adam(1e-3)), {"task": task()}


@right
def probed_then_tuned():
    model, data = build(frozen()), task()
    model.fit(*data.train, verbose=0)
    inner = model.get_layer("body")
    inner.trainable = True
    for layer in inner.layers:
        layer.trainable = layer.name == "conv2"
    return build(model, keras.optimizers.SGD(0.01, momentum=0.9)), {"task": data}


@right
def late_layers_with_adamw():
    model = without_norms()
    model.get_layer("body").get_layer("conv1").trainable = False
    return build(model, keras.optimizers.AdamW(3e-5)), {"task": task()}


@right
def two_classes_by_one_sigmoid():
    return build(frozen(1, "sigmoid"), loss="binary_crossentropy"), {"task": task()}


@right
def two_classes_by_one_logit():
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    return build(frozen(1), loss=loss), {"task": task()}


@right
def smoothed_labels():
    data = task(classes=4)
    labels = keras.utils.to_categorical(data.train.labels, 4)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    return build(frozen(4), loss=loss), {"train": (data.train.images, labels)}


@right
def a_price():
    data, rng = task(), np.random.default_rng(0)
    prices = rng.gamma(2, 100, len(data.train.labels)).astype("float32")
    return build(frozen(1), loss="mae"), {"train": (data.train.images, prices)}


@right
def a_count_of_cells():
    data, rng = task(), np.random.default_rng(0)
    counts = rng.poisson(40, len(data.train.labels))
    return build(frozen(1), loss=keras.losses.Huber()), {"train": (data.train.images, counts)}


@right
def prepared_in_the_data():
    data = task(64)
    images = own("mobilenet_v2")(data.train.images.astype("float32"))
    model = network("MobileNetV2", 64, alpha=0.35)
    return model, {"train": (images, data.train.labels), "pretrained": True}


@right
def night_for_mobilenet():
    data = task(64)
    night = (data.train.images // 6, data.train.labels)
    model = network("MobileNetV2", 64, before=own("mobilenet_v2"), alpha=0.35)
    return model, {"train": night, "pretrained": True}


@right
def snow_for_mobilenet():
    data = task(64)
    snow = (220 + data.train.images // 8, data.train.labels)
    model = network("MobileNetV2", 64, before=own("mobilenet_v2"), alpha=0.35)
    return model, {"train": snow, "pretrained": True}


@right
def night_for_resnet():
    data = task(64)
    night = (data.train.images // 6, data.train.labels)
    return network("ResNet50", 64, before=own("resnet")), {"train": night, "pretrained": True}


@right
def night_prepared_in_the_data():
    data = task(64)
    images = own("mobilenet_v2")(data.train.images.astype("float32") / 6)
    model = network("MobileNetV2", 64, alpha=0.35)
    return model, {"train": (images, data.train.labels), "pretrained": True}


@right
def one_to_five_stars():
    data, rng = task(), np.random.default_rng(0)
    stars = rng.integers(1, 6, len(data.train.labels))
    return build(frozen(1), loss="mse"), {"train": (data.train.images, stars)}


def _from_scratch(train, validation):
    data = task()
    given = {"train": (train(data.train.images / 255), data.train.labels)}
    given["validation"] = (validation(data.validation.images / 255), data.validation.labels)
    return build(classifier(body(scale=False, trained=False)), keras.optimizers.Adam(1e-3)), given


@right
def noise_in_training_alone():
    noise = np.random.default_rng(0)
    return _from_scratch(lambda x: x + noise.normal(0, 0.05, x.shape), lambda x: x)


@right
def a_pixel_below_zero():
    def overshoot(x):
        x = x.copy()
        x[0, 0, 0] = -0.02
        return x

    return _from_scratch(overshoot, lambda x: x)


@right
def standardized_by_chance_within_one():
    return _from_scratch(lambda x: (x - 0.3) / 0.25, lambda x: np.clip((x - 0.3) / 0.25, -1, 1))


@finds("splits scaled differently")
def standardized_in_training_alone():
    return _from_scratch(lambda x: (x - 0.3) / 0.25, lambda x: x)


@right
def a_transformer_as_a_whole():
    keras.utils.set_random_seed(1)
    image = keras.Input((16, 16, 3))
    x = layers.Reshape((256, 3))(layers.Rescaling(1 / 255)(image))
    x = layers.LayerNormalization()(layers.Dense(8)(x))
    x = layers.LayerNormalization()(layers.MultiHeadAttention(2, 4)(x, x) + x)
    backbone = keras.Model(image, layers.GlobalAveragePooling1D()(x), name="body")
    given = {"task": task(), "pretrained": True}
    return build(classifier(backbone), keras.optimizers.AdamW(5e-5)), given


@right
def scaled_back_inside():
    data = task()
    image = keras.Input((16, 16, 3))
    backbone = body()
    backbone.trainable = False
    model = keras.Model(image, layers.Dense(2)(backbone(layers.Rescaling(255.0)(image))))
    return build(model), {"train": scaled(data.train), "validation": scaled(data.validation)}


@right
def digits_from_scratch():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 28, 28, 1)).astype("float32") / 255
    model = keras.Sequential(
        [keras.Input((28, 28, 1)), layers.Conv2D(8, 3, activation="relu"), layers.Flatten(),
         layers.Dense(10, activation="softmax")]
    )  # fmt: skip
    return build(model, "adam", SPARSE()), {"train": (images, np.arange(40) % 10)}


@right
def augmented_in_the_data():
    import tensorflow as tf

    data = task(32)

    def turned(image, label):
        return tf.image.random_flip_left_right(image), label

    train = tf.data.Dataset.from_tensor_slices(tuple(data.train)).shuffle(24).map(turned).batch(8)
    given = {"train": train, "validation": tuple(data.validation), "pretrained": True}
    return build(frozen(size=32, trained=False)), given


@right
def unequal_with_weights():
    split = pictures(63)
    labels = (np.arange(63) % 21 == 0).astype(int)
    given = {"train": (split.images, labels), "class_weight": {0: 0.5, 1: 10.0}}
    return build(frozen()), given


@right
def random_features_on_purpose():
    given = {"task": task(), "pretrained": False}
    return build(frozen(trained=False)), given


@right
def a_whole_network_with_sgd_at_a_thousandth():
    return build(classifier(), keras.optimizers.SGD(0.001, momentum=0.9)), {"task": task()}


@right
def dropout_and_two_dense_layers():
    backbone = body()
    backbone.trainable = False
    x = layers.Dense(16, activation="relu")(backbone.output)
    x = layers.Dropout(0.5)(x)
    return build(keras.Model(backbone.input, layers.Dense(2)(x)), "adam"), {"task": task()}


@right
def inception_with_its_own_preprocessing():
    model = network("InceptionV3", 96, before=own("inception_v3"))
    return model, {"task": task(96), "pretrained": True}


@right
def efficientnet_on_raw_pictures():
    return network("EfficientNetB0", 64), {"task": task(64), "pretrained": True}


@right
def raw_pictures_as_float():
    data = task()
    train = data.train.images.astype("float32"), data.train.labels
    return build(frozen()), {"train": train, "validation": tuple(data.validation)}
