"""The catalog of backbones, and one way to load any of them.

Every backbone takes pictures as the course has them: uint8-range RGB, (n, height, width, 3), of
any size. Resizing and preprocessing are part of the model, so neither can be forgotten or done
twice.
"""

import inspect
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tlcourse.errors import InputError, did_you_mean
from tlcourse.files.keras_weights import KerasFile, find_weights, locate_weights
from tlcourse.networks.imagenet import imagenet_classes, put_weights, weights_file
from tlcourse.networks.trained import photonet_classes, stored_weights

if TYPE_CHECKING:
    import keras
    import numpy as np

FIGURES = Path(__file__).with_name("backbones.json")
OURS = ("photonet", "rotnet", "objectnet", "objectnet_shuffled", "noisenet")


@dataclass(frozen=True)
class Backbone:
    """A row of the catalog; None where the source gives no figure.

    Attributes:
        name: for `load_backbone`.
        year: of the paper.
        million_parameters: with the classification head.
        download_mb: size of the weights, with the classification head; 0 comes with the course.
        image_size: height and width in pixels that the weights were trained at.
        top1: share of ImageNet's validation pictures named right, in percent, as the source says.
        license: of the weights.
        is_here: whether `load_backbone(name)` works now without a network.
        million_body: parameters without the classification head: what transfer reuses.
        giga_multiplications: 10⁹ multiplications for a picture of `image_size`, without the head.
        source: what the weights learned from.
        recipe: how they were trained, beside plain gradient steps.
        also_here: other options that work so, such as `("alpha=0.35", "top=True")`.
    """

    name: str
    year: int | None
    million_parameters: float | None
    download_mb: float | None
    image_size: int | None
    top1: float | None
    license: str | None
    is_here: bool
    million_body: float | None = None
    giga_multiplications: float | None = None
    source: str | None = None
    recipe: str | None = None
    also_here: tuple[str, ...] = ()


