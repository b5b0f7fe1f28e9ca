"""Mistakes about what learns, and how fast."""

from collections.abc import Iterator

import numpy as np

from tlcourse.auditing.facts import Facts
from tlcourse.auditing.report import Finding
from tlcourse.summary import walk

AGAIN = "  # then compile again, with a new optimizer"
# Highest learning rate for layers that were trained before, by optimizer. Measured with SGD, as
# rate / (1 - momentum): lesson 5 fine-tunes well at 0.5; at 1.0, lesson 11 loses what was learned.
# For the Adam family, the rate is the size of a step; the Keras guide fine-tunes at 1e-5.
SGD_LIMIT, ADAM_LIMIT = 0.6, 5e-4
ADAM_LIKE = ("Adam", "AdamW", "Nadam", "RMSprop")


def nothing_learns(facts: Facts) -> Iterator[Finding]:
    """Every weight is frozen."""
    weights = facts.model.weights
    if weights and not facts.model.trainable_variables and (facts.compiled or facts.head):
        yield Finding(
            "error",
            "nothing learns",
            f"All {len(weights)} weights are frozen, the head's among them.",
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


def unfrozen_in_vain(facts: Facts) -> Iterator[Finding]:
    """Layers that are set to learn inside a model that is frozen."""
    idle = [
        path
        for path, layer in facts.body
        if layer.trainable and layer.trainable_variables and not facts.learns(layer)
    ]
    if not idle:
        return
    frozen = [
        path
        for path, inner in walk(facts.model)
        if hasattr(inner, "layers") and not inner.trainable and idle[0].startswith(f"{path}/")
    ]
    outer = layer_code(frozen[0]) if frozen else "model"
    yield Finding(
        "error",
        "unfrozen in vain",
        f"{_listed(idle)} set to learn, but the model around "
        f"{'it is' if len(idle) == 1 else 'them is'} frozen.",
        "A frozen model freezes all that is inside, whatever the layers inside say: this is "
        "feature extraction under the name of fine-tuning.",
        f"flags = [(layer, layer.trainable) for layer in {outer}.layers]\n"
        f"{outer}.trainable = True  # this sets all inside, so they are set back\n"
        f"for layer, flag in flags:\n    layer.trainable = flag{AGAIN}",
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
    """Pretrained BatchNormalization layers that are not frozen."""
    import keras

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
    optimizer = _optimizer(facts)
    kind = type(optimizer).__name__
    rate = peak_rate(optimizer)
    if kind == "SGD":
        momentum = float(optimizer.momentum)
        size, limit, better = rate / (1 - min(momentum, 0.99)), SGD_LIMIT, "SGD(0.01, momentum=0.9)"
        said = f"SGD reaches a learning rate of {rate:g} with momentum {momentum:g}"
    elif kind in ADAM_LIKE:
        size, limit, better = rate, ADAM_LIMIT, f"{kind}(1e-5)"
        said = f"{kind} reaches a learning rate of {rate:g}"
    else:
        return
    if size > limit:
        yield Finding(
            "error",
            "learning rate too high",
            f"{said}, and {len(tuned)} pretrained layers learn, {tuned[0]} the first.",
            "Steps that suit a new head are too long for layers that are good already: they "
            "forget what they knew within a few steps.",
            f'model.compile(keras.optimizers.{better}, model.loss, metrics=["accuracy"])',
        )


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


def _listed(paths: list[str]) -> str:
    if len(paths) == 1:
        return f"{paths[0]} is"
    return f"{len(paths)} layers, {paths[0]} the first, are"


CHECKS = (
    nothing_learns,
    nothing_frozen,
    head_frozen,
    unfrozen_in_vain,
    changed_after_compile,
    statistics_move,
    rate_too_high,
)
