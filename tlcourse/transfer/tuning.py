"""Fine-tuning, a comparison of methods, and how to repeat a training run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlcourse.data import Task
from tlcourse.networks.layers import leaves
from tlcourse.transfer.features import extract_features
from tlcourse.transfer.freezing import unfreeze
from tlcourse.transfer.heads import build_classifier

if TYPE_CHECKING:
    import keras

METHODS = ("from scratch", "frozen", "fine-tuned")


def fine_tune(
    backbone: "keras.Model",
    task: Task,
    *,
    from_layer: str,
    epochs: int = 20,
    batch_size: int = 16,
    learning_rate: float = 0.01,
    seed: int = 0,
) -> "keras.Model":
    """Probe first, then tune: train a head alone, then the later layers with it, gently.

    A random head would send large, useless gradients into the backbone and spoil its features. So
    can a good head on a foreign task: its weights are large where the features are faint. The
    gradient is therefore clipped to length 1.
    A. Kumar, A. Raghunathan, R. Jones, T. Ma and P. Liang, "Fine-tuning can distort pretrained
    features and underperform out-of-distribution" (LP-FT), 2022, arXiv:2202.10054.

    Args:
        backbone: from images to features (n, d). It is copied, and stays as it is.
        task: its training part is learned from, and nothing else is looked at.
        from_layer: the first layer that learns, as for `unfreeze`.
        epochs: passes over the training pictures.
        batch_size: pictures a step.
        learning_rate: the highest, of SGD with momentum; it falls to 0 along a cosine.
        seed: of the order of the pictures.

    Returns:
        The compiled classifier, from images to logits.
    """
    import keras

    from tlcourse.transfer.heads import set_head
    from tlcourse.transfer.probe import linear_probe

    keras.utils.set_random_seed(seed)
    copy = keras.models.clone_model(backbone)
    copy.set_weights(backbone.get_weights())
    model = build_classifier(copy, task.num_classes)
    images, labels = task.train
    set_head(model, linear_probe(extract_features(backbone, images), labels, seed=seed))
    unfreeze(model, from_layer)
    _fit(model, task, epochs, batch_size, learning_rate, seed)
    return model


def _fit(model, task: Task, epochs: int, batch_size: int, learning_rate: float, seed: int) -> None:
    import keras

    batches = task.as_dataset("train", batch_size=batch_size, shuffle=True, seed=seed)
    rate = keras.optimizers.schedules.CosineDecay(learning_rate, epochs * len(batches))
    model.compile(
        keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, global_clipnorm=1.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    # All passes are one epoch for Keras: the end of each would cost more than a small pass.
    model.fit(batches.repeat(epochs), shuffle=False, verbose=0)  # `batches` are shuffled


class Result(NamedTuple):
    """One row of a comparison: the test accuracy of one training run."""

    method: str
    images_per_class: int
    seed: int
    accuracy: float


def compare(
    backbone: "keras.Model",
    task: Task,
    *,
    from_layer: str,
    sizes: Sequence[int] = (5, 10, 20),
    seeds: Sequence[int] = (0, 1, 2),
    methods: Sequence[str] = METHODS,
    scratch_epochs: int = 60,
    **options,
) -> list[Result]:
    """From scratch, frozen and fine-tuned, on the same few pictures; test accuracies.

    Args:
        backbone: from images to features (n, d); "from scratch" trains the same layers from
            random numbers.
        task: its training pictures are drawn by `few_shot(size, seed)`.
        from_layer: where fine-tuning begins, as for `unfreeze`.
        sizes: training pictures a class.
        seeds: one run each.
        methods: some of `METHODS`.
        scratch_epochs: passes for "from scratch", which needs more of them.
        **options: for `fine_tune`.

    Returns:
        A row a run, by method, then size, then seed.

    Raises:
        ValueError: there is no such method.
    """
    if unknown := [method for method in methods if method not in METHODS]:
        raise ValueError(f"methods must be among {METHODS}, not {unknown}.")
    rows = []
    for method in methods:
        for size in sizes:
            for seed in seeds:
                few = task.few_shot(size, seed=seed)
                accuracy = _accuracy(
                    method, backbone, few, from_layer, scratch_epochs, seed, options
                )
                rows.append(Result(method, size, seed, accuracy))
    return rows


def _accuracy(method, backbone, few: Task, from_layer, scratch_epochs, seed, options) -> float:
    import keras

    from tlcourse.transfer.probe import linear_probe

    images, labels = few.test
    if method == "frozen":
        probe = linear_probe(extract_features(backbone, few.train.images), few.train.labels)
        return float(probe.score(extract_features(backbone, images), labels))
    if method == "fine-tuned":
        model = fine_tune(backbone, few, from_layer=from_layer, seed=seed, **options)
    else:
        keras.utils.set_random_seed(seed)
        model = build_classifier(keras.models.clone_model(backbone), few.num_classes)
        model.trainable = True
        for _, layer in leaves(model):
            if isinstance(layer, keras.layers.BatchNormalization):
                # Few pictures are few steps: at Keras's 0.99 the running averages would lag behind
                # the weights, and "from scratch" would look worse than it is.
                layer.momentum = min(layer.momentum, 0.9)
        _fit(model, few, scratch_epochs, options.get("batch_size", 16), 0.03, seed)
    return float(np.mean(model.predict(images, verbose=0).argmax(axis=1) == labels))


def restart(model: "keras.Model", weights: Sequence[np.ndarray]) -> None:
    """Set a compiled model back to `weights`, and its optimizer to step 0.

    To repeat a training run, `compile` would do as well, but it makes Keras trace the graph again,
    which takes longer than a small run itself. A constant learning rate stays as it is; a
    schedule starts again, since it goes by the step.

    Args:
        model: a compiled `keras.Model`.
        weights: what `model.get_weights()` gave, in the same order and shapes.

    Raises:
        ValueError: the model was not compiled, or the weights do not fit it.
    """
    if getattr(model, "optimizer", None) is None:
        raise ValueError("restart needs a compiled model: call model.compile(...) first.")
    model.set_weights(weights)
    optimizer = model.optimizer
    for variable in optimizer.variables:
        if variable is not optimizer.learning_rate:
            variable.assign(np.zeros(variable.shape, variable.dtype))
