"""Mistakes about the preprocessing that a network expects of its pictures."""

import inspect
import re
from collections.abc import Iterator
from functools import cache

import numpy as np

from tlcourse.auditing.facts import Facts
from tlcourse.auditing.report import Finding
from tlcourse.networks.backbones import OURS, preprocess_input
from tlcourse.networks.layers import leaves, walk

RAW = (0.0, 255.0)


def input_range(facts: Facts) -> Iterator[Finding]:
    """Numbers that do not lie where the backbone expects them."""
    for path, name in backbones(facts):
        arriving = facts.arriving.get(path)
        expected = expected_range(name)
        if arriving is None or expected is None or arriving.ndim != 4:
            continue
        if expected == RAW and name not in OURS and not _scales_inside(facts, path):
            continue  # built without its preprocessing: what it expects is not known
        got = float(arriving.min()), float(arriving.max())
        far = _how_far(facts, name, arriving)
        if far and far[""] <= SURELY_NOT:
            return  # night or snow, but as it should be
        if not far and expected[0] <= got[0] and got[1] <= 0 and np.ptp(got) >= 0.1 * -expected[0]:
            return  # dark, and prepared in the data: no other scale lies below 0 as a whole
        if not fits(got, expected):
            yield _wrong_range(facts, name, got, expected)
        elif far and min(far.values()) < AS_IT_SHOULD:
            yield _wrong_preprocessing(name, min(far, key=far.get))
        return  # one backbone is checked; what is inside it is its own affair
    yield from _by_statistics(facts)


def _wrong_range(facts: Facts, name: str, got, expected) -> Finding:
    raw_pictures = facts.data.sample.max() > 2
    if expected == RAW:
        if raw_pictures:
            said = f"They are scaled before {name}, and it scales them once more inside"
            mend = f"x = image  # in front of {name}: no Rescaling, no preprocess_input"
        else:
            said = f"{name} scales them inside, so it wants them as they are in the file"
            offset = ", offset=127.5" if got[0] < -0.05 else ""
            factor = "127.5" if offset else "255.0"
            mend = f"x = keras.layers.Rescaling({factor}{offset})(x)  # in front of {name}"
    else:
        said = f"{name} has no preprocessing inside, so it has to stand in front, once"
        home = _home_of(name)
        image = "image" if raw_pictures else "255 * image"
        mend = f"x = keras.applications.{home}.preprocess_input({image})  # in front of {name}"
    return Finding(
        "error",
        "input range",
        f"{name} gets numbers from {got[0]:.3g} to {got[1]:.3g}; it was trained with "
        f"{expected[0]:.4g} to {expected[1]:.4g}. {said}.",
        "To the network, all pictures look like one gray or black square, or like glaring light. "
        "No error tells.",
        mend,
    )


def backbones(facts: Facts) -> list[tuple[str, str]]:
    """Path and name of all that may be a network with preprocessing of its own."""
    inside = [(path, inner.name) for path, inner in walk(facts.model) if hasattr(inner, "layers")]
    flat = flat_application(facts)
    return [("", facts.model.name), *inside, *([] if flat is None else [(facts.body[0][0], flat)])]


def fits(got: tuple[float, float], expected: tuple[float, float]) -> bool:
    """Whether pictures with numbers from `got[0]` to `got[1]` were prepared for `expected`."""
    if expected == RAW and 2 < got[1] <= 260 and got[0] >= 0:
        return True  # dark pictures, such as those of a microscope, need not be bright anywhere
    span = expected[1] - expected[0]
    inside = expected[0] - 0.02 * span <= got[0] and got[1] <= expected[1] + 0.02 * span
    around_zero = got[0] < 0 < got[1] if expected[0] < 0 else True
    return inside and around_zero and got[1] - got[0] >= 0.1 * span


def expected_range(name: str) -> tuple[float, float] | None:
    """Lowest and highest number that a backbone of that name expects; None for unknown names.

    `load_backbone` gives its models the names of the catalog, and they take raw pictures. Keras
    gives other names, such as "resnet50", to the networks alone.
    """
    if name in OURS or name == "alexnet":
        return RAW
    if (known := application(name)) is None:
        return None
    if name == known:
        return RAW
    prepared = preprocess_input(known)(np.array([[[[0.0] * 3, [255.0] * 3]]]))
    return float(np.min(prepared)), float(np.max(prepared))


# Layers by which a network of Keras is known that was not put in as a model, but layer by layer.
_TELLING = {
    "block5_conv3": "vgg16",
    "block5_conv4": "vgg19",
    "expanded_conv_depthwise": "mobilenetv2_1",
    "conv_dw_1": "mobilenet_1",
    "mixed0": "inception_v3",
    "block14_sepconv2": "xception",
    "conv2_block1_preact_bn": "resnet50v2",
    "conv2_block1_3_conv": "resnet50",
    "conv2_block1_1_relu": "densenet121",
}


def flat_application(facts: Facts) -> str | None:
    """The network of Keras whose layers lie in the model itself, as Keras calls it; or None."""
    top = {layer.name for layer in getattr(facts.model, "layers", ())}
    found = next((name for layer, name in _TELLING.items() if layer in top), None)
    if found == "resnet50" and "conv2_block1_0_bn" in top and "conv2_block1_0_conv" not in top:
        return "densenet121"
    return found


