"""Mistakes about what comes out of a model, and the loss that judges it."""

from collections.abc import Iterator

import numpy as np

from tlcourse.auditing.data import is_class_labels, is_one_hot
from tlcourse.auditing.facts import Facts
from tlcourse.auditing.report import Finding
from tlcourse.networks.layers import leaves

REGRESSION = ("meansquared", "meanabsolute", "mse", "mae", "huber", "logcosh", "msle", "mape")


def logits_or_not(facts: Facts) -> Iterator[Finding]:
    """Softmax with `from_logits=True`, or logits without it."""
    loss, kind = _loss(facts), gives(facts)
    if loss is None or kind is None or "crossentropy" not in loss[0]:
        return
    from_logits = loss[1]
    if kind == "logits" and not from_logits:
        yield Finding(
            "error",
            "from_logits",
            "The model gives logits, and the loss takes them for probabilities.",
            "Numbers below 0 or above 1 are cut off, and with them the gradient: most training "
            "stands still.",
            compile_code(loss_code(facts, from_logits=True)),
        )
    if kind == "probabilities" and from_logits:
        yield Finding(
            "error",
            "from_logits",
            "The model gives probabilities, and the loss takes them for logits.",
            "A second softmax flattens the first: even a perfect answer is far from certain, and "
            "training slows down. (On TensorFlow, Keras 3 notices a softmax that is the very last "
            "step, warns, and undoes it. It does not where anything follows.)",
            compile_code(loss_code(facts, from_logits=False)),
        )


def softmax_twice(facts: Facts) -> Iterator[Finding]:
    """A softmax of a softmax."""
    last = [layer for _, layer in leaves(facts.model)][-4:]
    soft = [layer.name for layer in last if _is_softmax(layer)]
    if len(soft) > 1:
        yield Finding(
            "error",
            "softmax twice",
            f"{soft[0]} gives probabilities, and {soft[1]} takes them for logits.",
            "The second softmax flattens the first: of five classes, none can get more than 40 %, "
            "however sure the model is, and training slows down.",
            f"# leave {soft[1]} out, or give {soft[0]} no activation",
        )


def _is_softmax(layer) -> bool:
    import keras

    name = getattr(getattr(layer, "activation", None), "__name__", "")
    return isinstance(layer, keras.layers.Softmax) or name == "softmax"


def head_activation(facts: Facts) -> Iterator[Finding]:
    """A head whose activation leaves no room for some answers."""
    loss = _loss(facts)
    if not facts.head or loss is None or "crossentropy" not in loss[0]:
        return
    path, layer = facts.head
    name = getattr(getattr(layer, "activation", None), "__name__", "linear")
    if name == "sigmoid" and "categorical" in loss[0] and getattr(layer, "units", 1) > 1:
        yield Finding(
            "error",
            "activation of the head",
            f"{path} gives {layer.units} probabilities, each for itself, and {loss[0]} takes them "
            "for those of one class of many.",
            "The loss divides them by their sum. Where all are near 1 or 0, nothing pulls them "
            "back, and none is the probability that it looks like.",
            f"outputs = keras.layers.Dense({layer.units}, 'softmax', name={layer.name!r})(x)",
        )
    if name in ("linear", "softmax", "sigmoid", "log_softmax", "hard_sigmoid"):
        return
    yield Finding(
        "error",
        "activation of the head",
        f"{path} ends with {name}, and its numbers are judged by {loss[0]}.",
        "Logits have to be able to be negative and large. What the activation cuts off gets no "
        "gradient: some classes can never be denied, or never be named.",
        f"outputs = keras.layers.Dense({layer.units}, name={layer.name!r})(features)  # logits"
        if hasattr(layer, "units")
        else "# no activation after the last layer",
    )


def outputs_and_classes(facts: Facts) -> Iterator[Finding]:
    """More or fewer outputs than classes."""
    shape, classes = getattr(facts.model, "output_shape", None), facts.data.num_classes
    if shape is None and facts.output is not None:
        shape = facts.output.shape
    if not facts.head or classes is None or not isinstance(shape, tuple) or len(shape) != 2:
        return
    outputs, loss = shape[1], _loss(facts)
    if predicts_a_quantity(facts):
        return
    if outputs == classes or (outputs == 1 and classes == 2 and not _softmax_alone(facts, loss)):
        return
    fewer = outputs < classes
    if not fewer and facts.data.may_have_more_classes:
        return
    yield Finding(
        "error" if fewer or outputs == 1 else "warning",
        "outputs and classes",
        f"The model has {outputs} output{'s' * (outputs > 1)} for {classes} classes.",
        "A class without an output can never be named; its labels stop training, or make it NaN."
        if fewer
        else "Outputs without a class can be named, and never rightly.",
        f"outputs = keras.layers.Dense({classes}, name={facts.head[1].name!r})(features)",
    )


def _softmax_alone(facts: Facts, loss) -> bool:
    """A softmax over one output is always 1."""
    alone = getattr(getattr(facts.head[1], "activation", None), "__name__", "") == "softmax"
    return alone or (
        loss is not None and loss[0] in ("categoricalcrossentropy", "sparsecategoricalcrossentropy")
    )


