"""The one geometry of photos: the middle square, shrunk to what a network looks at.

A photo is never squeezed: its middle square is cut out, and what lies beside that is not seen. Then
it is resized, bilinear and antialiased, as the photographs were that photonet learned from.

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
    return np.asarray(middle.resize((size, size), Image.Resampling.BILINEAR))


def shrink(images: "np.ndarray | keras.KerasTensor", size: int) -> "keras.KerasTensor":
    """The middle squares of images, resized, by Keras operations.

    Operations, not a `keras.layers.Resizing`: see `tlcourse.networks.photonet.resized`.

    Args:
        images: (height, width, 3) or (n, height, width, 3), 0 to 255, of any type; height and
            width may be unknown (None) while a model is built.
        size: new height and width, in pixels.

    Returns:
        float32 (…, size, size, 3), whole numbers.
    """
    import keras

    resized = keras.ops.image.resize(
        keras.ops.cast(images, "float32"),
        (size, size),
        interpolation="bilinear",
        antialias=True,
        crop_to_aspect_ratio=True,
        data_format="channels_last",
    )
    return keras.ops.round(resized)