def _how_far(facts: Facts, name: str, arriving: np.ndarray) -> dict[str, float]:
    """How far what arrives is from what each preprocessing makes of the pictures; `""`: the right.

    The largest difference between means and spreads of a channel, in spreads. Empty where it
    cannot be told: the pictures are not as they are in the file, or the network is not Keras's.
    """
    sample, right = facts.data.sample, application(name)
    if name in OURS or right is None or name == right or sample is None:
        return {}
    colored = sample.ndim == 4 and sample.shape[-1] == 3 and arriving.shape[-1] == 3
    if not colored or sample.min() < 0 or sample.max() <= 2:
        return {}

    def distance(preprocess) -> float:
        made = np.asarray(preprocess(sample.astype("float32"))).reshape(-1, 3)
        got = arriving.reshape(-1, 3)
        apart = np.abs(made.mean(axis=0) - got.mean(axis=0)) + np.abs(made.std(0) - got.std(0))
        return float(np.max(apart / np.maximum(made.std(axis=0), 1e-6)))

    return {
        "": distance(preprocess_input(right)),
        **{other: distance(preprocess_input(other)) for other in KINDS},
    }


# One network for each kind: to [-1, 1]; by ImageNet's means; the same in [0, 1]; not at all.
KINDS = ("MobileNetV2", "ResNet50", "DenseNet121", "EfficientNetB0")
AS_IT_SHOULD, SURELY_NOT = 0.02, 0.1  # enlarging changes the spread by less than a tenth


def _wrong_preprocessing(name: str, other: str) -> Finding:
    home = _home_of(name)
    return Finding(
        "error",
        "input range",
        f"{name} gets pictures that were prepared for {other}: their means and spreads are those "
        "that its preprocessing makes, and not those of the network's own.",
        "The range is nearly right, so nothing looks wrong; some points of accuracy are lost, and "
        "no error tells.",
        f"x = keras.applications.{home}.preprocess_input(image)  # in front of {name}",
    )


def _plain(name: str) -> str:
    found = re.match(r"(mobilenet(?:v2)?)_\d", name)
    return re.sub(r"[^a-z0-9]", "", found[1] if found else name.lower())


def application(name: str) -> str | None:
    """What `keras.applications` calls a network of that name; None for others."""
    return _applications().get(_plain(name))


@cache
def _applications() -> dict[str, str]:
    """A network's plain name, such as "resnet50v2", → its name in `keras.applications`."""
    from keras import applications

    names = [name for name in dir(applications) if name[0].isupper()]
    return {_plain(name): name for name in names}


def _home_of(name: str) -> str:
    """The module of `keras.applications` with the preprocessing of a network."""
    from keras import applications

    function = preprocess_input(_applications()[_plain(name)])
    modules = {n: m for n, m in vars(applications).items() if inspect.ismodule(m)}
    return next(
        n for n, m in sorted(modules.items()) if getattr(m, "preprocess_input", None) is function
    )


def _scales_inside(facts: Facts, path: str) -> bool:
    import keras

    inside = [layer for place, layer in leaves(facts.model) if place.startswith(path)]
    scaling = keras.layers.Rescaling | keras.layers.Normalization
    # `load_backbone` puts the preprocessing in as operations, which are not among the layers.
    name = path.rpartition("/")[2] or facts.model.name
    return name[0].isupper() or any(isinstance(layer, scaling) for layer in inside)


def _by_statistics(facts: Facts) -> Iterator[Finding]:
    """A network of no known name: its first normalization remembers what it saw in training."""
    import keras

    for path, layer in facts.body:
        if not isinstance(layer, keras.layers.BatchNormalization):
            continue
        arriving = facts.arriving.get(path)
        if path not in facts.pretrained or arriving is None or facts.data.sample.ndim != 4:
            return
        axes = tuple(range(arriving.ndim - 1))
        seen = keras.ops.convert_to_numpy(layer.moving_variance).sum()
        ratio = float(arriving.var(axis=axes).sum() / max(seen, 1e-12))
        if 1e-3 < ratio < 1e3:
            return
        times = float(np.sqrt(ratio))
        size = f"{times:.0f} times" if times > 1 else f"1/{1 / times:.0f} of"
        yield Finding(
            "error",
            "input range",
            f"What arrives at {path} varies {size} as much as in the training of that layer.",
            "The pictures were scaled in another way when this network was trained, by 255 or "
            "127.5 perhaps. To it, they now look like one gray square, or like glaring light.",
            f"x = keras.layers.Rescaling({_factor(times)})(x)  # in front of the network",
        )
        return


def _factor(times: float) -> str:
    factors = {
        "1 / 255": 255,
        "1 / 127.5, offset=-1": 127.5,
        "255.0": 1 / 255,
        "127.5, offset=127.5": 1 / 127.5,
    }
    return min(factors, key=lambda text: abs(np.log(factors[text] / times)))


CHECKS = (input_range,)