class Catalog(tuple[Backbone, ...]):
    """All backbones; printed, a table."""

    def __repr__(self) -> str:
        head = (
            "name", "year", "params (M)", "body (M)", "10⁹ mult.", "MB", "pixels", "top-1 %",
            "source", "license", "here",
        )  # fmt: skip
        rows = [head, *(_cells(row) for row in self)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = []
        for row in rows:
            cells = zip(row, widths, strict=True)
            first = next(cells)
            lines.append("  ".join([first[0].ljust(first[1]), *(c.rjust(w) for c, w in cells)]))
        return "\n".join(lines)


def _cells(row: Backbone) -> tuple[str, ...]:
    values = (
        row.year, row.million_parameters, row.million_body, row.giga_multiplications,
        row.download_mb, row.image_size, row.top1,
    )  # fmt: skip
    shown = ["" if value is None else f"{value:g}" for value in values]
    here = ", ".join([*(["yes"] if row.is_here else []), *row.also_here])
    return (row.name, *shown, row.source or "", row.license or "", here)


def list_backbones() -> Catalog:
    """Every backbone that `load_backbone` knows: the course's own, then all of Keras's."""
    known = _figures()
    rows = []
    for name in _names():
        facts = known.get(name, {})
        columns = {key: facts.get(key) for key in Backbone.__annotations__ if key in facts}
        columns |= {"is_here": _is_here(name, facts), "also_here": _also_here(name, facts)}
        missing = dict.fromkeys(set(Backbone.__annotations__) - {"name", *columns})
        rows.append(Backbone(name=name, **columns, **missing))
    return Catalog(rows)


def _is_here(name: str, facts: dict) -> bool:
    if name in OURS:
        return _weights_of(name).is_file()
    if "weights" not in facts:
        return False
    return find_weights(weights_file(name, facts, facts["image_size"], {}).name) is not None


def _also_here(name: str, facts: dict) -> tuple[str, ...]:
    """Options, beside the default ones, whose weights are here."""
    if name in OURS:
        return ("top=True",) if _is_here(name, facts) else ()
    files = facts.get("weights", ())
    others = [file["options"] for file in files[1:]]
    tops = [{**options, "top": True} for options in ({}, *others)] if files else []
    return tuple(
        ", ".join(f"{option}={value}" for option, value in options.items())
        for options in (*others, *tops)
        if find_weights(weights_file(name, facts, facts["image_size"], options).name)
    )


def find_file(name: str, **options) -> KerasFile:
    """The file with the weights of a Keras application, for `load_backbone`'s options.

    Args:
        name: of the application.
        **options: as for `load_backbone`; `image_size` and `top` may be among them.

    Raises:
        InputError: there is no such application, or no weights for these options.
    """
    if name not in _applications():
        hint = did_you_mean(name, _applications()) or "See list_backbones()."
        raise InputError(f"Keras has no application {name!r}. {hint}")
    facts = _figures().get(name, {})
    size = options.pop("image_size", None) or facts.get("image_size") or 224
    return weights_file(name, facts, size, options)


def load_backbone(
    name: str,
    *,
    image_size: int | None = None,
    weights: str | None = "imagenet",
    pooling: str | None = "avg",
    trained_at: int | None = None,
    top: bool = False,
    **options,
) -> "keras.Model":
    """A network without its classification head, or with it, ready for pictures.

    Args:
        name: one of `list_backbones()`.
        image_size: height and width in pixels at which the network looks at pictures; those of
            another size are resized inside the model (bilinear, antialiased). None is the size
            that the weights were trained at.
        weights: `"imagenet"`, the trained ones (for the course's own networks, those of their
            source task, whatever it was); or None, random ones.
        pooling: `"avg"` or `"max"` over the feature maps, to (n, d); None keeps (n, h, w, d).
        trained_at: of MobileNet and MobileNetV2, whose weights come in several sizes of pictures:
            take those of this one, whatever `image_size` is. None takes those of `image_size`,
            or of 224 where there are none.
        top: keep the classification head. The output is then the probability of each class of
            the source task, (n, classes), in the order of `class_names(name)`; `pooling` is not
            asked. A Keras application then looks at pictures of a size that it was trained at.
        **options: for Keras's own factory, such as `alpha=0.35` for MobileNetV2.

    Returns:
        A model from images (n, height, width, 3), uint8 or float in [0, 255], to features, or
        with `top` to probabilities. It is one flat model: its layers can be named in
        `extract_features` and `unfreeze`.

    Raises:
        InputError: there is no such backbone, it cannot take that size, or an option is wrong;
            the message says what it can take.
        AssetError: the weights are not here and cannot be fetched, or the file is damaged.
    """
    if name not in _names():
        hint = did_you_mean(name, _names()) or "See list_backbones()."
        if name == "minilm":
            hint = "minilm reads text, not pictures: use load_minilm()."
        raise InputError(f"There is no backbone {name!r}. {hint}")
    if weights not in ("imagenet", None):
        raise InputError(f"weights must be 'imagenet' or None, not {weights!r}.")
    if pooling not in ("avg", "max", None):
        raise InputError(f"pooling must be 'avg', 'max' or None, not {pooling!r}.")
    if image_size is not None and (not isinstance(image_size, int) or image_size < 1):
        raise InputError(f"image_size must be a whole number of pixels, not {image_size!r}.")
    if name in OURS:
        return _load_ours(name, image_size or 64, weights, pooling, top, options)
    if name == "alexnet":
        from tlcourse.networks.alexnet import load_alexnet

        if top:
            raise InputError("There are no trained weights of alexnet, and so no names: top=False.")
        return load_alexnet(image_size, weights, options)
    return _load_application(name, image_size, weights, pooling, trained_at, top, options)


def load_photonet() -> tuple["keras.Model", tuple[str, ...]]:
    """photonet as it was trained, with its head.

    Returns:
        A model from images (n, 64, 64, 3) in [0, 255] to logits (n, 180), and the names of the
        classes, in the order of the logits.

    Raises:
        AssetError: The weights or their digest are not there, or the digest is wrong.
    """
    from tlcourse.networks.photonet import load_photonet_weights, photonet

    names = photonet_classes()
    return load_photonet_weights(photonet(classes=len(names))), names


def bundled_weights(name: str) -> dict[str, "np.ndarray"]:
    """The trained weights of one of the course's own networks, by `layer/variable`, float32."""
    return stored_weights(_weights_of(name))


def preprocess_input(name: str) -> Callable:
    """The preprocessing of a Keras application: its own module's `preprocess_input`."""
    return _applications()[name][1]


def class_names(name: str) -> tuple[str, ...]:
    """The classes of the source task of a network, in the order of its outputs with `top=True`.

    Args:
        name: one of the course's own networks, or a Keras application: the 1,000 of ImageNet.

    Raises:
        InputError: there is no such network, or it was trained on nothing.
    """
    if name in OURS:
        return photonet_classes(_weights_of(name))
    if name in _applications():
        return imagenet_classes()
    hint = did_you_mean(name, _names()) or "See list_backbones()."
    raise InputError(f"There are no names of classes for {name!r}. {hint}")


def _load_ours(
    name: str, image_size: int, weights, pooling, top: bool, options: dict
) -> "keras.Model":
    import keras

    from tlcourse.networks.photonet import load_photonet_weights, photonet

    if image_size < 32:
        raise InputError(f"{name} takes images of 32 pixels and more, not {image_size}.")
    if options:
        raise InputError(f"{name} takes no further options; got {sorted(options)}.")
    classes = len(class_names(name)) if top else None
    body = photonet(classes, image_size=image_size, resize=True, name=name)
    if weights:
        load_photonet_weights(body, _weights_of(name))
    if top:
        probabilities = keras.layers.Softmax(name="probabilities")(body.output)
        return keras.Model(body.input, probabilities, name=name)
    if pooling == "avg":
        return body
    maps = body.layers[-2].output
    if pooling == "max":
        maps = keras.layers.GlobalMaxPooling2D(name="features")(maps)
    return keras.Model(body.input, maps, name=name)


def _load_application(
    name: str, image_size, weights, pooling, trained_at, top: bool, options: dict
) -> "keras.Model":
    import keras

    from tlcourse.networks.photonet import resized

    factory, preprocess = _applications()[name]
    accepted = set(inspect.signature(factory).parameters)
    ours = {"include_top", "weights", "input_tensor", "input_shape", "pooling", "name"}
    ours |= {"include_preprocessing", "classes", "classifier_activation"}
    if wrong := sorted(set(options) - (accepted - ours)):
        raise InputError(
            f"{name} does not take {wrong}; its options are {sorted(accepted - ours) or 'none'}."
        )
    facts = _figures().get(name, {})
    size = image_size or facts.get("image_size") or 224
    if top and size not in (sizes := facts.get("sizes") or [facts.get("image_size") or 224]):
        raise InputError(
            f"The head of {name} goes with pictures of {' or '.join(map(str, sizes))} pixels, not "
            f"{size}. Pictures of another size are resized inside the model: leave image_size out."
        )
    path = None
    if weights:
        # Before the network is built, which takes seconds for a big one.
        path = locate_weights(weights_file(name, facts, trained_at or size, options | {"top": top}))
    image = keras.Input((None, None, 3), name="image")
    try:
        model = factory(
            include_top=top,
            weights=None,
            input_tensor=preprocess(resized(image, size)),
            input_shape=(size, size, 3),
            pooling=pooling,
            **options,
        )
    except ValueError as error:
        raise _size_error(name, size, str(error)) or error from error
    if path:
        put_weights(model, name, path)
    return keras.Model(image, model.output, name=name)


def _size_error(name: str, size: int, message: str) -> InputError | None:
    """Keras's complaint about the input size in our words, or None if it is about another thing."""
    if not (found := re.search(r"at least (\d+)", message)):
        return None
    return InputError(
        f"{name} takes images of {found[1]} pixels and more, not {size}. Pictures of another size "
        "are resized inside the model: leave image_size out, or give one that it takes."
    )


def _weights_of(name: str) -> Path:
    return Path(__file__).with_name("weights") / f"{name}.npz"


@cache
def _figures() -> dict[str, dict]:
    return json.loads(FIGURES.read_text(encoding="utf-8"))["models"]


@cache
def _applications() -> dict[str, tuple[Callable, Callable]]:
    """Every factory of `keras.applications`, with its module's `preprocess_input`."""
    from keras import applications

    modules = [m for m in vars(applications).values() if inspect.ismodule(m)]
    modules = [m for m in modules if hasattr(m, "preprocess_input") and m.__name__ != "imagenet"]
    found = {}
    for name in sorted(n for n in dir(applications) if n[0].isupper()):
        factory = getattr(applications, name)
        homes = [m for m in modules if getattr(m, name, None) is factory]
        if not homes:  # MobileNetV3's factories are in no public module, only its preprocessing
            source = factory.__module__.rsplit(".", 1)[-1]
            homes = [m for m in modules if m.__name__.rsplit(".", 1)[-1] == source]
        found[name] = (factory, homes[0].preprocess_input)
    return found


def _names() -> list[str]:
    return [*OURS, "alexnet", *_applications()]
