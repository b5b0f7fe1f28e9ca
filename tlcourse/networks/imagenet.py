"""Keras's ImageNet weights: which file holds those of a network, and how to put them in.

Keras would do both inside its factories, by `weights="imagenet"`; but then it also fetches, where
this course has better words for a missing network and a damaged file (`files.keras_weights`).
"""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tlcourse.errors import InputError
from tlcourse.files.keras_weights import KerasFile, damaged

if TYPE_CHECKING:
    import keras

# ImageNet's deviation of each color, of pixels in [0, 1].
DEVIATION = (0.229, 0.224, 0.225)


def weights_file(name: str, facts: Mapping, size: int, options: Mapping) -> KerasFile:
    """The file with the trained weights of a network, without its head or with it.

    Args:
        name: of the Keras application.
        facts: its entry in `backbones.json`.
        size: height and width in pixels at which it looks at pictures.
        options: for its factory; those that are left out are at their defaults. `top` is ours.

    Raises:
        InputError: there are no weights for these options; the message names those that are.
    """
    files = facts.get("weights", ())
    if not files:
        raise InputError(f"No trained weights of {name} are known here: pass weights=None.")
    # The first has the defaults. Options that are in none of them, such as dropout, choose no file.
    default = files[0].get("options", {})
    wanted = {option: options.get(option, value) for option, value in default.items()}
    found = next((file for file in files if file.get("options", {}) == wanted), None)
    if found is None:
        there_are = "; ".join(_said(file["options"]) for file in files)
        raise InputError(
            f"{name} has trained weights for {there_are}. There are none for {_said(wanted)}: "
            "weights=None takes any."
        )
    trained_at = size if size in facts.get("sizes", ()) else facts["image_size"]
    if options.get("top"):
        found = found["top"]
    file_name = found["file"].format(size=trained_at)
    url = found.get("url", facts["url"])
    return KerasFile(file_name, url.format(file=file_name), found.get("digest", ""))


@functools.cache
def imagenet_classes() -> tuple[str, ...]:
    """Names of the 1,000 classes of ImageNet (ILSVRC 2012), in the order of Keras's outputs."""
    lines = Path(__file__).with_name("imagenet_classes.txt").read_text("utf-8").splitlines()
    return tuple(line for line in lines if not line.startswith("#"))


def _said(options: Mapping) -> str:
    return ", ".join(f"{option}={value}" for option, value in options.items())


def put_weights(model: "keras.Model", name: str, path: Path) -> None:
    """Put the weights of a file into a network that its factory made with `weights=None`.

    Raises:
        AssetError: the file holds those of another network, or cannot be read.
    """
    import keras

    try:
        model.load_weights(path)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise damaged(path) from error
    if name.startswith("EfficientNetB"):
        # These files have the deviation where the variance belongs. Keras makes up for it by one
        # more layer, which only weights="imagenet" builds (tensorflow/tensorflow issue 49930).
        layer = next(x for x in model.layers if isinstance(x, keras.layers.Normalization))
        mean, variance, count = layer.get_weights()
        layer.load_own_variables({"0": mean, "1": variance * DEVIATION, "2": count})
