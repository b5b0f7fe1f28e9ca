"""Mistakes about what learns, and how fast."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tlcourse.auditing.facts import Facts
from tlcourse.auditing.report import Finding

AGAIN = "  # then compile again, with a new optimizer"
# Highest learning rate for layers that were trained before, by optimizer. Measured with SGD, as
# rate / (1 - momentum): lesson 5 fine-tunes well at 0.5; at 1.0, lesson 11 loses what was learned.
# For the Adam family, the rate is the size of a step; the Keras guide fine-tunes at 1e-5.
SGD_LIMIT, ADAM_LIMIT = 0.6, 5e-4
# Below these, nobody trains a head. Keras's own SGD, 0.01 without momentum, still is for one.
SGD_LEAST, ADAM_LEAST = 0.009, 2.5e-5
ADAM_LIKE = ("Adam", "AdamW", "Nadam", "RMSprop")


def nothing_learns(facts: Facts) -> Iterator[Finding]:
    """Every weight is frozen."""
    weights = facts.model.weights
    in_vain = not facts.model.trainable and any(layer.trainable for _, layer in facts.body)
    if weights and not facts.model.trainable_variables and (facts.compiled or facts.head):
        yield Finding(
            "error",
            "nothing learns",
            f"All {len(weights)} weights are frozen, the head's among them."
            + " Layers were set to learn, but the model itself is frozen." * bool(in_vain),
            "Training runs, and changes nothing: the head keeps the random numbers it began with.",
            _only_the_head(facts),
        )


def nothing_frozen(facts: Facts) -> Iterator[Finding]:
    """A pretrained body of which all of it learns."""
    known = [layer for path, layer in facts.body if path in facts.pretrained]
    if facts.head and known and all(map(facts.learns, known)):
        yield Finding(
            "warning",
            "nothing is frozen",
            f"All {len(known)} pretrained layers learn, together with the head.",
            "Few pictures do not suffice to train so many weights, and the random head sends "
            "large, useless gradients into layers that were good.",
            _only_the_head(facts),
        )


def head_frozen(facts: Facts) -> Iterator[Finding]:
    """The head does not learn, and other layers do."""
    if facts.head and facts.model.trainable_variables and not facts.learns(facts.head[1]):
        path, _ = facts.head
        yield Finding(
            "error",
            "the head is frozen",
            f"{path} does not learn, and layers before it do.",
            "The new head is random. Frozen, it stays so, and the layers before it are bent to "
            "serve it.",
            f"{layer_code(path)}.trainable = True{AGAIN}",
        )


def nothing_unfrozen(facts: Facts) -> Iterator[Finding]:
    """A body that is all frozen under a learning rate that is for fine-tuning."""
    layers = [layer for path, layer in facts.body if path in facts.pretrained]
    if not facts.compiled or not facts.head or not layers or any(map(facts.learns, layers)):
        return
    speed = _speed(facts)
    if speed is None or not facts.learns(facts.head[1]) or speed.size >= speed.least:
        return
    place = _home(facts.body[-1][0])
    yield Finding(
        "warning",
        "nothing is unfrozen",
        f"{speed.said}, which is for fine-tuning, and only the head learns.",
        "This is feature extraction, slowed down, under the name of fine-tuning: the body stays "
        "as it was, and nobody is told.",
        f"for layer in {place}.layers[-10:]:\n"
        f"    layer.trainable = not isinstance(layer, keras.layers.BatchNormalization){AGAIN}",
    )


def changed_after_compile(facts: Facts) -> Iterator[Finding]:
    """The optimizer was made for other variables than those that learn now.

    Its slots tell, such as `adam/head_kernel_momentum`; plain SGD has none, so it cannot be told.
    """
    if not facts.compiled:
        return
    names = {variable.path.replace("/", "_") for variable in facts.model.weights}
    slots = {variable.path.split("/", 1)[-1].rsplit("_", 1)[0] for variable in _slots(facts)}
    made_for = slots & names
    now = {variable.path.replace("/", "_") for variable in facts.model.trainable_variables}
    if made_for and made_for != now:
        added, left = len(now - made_for), len(made_for - now)
        yield Finding(
            "error",
            "trainable changed after compile",
            f"The optimizer was made for {len(made_for)} weights; now {len(now)} are to learn "
            f"({added} more, {left} fewer).",
            "Keras fixes what learns when it first trains after `compile`. The change has no "
            "effect until the model is compiled again.",
            "model.compile(type(model.optimizer).from_config(model.optimizer.get_config()), "
            'model.loss, metrics=["accuracy"])',
        )


def _slots(facts: Facts) -> list:
    return [variable for variable in _optimizer(facts).variables if len(variable.shape)]


def _optimizer(facts: Facts):
    optimizer = facts.model.optimizer
    return getattr(optimizer, "inner_optimizer", optimizer)  # mixed precision wraps it


def statistics_move(facts: Facts) -> Iterator[Finding]:
    """Pretrained BatchNormalization layers that are not frozen, in a model that can be trained."""
    import keras

    if not facts.compiled and not facts.head:
        return
    moving = [
        path
        for path, layer in facts.body
        if isinstance(layer, keras.layers.BatchNormalization)
        and layer.trainable
        and path in facts.pretrained
    ]
    if moving:
        place = _home(moving[0])
        yield Finding(
            "warning",
            "statistics will move",
            f"{len(moving)} pretrained BatchNormalization layers are not frozen, {moving[0]} the "
            "first.",
            "In training they replace the means and variances of the source task by those of a "
            "few batches. Calling the backbone with `training=False` does not keep them from it: "
            "in Keras up to 3.15 they move all the same.",
            f"for layer in {place}.layers:\n"
            "    if isinstance(layer, keras.layers.BatchNormalization):\n"
            f"        layer.trainable = False{AGAIN}",
        )


def rate_too_high(facts: Facts) -> Iterator[Finding]:
    """A learning rate for a new head, used on pretrained layers."""
    tuned = [path for path, layer in facts.body if path in facts.pretrained and facts.learns(layer)]
    if not facts.compiled or not tuned:
        return
    speed = _speed(facts)
    if speed is not None and speed.size > speed.limit:
        yield Finding(
            "error",
            "learning rate too high",
            f"{speed.said}, and {len(tuned)} pretrained layers learn, {tuned[0]} the first.",
            "Steps that suit a new head are too long for layers that are good already: they "
            "forget what they knew within a few steps.",
            f'model.compile(keras.optimizers.{speed.better}, model.loss, metrics=["accuracy"])',
        )


class Speed(NamedTuple):
    """How fast an optimizer goes.

    Attributes:
        size: the highest learning rate; of SGD, divided by 1 - momentum.
        least: what heads are trained with, at least.
        limit: the most that pretrained layers bear.
        said: in words.
        better: code of an optimizer for pretrained layers.
    """

    size: float
    least: float
    limit: float
    said: str
    better: str


def _speed(facts: Facts) -> Speed | None:
    """None for an optimizer whose steps are of another kind."""
    optimizer = _optimizer(facts)
    kind, rate = type(optimizer).__name__, peak_rate(optimizer)
    said = f"{kind} reaches a learning rate of {rate:g}"
    if kind == "SGD":
        momentum = float(optimizer.momentum)
        size, said = rate / (1 - min(momentum, 0.99)), f"{said} with momentum {momentum:g}"
        return Speed(size, SGD_LEAST, SGD_LIMIT, said, "SGD(0.01, momentum=0.9)")
    if kind in ADAM_LIKE:
        return Speed(rate, ADAM_LEAST, ADAM_LIMIT, said, f"{kind}(1e-5)")
    return None


def peak_rate(optimizer) -> float:
    """The highest learning rate that an optimizer will use, also by a schedule."""
    import keras

    config = optimizer.get_config().get("learning_rate")
    if isinstance(config, dict):
        schedule = keras.optimizers.schedules.deserialize(config)
        steps = np.unique(np.geomspace(1, 1e6, 60).astype(int))
        return max(float(schedule(int(step))) for step in (0, *steps))
    return float(optimizer.learning_rate)


# ------------------------------------------------------------------ code that mends


def layer_code(path: str) -> str:
    """`"photonet/stem_conv"` as code that gets the layer out of `model`."""
    return "model" + "".join(f".get_layer({name!r})" for name in path.split("/") if name)


def _home(path: str) -> str:
    """Code for the model that a layer is in."""
    return layer_code(path.rpartition("/")[0])


def _only_the_head(facts: Facts) -> str:
    path = facts.head[0] if facts.head else ""
    nested = dict.fromkeys(p.split("/")[0] for p, _ in facts.body if "/" in p)
    if nested and "/" not in path:
        lines = [f"{layer_code(name)}.trainable = False" for name in nested]
    else:
        home = _home(path)
        lines = [
            f"for layer in {home}.layers:",
            f"    layer.trainable = layer.name == {path.split('/')[-1]!r}",
        ]
    return "\n".join(["model.trainable = True", *lines]) + AGAIN


CHECKS = (
    nothing_learns,
    nothing_frozen,
    nothing_unfrozen,
    head_frozen,
    changed_after_compile,
    statistics_move,
    rate_too_high,
)
