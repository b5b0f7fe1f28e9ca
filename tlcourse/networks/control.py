"""The control of a comparison: the same network, with random weights that let signals pass."""

from typing import TYPE_CHECKING

import numpy as np

from tlcourse.errors import InputError
from tlcourse.networks.backbones import load_backbone
from tlcourse.networks.layers import leaves

if TYPE_CHECKING:
    import keras

ENOUGH = 32  # pictures to estimate the statistics of a channel from


def untrained_backbone(name: str, images: np.ndarray, *, seed: int = 0, **options) -> "keras.Model":
    """A backbone with random weights, alive: what a trained one has to be compared with.

    `load_backbone(name, weights=None)` is made to be trained. Frozen, it is no fair control: in a
    residual network, the last normalization of each block starts with a scale (`gamma`) of 0
    (P. Goyal et al., "Accurate, Large Minibatch SGD", 2017, arXiv:1706.02677, section 5.1), so that
    no branch passes any signal, and the stored averages are those of no data at all. Here each
    scale is 1, and the averages are those of the given pictures, which need no labels.

    Args:
        name: as for `load_backbone`.
        images: uint8 (n, height, width, 3), at least 32 pictures, such as a task's training
            pictures.
        seed: of the random weights.
        **options: for `load_backbone`, such as `image_size`.

    Returns:
        A model from images to features, as `load_backbone` gives it.

    Raises:
        ValueError: there are too few pictures to estimate averages from.
    """
    import keras

    if len(images) < ENOUGH:
        raise ValueError(
            f"The averages need at least {ENOUGH} pictures, not {len(images)}. They need no labels."
        )
    keras.utils.set_random_seed(seed)
    return enliven(load_backbone(name, weights=None, **options), images)


def enliven(model: "keras.Model", images: np.ndarray) -> "keras.Model":
    """Open every branch of a network with random weights, and fit its averages to pictures.

    Args:
        model: a backbone as it is before training; it is changed.
        images: (n, height, width, 3), as it takes them; they need no labels.

    Returns:
        The same model: each normalization has a scale of 1, and the averages of these pictures.
    """
    for norm in _norms(model):
        if norm.gamma is not None:
            norm.gamma.assign(np.ones(norm.gamma.shape))
    fit_statistics(model, images)
    return model


def fit_statistics(model: "keras.Model", images: np.ndarray) -> None:
    """Give each batch normalization the means and variances of these pictures, in place.

    One pass in training mode with momentum 0: what is stored is then what this batch has, and each
    layer is given what the layers before it make of their new averages.

    Args:
        model: frozen or not; neither its weights nor what of it is frozen changes.
        images: (n, height, width, 3), as it takes them; they need no labels, and go through it at
            once.

    Raises:
        InputError: there are no pictures, or the model has no batch normalization.
    """
    norms = _norms(model)
    if not norms:
        raise InputError(f"{model.name} has no batch normalization: there is nothing to adapt.")
    if not len(images):
        raise InputError("There are no pictures to take means and variances from.")
    states = [(norm, norm.momentum, norm.trainable) for norm in norms]
    for norm in norms:
        norm.trainable = True  # frozen, it would use what is stored
        norm.momentum = 0.0
    model(np.asarray(images, "float32"), training=True)
    for norm, momentum, trainable in states:
        norm.momentum, norm.trainable = momentum, trainable


def _norms(model: "keras.Model") -> list:
    import keras

    return [x for _, x in leaves(model) if isinstance(x, keras.layers.BatchNormalization)]
