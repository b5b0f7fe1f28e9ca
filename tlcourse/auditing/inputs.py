"""Mistakes about what goes into a model: its size, and the range of its numbers."""

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


def input_size(facts: Facts) -> Iterator[Finding]:
    """Pictures of another height, width or number of channels than the model takes."""
    expected, sample = getattr(facts.model, "input_shape", None), facts.data.sample
    if not isinstance(expected, tuple) or len(expected) != 4 or sample is None:
        return
    got = sample.shape[1:]
    if len(got) != 3 or all(a in (None, b) for a, b in zip(expected[1:], got, strict=True)):
        return
    shown = "×".join("any" if side is None else str(side) for side in expected[1:])
    if expected[3] not in (None, got[2]):
        mend = (
            "images = np.repeat(images, 3, axis=-1)  # gray as red, green and blue"
            if got[2] == 1
            else f"images = images[..., :{expected[3]}]"
        )
    else:
        mend = f"images = keras.ops.image.resize(images, {tuple(expected[1:3])}, antialias=True)"
    yield Finding(
        "error",
        "input size",
        f"The pictures are {'×'.join(map(str, got))}; the model takes {shown}.",
        "Keras stops with an error, or, where the size happens to pass, the patterns that the "
        "network knows have another size than the things in the pictures.",
        mend,
    )


def input_range(facts: Facts) -> Iterator[Finding]:
    """Numbers that do not lie where the backbone expects them."""
    named = [(path, inner.name) for path, inner in walk(facts.model) if hasattr(inner, "layers")]
    for path, name in [("", facts.model.name), *named]:
        arriving = facts.arriving.get(path)
        expected = expected_range(name)
        if arriving is None or expected is None or arriving.ndim != 4:
            continue
        if expected == RAW and name not in OURS and not _scales_inside(facts, path):
            continue  # built without its preprocessing: what it expects is not known
        got = float(arriving.min()), float(arriving.max())
        if not fits(got, expected):
            yield _wrong_range(facts, name, got, expected)
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


def fits(got: tuple[float, float], expected: tuple[float, float]) -> bool:
    """Whether pictures with numbers from `got[0]` to `got[1]` were prepared for `expected`."""
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
    if (application := _applications().get(_plain(name))) is None:
        return None
    if name == application:
        return RAW
    prepared = preprocess_input(application)(np.array([[[[0.0] * 3, [255.0] * 3]]]))
    return float(np.min(prepared)), float(np.max(prepared))


def _plain(name: str) -> str:
    found = re.match(r"(mobilenet(?:v2)?)_\d", name)
    return re.sub(r"[^a-z0-9]", "", found[1] if found else name.lower())


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


CHECKS = (input_size, input_range)