def loss_and_labels(facts: Facts) -> Iterator[Finding]:
    """A loss that is for labels of another form."""
    loss = _loss(facts)
    labels = next((s.labels for s in facts.data.splits.values() if s.labels is not None), None)
    if loss is None or not is_class_labels(labels) or not facts.head:
        return
    name, _ = loss
    outputs = int(getattr(facts.model, "output_shape", (0, 0))[-1] or 0)
    if predicts_a_quantity(facts):
        return
    hot = is_one_hot(labels)
    if name.startswith(REGRESSION):
        found = "The labels are classes, and the loss is one for quantities."
        why = (
            "It treats class 4 as twice class 2, and hardly corrects answers that are surely wrong."
        )
    elif name == "sparsecategoricalcrossentropy" and hot:
        found = "The labels are one-hot, and the loss wants the number of the class."
        why = "Keras stops with an error about shapes."
    elif name in ("categoricalcrossentropy", "categoricalfocalcrossentropy") and not hot:
        found = "The labels are numbers of classes, and the loss wants them one-hot."
        why = "Keras stops with an error about shapes."
    elif name == "binarycrossentropy" and not hot and outputs > 1:
        found = (
            f"The model has {outputs} outputs, and the loss is for one with the answers 0 and 1."
        )
        why = "Keras stops with an error about shapes, or compares outputs with the wrong labels."
    elif name == "binarycrossentropy" and hot and outputs > 1 and _sums_to_one(facts):
        found = "Each picture is of one class, and the loss judges each output for itself."
        why = (
            "Accuracy by its name is then that of single outputs: who names no class at all is "
            f"right in {1 - 1 / outputs:.0%}. And a softmax lets no two outputs be judged alone."
        )
    else:
        return
    yield Finding(
        "error",
        "loss and labels",
        f"{found} (Labels {labels.dtype} {labels.shape}.)",
        why,
        compile_code(loss_code(facts, from_logits=gives(facts) != "probabilities")),
    )


# ------------------------------------------------------------------ what it is


def predicts_a_quantity(facts: Facts) -> bool:
    """Whether whole numbers are quantities, such as years, and no classes.

    There is one output, a loss for quantities, no names of classes, and not just 0 and 1.
    """
    labels = next((s.labels for s in facts.data.splits.values() if s.labels is not None), None)
    shape, loss = getattr(facts.model, "output_shape", None), _loss(facts)
    if labels is None or labels.ndim != 1 or loss is None or not loss[0].startswith(REGRESSION):
        return False
    if not isinstance(shape, tuple) or shape[-1] != 1 or facts.data.names:
        return False
    return not set(np.unique(labels).tolist()) <= {0, 1}


def _sums_to_one(facts: Facts) -> bool:
    return facts.output is not None and np.allclose(facts.output.sum(axis=-1), 1, atol=1e-3)


def gives(facts: Facts) -> str | None:
    """`"probabilities"` or `"logits"`; None where it cannot be told."""
    import keras

    last = facts.model
    while getattr(last, "layers", None):
        last = last.layers[-1]
    if isinstance(last, keras.layers.Softmax):
        return "probabilities"
    activation = getattr(getattr(last, "activation", None), "__name__", None)
    if activation in ("softmax", "sigmoid"):
        return "probabilities"
    output = facts.output
    if output is not None and output.ndim == 2 and len(output):
        sums = output.sum(axis=1)
        if output.shape[1] > 1 and output.min() >= 0 and np.allclose(sums, 1, atol=1e-3):
            return "probabilities"  # by an operation that is no layer
        return "logits" if output.min() < 0 or output.max() > 1 else None
    return "logits" if activation == "linear" else None


def _loss(facts: Facts) -> tuple[str, bool] | None:
    """Name of the loss, in plain letters, and its `from_logits`; None where there is not one."""
    loss = getattr(facts.model, "loss", None) if facts.compiled else None
    if loss is None or isinstance(loss, list | tuple | dict):
        return None
    if isinstance(loss, str):
        name, settings = loss, {}
    elif hasattr(loss, "get_config"):
        name, settings = type(loss).__name__, loss.get_config()
        if name == "LossFunctionWrapper":
            name = loss.name
    else:
        name, settings = getattr(loss, "__name__", type(loss).__name__), {}
    return name.replace("_", "").lower(), bool(settings.get("from_logits", False))


def loss_code(facts: Facts, *, from_logits: bool) -> str:
    """Code for the loss that fits the labels and the outputs."""
    labels = next((s.labels for s in facts.data.splits.values() if s.labels is not None), None)
    outputs, loss = getattr(facts.model, "output_shape", None), _loss(facts)
    if isinstance(outputs, tuple) and outputs[-1] == 1:
        kind = "BinaryCrossentropy"
    elif labels is not None:
        kind = "CategoricalCrossentropy" if is_one_hot(labels) else "SparseCategoricalCrossentropy"
    elif loss is not None and loss[0].startswith("binary"):
        kind = "BinaryCrossentropy"
    else:
        sparse = loss is None or loss[0].startswith("sparse")
        kind = "SparseCategoricalCrossentropy" if sparse else "CategoricalCrossentropy"
    return f"keras.losses.{kind}({'from_logits=True' if from_logits else ''})"


def compile_code(loss: str) -> str:
    """Code that compiles the model with another loss."""
    return f'model.compile(model.optimizer, {loss}, metrics=["accuracy"])'


CHECKS = (logits_or_not, softmax_twice, head_activation, outputs_and_classes, loss_and_labels)
