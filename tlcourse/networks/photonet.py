"""photonet: a small residual network for 64x64 photographs, written to be read.

The shape is that of He et al. 2016 (arXiv:1512.03385), shrunk until two CPU cores can train it.
Two ideas of later papers are cheap at this size and are kept: squeeze-and-excitation
(Hu et al. 2018, arXiv:1709.01507) and a pooled shortcut (He et al. 2019, arXiv:1812.01187).

    input    64x64x3    uint8-range pixels; the scaling is part of the model
    stem     32x32x32   one convolution, stride 2
    stage1   32x32x32   one residual block a stage;
    stage2   16x16x64   from stage2 on each halves the picture
    stage3   8x8x128
    stage4   4x4x256
    features 256        global average
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import keras
from keras import layers

from tlcourse.networks.trained import WEIGHTS, stored_weights

WIDTHS = (32, 64, 128, 256)
BATCH_NORM = functools.partial(layers.BatchNormalization, momentum=0.9)


def photonet(
    classes: int | None = None,
    *,
    image_size: int | None = 64,
    widths: tuple[int, ...] = WIDTHS,
    batch_norm: Callable[..., keras.layers.Layer] = BATCH_NORM,
    resize: bool = False,
    name: str = "photonet",
) -> keras.Model:
    """Build photonet with random weights.

    Args:
        classes: Number of outputs of the `logits` layer; None leaves the head off.
        image_size: Height and width of the input in pixels; None accepts any size from 32 up.
        widths: Channels of stage1, stage2, ...; the stem has as many as stage1.
        batch_norm: Makes a batch normalization layer. The default's running averages follow in
            some dozens of steps; with Keras's momentum of 0.99 it takes hundreds, and a network
            trained from scratch on few pictures would look worse than it is. The training recipe
            passes a faster layer with the same weights.
        resize: Take pictures of any size, and resize them to `image_size` inside the model.
        name: Name of the model.

    Returns:
        A model from images, `(batch, image_size, image_size, 3)` in [0, 255], uint8 or float,
        to logits `(batch, classes)`, or to features `(batch, widths[-1])` without a head. The
        output of each part is the layer with its name: `stem`, `stage1`, ..., `features`.
    """
    # Inputs are NHWC always; Keras set to channels_first (faster on PyTorch) turns them inside.
    channels_first = keras.config.image_data_format() == "channels_first"
    axis = 1 if channels_first else -1

    def conv_norm(x, filters, kernel, stride, prefix, *, gamma="ones"):
        # No bias: the normalization that follows would take it out again.
        x = layers.Conv2D(
            filters, kernel, strides=stride, padding="same", use_bias=False,
            kernel_initializer="he_normal", name=f"{prefix}_conv",
        )(x)  # fmt: skip
        return batch_norm(axis=axis, gamma_initializer=gamma, name=f"{prefix}_norm")(x)

    def excite(x, filters, prefix):
        # Each channel is scaled by a number in (0, 1) that depends on the whole picture.
        s = layers.GlobalAveragePooling2D(keepdims=True, name=f"{prefix}_squeeze")(x)
        s = layers.Conv2D(filters // 8, 1, activation="relu", name=f"{prefix}_reduce")(s)
        s = layers.Conv2D(filters, 1, activation="sigmoid", name=f"{prefix}_excite")(s)
        return layers.Multiply(name=f"{prefix}_scale")([x, s])

    def block(x, filters, stride, prefix):
        shortcut = x
        if stride > 1:
            pool = layers.AveragePooling2D(stride, padding="same", name=f"{prefix}_pool")
            shortcut = pool(shortcut)
        if x.shape[axis] != filters:
            shortcut = conv_norm(shortcut, filters, 1, 1, f"{prefix}_shortcut")
        x = conv_norm(x, filters, 3, stride, f"{prefix}_1")
        x = layers.ReLU(name=f"{prefix}_1_relu")(x)
        # Gamma starts at zero, so that the block starts as its shortcut (arXiv:1706.02677).
        x = conv_norm(x, filters, 3, 1, f"{prefix}_2", gamma="zeros")
        x = excite(x, filters, prefix)
        x = layers.Add(name=f"{prefix}_add")([shortcut, x])
        return layers.ReLU(name=prefix)(x)

    side = None if resize else image_size
    inputs = x = keras.Input((side, side, 3), name="image")
    if resize:
        x = resized(x, image_size)
    if channels_first:
        x = layers.Permute((3, 1, 2), name="to_channels_first")(x)
    x = layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale")(x)
    x = layers.ReLU(name="stem")(conv_norm(x, widths[0], 3, 2, "stem"))
    for i, filters in enumerate(widths, start=1):
        x = block(x, filters, 1 if i == 1 else 2, f"stage{i}")
    x = layers.GlobalAveragePooling2D(name="features")(x)
    if classes is not None:
        x = layers.Dense(classes, name="logits")(x)
    return keras.Model(inputs, x, name=name)


def resized(images: keras.KerasTensor, size: int) -> keras.KerasTensor:
    """The images at one size: bilinear, antialiased, as a part of the model.

    An operation, not a `keras.layers.Resizing`: that layer's `call` has `training=True` as its
    default, and in Keras 3.15 `model(images)` then computes all that follows in training mode,
    batch normalization with the batch's own statistics among it.
    """
    return keras.ops.image.resize(images, (size, size), antialias=True, data_format="channels_last")


def load_photonet_weights(model: keras.Model, path: str | Path = WEIGHTS) -> keras.Model:
    """Put the trained weights into a network made by `photonet`; its head too, if it has one.

    The file is read without pickle, and only when its SHA-256 is the one in `NAME.sha256`
    beside it, so every load gives the same bits.

    Args:
        model: Result of `photonet()` or of `photonet(classes=len(photonet_classes()))`.
        path: The weights: an npz of `layer/variable`: float16 kernels, or int8 ones with a
            `layer/variable:scale` for each output channel, and float32 vectors.

    Returns:
        The same model.

    Raises:
        AssetError: The weights or their digest are not there, or the digest is wrong.
        ValueError: The weights are those of another network.
    """
    stored = stored_weights(path)
    variables = {f"{layer.name}/{v.name}": v for layer in model.layers for v in layer.weights}
    for name, variable in variables.items():
        found = stored[name].shape if name in stored else "nothing"
        if found != tuple(variable.shape):
            raise ValueError(
                f"Expected {name} of shape {tuple(variable.shape)} in {path}; found {found}. "
                "Build the network with the widths and the number of classes that it was trained "
                "with, or without a head (classes=None)."
            )
    for name, variable in variables.items():
        variable.assign(stored[name])
    return model
