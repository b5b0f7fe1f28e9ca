"""The one geometry of photos: the middle square, shrunk to what a network looks at.

A photo is never squeezed: its middle square is cut out, and what lies beside that is not seen. Then
it is resized by Lanczos's filter, antialiased.

The rule stands here twice, as there are two that apply it, and their pixels differ by one gray
level at most: `square` is Pillow's, and needs no TensorFlow; `shrink` is made of Keras operations,
and is a part of every saved model.
"""

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from tlcourse.data.photographs import middle_box

if TYPE_CHECKING:
    import keras


def square(image: np.ndarray, size: int) -> np.ndarray:
    """The middle square of an image, resized.

    Args:
        image: uint8 (height, width, 3).
        size: new height and width, in pixels.

    Returns:
        uint8 (size, size, 3).
    """
    picture = Image.fromarray(image)
    # Cut first: with `box=` in `resize`, Pillow mixes in pixels from beside the square.
    middle = picture.crop(middle_box(*picture.size))
    # In floating point: bytes are rounded and clipped between width and height, too, which leaves
    # single pixels up to 40 levels from what Keras computes.
    channels = [
        np.asarray(channel.convert("F").resize((size, size), Image.Resampling.LANCZOS))
        for channel in middle.split()
    ]
    return np.clip(np.rint(np.stack(channels, axis=-1)), 0, 255).astype(np.uint8)


def shrink(images: "np.ndarray | keras.KerasTensor", size: int) -> "keras.KerasTensor":
    """The middle squares of images, resized, by Keras operations.

    Operations, not a `keras.layers.Resizing`: see `tlcourse.networks.photonet.resized`.

    Args:
        images: (height, width, 3) or (n, height, width, 3), 0 to 255, of any type; height and
            width may be unknown (None) while a model is built.
        size: new height and width, in pixels.

    Returns:
        float32 (…, size, size, 3), whole numbers from 0 to 255.
    """
    import keras

    resized = keras.ops.image.resize(
        keras.ops.cast(images, "float32"),
        (size, size),
        interpolation="lanczos3",
        antialias=True,
        crop_to_aspect_ratio=True,
        data_format="channels_last",
    )
    return keras.ops.clip(keras.ops.round(resized), 0, 255)  # edges overshoot
