"""Mistakes about what learns, and how fast."""

from collections.abc import Iterator

from tlcourse.auditing.facts import Facts
from tlcourse.auditing.fresh import is_marked, random_layers
from tlcourse.auditing.report import Finding
from tlcourse.auditing.speed import gently_as_a_whole, optimizer_of, speed_of

AGAIN = "  # then compile again, with a new optimizer"


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
    if facts.head and known and all(map(facts.learns, known)) and not gently_as_a_whole(facts):
        yield Finding(
            "warning",
            "nothing is frozen",
            f"All {len(known)} pretrained layers learn, together with the head.",
            "Few pictures do not suffice to train so many weights, and the random head sends "
            "large, useless gradients into layers that were good.",
            _only_the_head(facts),
        )


def random_body(facts: Facts) -> Iterator[Finding]:
    """A body that is all frozen, and holds the numbers that it was made with."""
    if not facts.fresh or not facts.head or any(facts.learns(layer) for _, layer in facts.body):
        return
    if facts.compiled and facts.learns(facts.head[1]):
        place, name = _home(facts.body[-1][0]), facts.model.name
        if "/" in facts.body[-1][0]:
            name = facts.body[-1][0].split("/")[0]
        yield Finding(
            "error",
            "random body",
            f"All {len(facts.body)} layers before the head are frozen, and their biases and "
            "normalization statistics are those that a new layer begins with.",
            "The head learns from random features, and the body never gets better. Mostly, the "
            "weights were not loaded, or loaded into another model.",
            f'{place}.load_weights("…")  # the pretrained weights of {name}; or build it with them',
        )


def partly_random_body(facts: Facts) -> Iterator[Finding]:
    """Frozen layers that hold the numbers they were made with, in a body that was pretrained."""
    if not facts.head or not any(any(is_marked(layer)) for _, layer in facts.body):
        return
    random = [path for path, layer in random_layers(facts.body) if not facts.learns(layer)]
    if random and facts.pretrained:
        kernels = sum(hasattr(layer, "kernel") for _, layer in facts.body)
        yield Finding(
            "error",
            "partly random body",
            f"{len(random)} of {kernels} layers with a kernel are frozen and hold the random "
            f"numbers that they were made with, {random[0]} the first; others were trained.",
            "What the trained layers know is lost in the random ones, and those never get better. "
            "Mostly, weights were loaded with `skip_mismatch=True`, or from a file of another "
            "network.",
            f'{_home(random[0])}.load_weights("…")  # all of them; or let {random[0]} learn',
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
    speed = speed_of(facts)
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

    Its slots tell, such as `adam/head_kernel_momentum`; plain SGD has none, but, once it has
    taken a step, a list of the variables that it was built for.
    """
    if not facts.compiled:
        return
    names = {variable.path.replace("/", "_") for variable in facts.model.weights}
    slots = {variable.path.split("/", 1)[-1].rsplit("_", 1)[0] for variable in _slots(facts)}
    listed = getattr(optimizer_of(facts), "_trainable_variables", None) or ()
    made_for = slots & names or {variable.path.replace("/", "_") for variable in listed}
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
    return [variable for variable in optimizer_of(facts).variables if len(variable.shape)]


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
    if moving and not gently_as_a_whole(facts):
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
    speed = speed_of(facts)
    if speed is not None and speed.size > speed.limit:
        yield Finding(
            "error",
            "learning rate too high",
            f"{speed.said}, and {len(tuned)} pretrained layers learn, {tuned[0]} the first.",
            "Steps that suit a new head are too long for layers that are good already: they "
            "forget what they knew within a few steps.",
            f'model.compile(keras.optimizers.{speed.better}, model.loss, metrics=["accuracy"])',
        )


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
    random_body,
    partly_random_body,
    head_frozen,
    changed_after_compile,
    statistics_move,
    rate_too_high,
)
