"""Fine-tuning, a comparison of methods, and how to repeat a training run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlcourse.data import Task
from tlcourse.networks.layers import leaves
from tlcourse.transfer.features import extract_features
from tlcourse.transfer.freezing import unfreeze
from tlcourse.transfer.heads import build_classifier, set_head

if TYPE_CHECKING:
    import keras
    from sklearn.pipeline import Pipeline

METHODS = ("from scratch", "frozen", "fine-tuned")


def copy_of(backbone: "keras.Model") -> "keras.Model":
    """The same layers with weights of their own, equal to those of `backbone`.

    Training changes a model in place, and whoever loaded a backbone wants it again as it was.
    `clone_model` alone would not do: its layers begin with random weights.
    """
    import keras

    copy = keras.models.clone_model(backbone)
    copy.set_weights(backbone.get_weights())
    for _, layer in leaves(copy):
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()  # what it computes with is derived from its weights
    return copy


def gentle_sgd(learning_rate: float, steps: int) -> "keras.optimizers.Optimizer":
    """The optimizer of gentle fine-tuning: SGD with Nesterov momentum and a clipped gradient.

    Args:
        learning_rate: the highest, at the start.
        steps: batches until it is 0, along half a cosine (I. Loshchilov and F. Hutter, "SGDR",
            2017, arXiv:1608.03983).
    """
    import keras

    rate = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    return keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, global_clipnorm=1.0)


def probed_classifier(
    backbone: "keras.Model", num_classes: int, probe: "Pipeline", from_layer: str
) -> "keras.Model":
    """Where LP-FT stands between its two steps: the head is the probe, the late layers may learn.

    Args:
        backbone: from images to features (n, d). It is copied, and stays as it is.
        num_classes: of the probe.
        probe: fitted by `linear_probe` to the features.
        from_layer: the first layer that learns, as for `unfreeze`.

    Returns:
        A classifier, from images to logits, to be compiled with `gentle_sgd`.

    Raises:
        ValueError: probe and backbone do not fit, or there is no such layer.
    """
    model = build_classifier(copy_of(backbone), num_classes)
    set_head(model, probe)
    unfreeze(model, from_layer)
    return model


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
    gradient is therefore clipped to length 1 (`gentle_sgd`).
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

    from tlcourse.transfer.probe import linear_probe

    keras.utils.set_random_seed(seed)
    images, labels = task.train
    probe = linear_probe(extract_features(backbone, images), labels, seed=seed)
    model = probed_classifier(backbone, task.num_classes, probe, from_layer)
    _fit(model, task, epochs, batch_size, learning_rate, seed)
    return model


def train_from_scratch(
    backbone: "keras.Model",
    task: Task,
    *,
    epochs: int = 60,
    batch_size: int = 16,
    learning_rate: float = 0.03,
    seed: int = 0,
) -> "keras.Model":
    """The same layers as those of `backbone`, from random weights; all of them learn.

    What a backbone is worth shows against this. The arguments and the result are as for
    `fine_tune`; more passes are needed, and `seed` is also that of the weights.
    """
    import keras

    keras.utils.set_random_seed(seed)
    model = build_classifier(keras.models.clone_model(backbone), task.num_classes)
    model.trainable = True
    for _, layer in leaves(model):
        if isinstance(layer, keras.layers.BatchNormalization):
            # Few pictures are few steps: at Keras's 0.99 the running averages would lag behind
            # the weights, and "from scratch" would look worse than it is.
            layer.momentum = min(layer.momentum, 0.9)
    _fit(model, task, epochs, batch_size, learning_rate, seed)
    return model


def _fit(model, task: Task, epochs: int, batch_size: int, learning_rate: float, seed: int) -> None:
    import keras

    batches = task.as_dataset("train", batch_size=batch_size, shuffle=True, seed=seed)
    model.compile(
        gentle_sgd(learning_rate, epochs * len(batches)),
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
    from tlcourse.transfer.probe import linear_probe

    images, labels = few.test
    if method == "frozen":
        probe = linear_probe(extract_features(backbone, few.train.images), few.train.labels)
        return float(probe.score(extract_features(backbone, images), labels))
    if method == "fine-tuned":
        model = fine_tune(backbone, few, from_layer=from_layer, seed=seed, **options)
    else:
        batch_size = options.get("batch_size", 16)
        model = train_from_scratch(
            backbone, few, epochs=scratch_epochs, batch_size=batch_size, seed=seed
        )
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
