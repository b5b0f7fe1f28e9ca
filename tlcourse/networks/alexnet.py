"""AlexNet as it was in 2012, in Keras: to read and to compare.

A. Krizhevsky, I. Sutskever and G. E. Hinton, "ImageNet Classification with Deep Convolutional
Neural Networks", NeurIPS 2012. Its two GPUs held half of the channels each; where they did not
talk (the second, fourth and fifth convolution) that is `groups=2` here. Pictures are 227 pixels
wide, since the 224 of the paper do not give its own feature maps of 55.
"""

import keras
from keras import layers, ops

from tlcourse.errors import InputError
from tlcourse.networks.photonet import resized

MEAN = (123.68, 116.779, 103.939)  # of ImageNet's red, green and blue


@keras.saving.register_keras_serializable(package="tlcourse")
class LocalResponseNormalization(layers.Layer):
    """Divide by what five neighboring channels say at the same place (section 3.3 of the paper).

    b = a / (2 + 0.0001 * sum of a^2 over the channels i-2 ... i+2) ** 0.75, for (n, h, w, c).
    """

    def call(self, x):
        """Float (n, h, w, c) in and out."""
        channels = x.shape[-1]
        squares = ops.pad(ops.square(x), [[0, 0], [0, 0], [0, 0], [2, 2]])
        total = sum(squares[..., i : i + channels] for i in range(5))
        return x / ops.power(2.0 + 1e-4 * total, 0.75)


def alexnet(classes: int | None = 1000, *, image_size: int = 227, dropout: float = 0.5):
    """Build AlexNet with random weights.

    Args:
        classes: outputs of `logits`; None leaves the head off.
        image_size: height and width in pixels at which it looks at pictures, from 67 up; those
            of another size are resized inside the model.
        dropout: share of the units that are set to zero in training, after fc6 and fc7.

    Returns:
        A model from images (n, height, width, 3) in [0, 255] to logits (n, classes), or to
        features (n, 4096).

    Raises:
        InputError: the size is below 67, where the last pooling has nothing left.
    """
    if image_size < 67:
        raise InputError(f"alexnet takes images of 67 pixels and more, not {image_size}.")

    def conv(x, filters, kernel, name, **options):
        # Weights from a Gaussian of 0.01; biases of 1 in conv2, 4 and 5 (section 5).
        ones = name in ("conv2", "conv4", "conv5")
        return layers.Conv2D(
            filters, kernel, activation="relu", name=name,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
            bias_initializer="ones" if ones else "zeros", **options,
        )(x)  # fmt: skip

    def dense(x, name):
        x = layers.Dense(
            4096, activation="relu", name=name, bias_initializer="ones",
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
        )(x)  # fmt: skip
        return layers.Dropout(dropout, name=f"{name}_dropout")(x)

    image = keras.Input((None, None, 3), name="image")
    x = resized(image, image_size) - ops.array(MEAN)
    x = conv(x, 96, 11, "conv1", strides=4)
    x = LocalResponseNormalization(name="norm1")(x)
    x = layers.MaxPooling2D(3, 2, name="pool1")(x)
    x = conv(x, 256, 5, "conv2", padding="same", groups=2)
    x = LocalResponseNormalization(name="norm2")(x)
    x = layers.MaxPooling2D(3, 2, name="pool2")(x)
    x = conv(x, 384, 3, "conv3", padding="same")
    x = conv(x, 384, 3, "conv4", padding="same", groups=2)
    x = conv(x, 256, 3, "conv5", padding="same", groups=2)
    x = layers.MaxPooling2D(3, 2, name="pool5")(x)
    x = dense(layers.Flatten(name="flatten")(x), "fc6")
    x = dense(x, "fc7")
    if classes is not None:
        x = layers.Dense(classes, name="logits")(x)
    return keras.Model(image, x, name="alexnet")


def load_alexnet(image_size: int | None, weights: str | None, options: dict) -> keras.Model:
    """AlexNet's features, for `load_backbone`; see there."""
    if weights is not None:
        raise InputError("alexnet comes without trained weights: pass weights=None.")
    if wrong := sorted(set(options) - {"dropout"}):
        raise InputError(f"alexnet does not take {wrong}; its one option is 'dropout'.")
    return alexnet(None, image_size=image_size or 227, **options)
