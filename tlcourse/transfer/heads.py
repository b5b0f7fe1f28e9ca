"""Heads: put one on a backbone, and make it give what a linear probe gives."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras
    from sklearn.pipeline import Pipeline


def build_classifier(
    backbone: "keras.Model", num_classes: int, *, dropout: float = 0.0
) -> "keras.Model":
    """Put a new head on a backbone, which becomes one layer of the result.

    Args:
        backbone: from images to features (n, d) or feature maps (n, h, w, c); maps are averaged.
        num_classes: outputs of the head, at least 2.
        dropout: share of the features that are set to zero in training.

    Returns:
        A model from images to logits (n, num_classes); its last layer is called `head`.

    Raises:
        ValueError: `num_classes` is below 2, or the backbone gives something else.
    """
    import keras

    if num_classes < 2:
        raise ValueError(f"num_classes must be at least 2, not {num_classes}.")
    image = keras.Input(backbone.input_shape[1:], name="image")
    x = backbone(image)
    if x.ndim == 4:
        x = keras.layers.GlobalAveragePooling2D(name="average")(x)
    if x.ndim != 2:
        raise ValueError(
            f"{backbone.name} gives {tuple(x.shape)}; expected (n, d) or (n, h, w, c)."
        )
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    logits = keras.layers.Dense(num_classes, name="head", dtype="float32")(x)
    return keras.Model(image, logits, name="classifier")


def set_head(model: "keras.Model", probe: "Pipeline") -> None:
    """Make the `head` of a classifier give what a linear probe gives.

    The probe's scaling goes into the weights; its two-class form (one number) becomes
    two logits.

    Raises:
        ValueError: probe and head differ in features or classes.
    """
    scaler, regression = probe[0], probe[-1]
    kernel = (regression.coef_ / scaler.scale_).T
    bias = regression.intercept_ - scaler.mean_ @ kernel
    if kernel.shape[1] == 1:
        kernel, bias = np.hstack([-kernel / 2, kernel / 2]), np.hstack([-bias / 2, bias / 2])
    head = model.get_layer("head")
    if head.kernel.shape != kernel.shape:
        raise ValueError(f"The probe has weights {kernel.shape}, the head {head.kernel.shape}.")
    head.set_weights([kernel, bias])
