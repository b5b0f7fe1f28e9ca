"""What a notebook needs beside the course: sets of photos, weights, the text encoder, by name.

A notebook says it in its metadata: `"tlcourse": {"needs": ["flowers", "MobileNetV2:alpha=0.35"]}`.
A name is that of a set of photos, `minilm`, or that of a Keras application, with the options of
`load_backbone` after a colon; `"MobileNetV2:top=true"` is the file with the head.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from tlcourse.errors import InputError, did_you_mean
from tlcourse.files import minilm_files
from tlcourse.files.assets import atomic_path, cache_dir, shared_dir
from tlcourse.files.keras_weights import KerasFile, locate_weights, weight_folders
from tlcourse.files.photo_files import load_photos
from tlcourse.files.photo_sets import SETS
from tlcourse.networks.backbones import find_file

# Keras's applications of up to 35 MB: those that a laptop without a GPU can use.
SMALL = (
    "MobileNet",
    "MobileNetV2",
    "MobileNetV2:alpha=0.35",
    "MobileNetV3Small",
    "MobileNetV3Large",
    "NASNetMobile",
    "EfficientNetB0",
    "EfficientNetV2B0",
    "DenseNet121",
)


def needs_of(notebook: Mapping) -> tuple[str, ...]:
    """What a notebook, as its JSON has it, says that it needs."""
    return tuple(notebook.get("metadata", {}).get("tlcourse", {}).get("needs", ()))


def bring(need: str) -> str:
    """Have what is named in a cache from now on: found, copied from a given folder, or loaded.

    Returns:
        Where it is, in a line.

    Raises:
        InputError: there is no such thing.
        AssetError: it cannot be had.
    """
    if need == "minilm":
        return f"minilm is in {minilm_files.fetch()}"
    if need in SETS:
        files, _ = load_photos(need)
        return f"{need}: {len(files):,} pictures are in {cache_dir() / 'photos'}"
    path = weights_path(need)
    own = weight_folders()[0] / path.name
    if path != own and not (shared_dir() and shared_dir() in path.parents):
        with atomic_path(own, "KERAS_HOME") as draft:  # a stick is not there for ever
            shutil.copyfile(path, draft)
    return f"{need} is in {own if own.is_file() else path}"


def weights_path(need: str) -> Path:
    """The file with a Keras application's weights without its head, for `weights=` in Keras.

    Args:
        need: such as `"MobileNetV2"` or `"MobileNetV2:alpha=0.35"`. The file fits any input size.

    Raises:
        InputError: there is no such application, or none with such options.
        AssetError: the file is not here, and cannot be loaded.
    """
    return locate_weights(weights_of(need))


def check(need: str) -> None:
    """Raise `InputError` unless there is such a thing; nothing is looked for."""
    if need != "minilm" and need not in SETS:
        weights_of(need)


def weights_of(need: str) -> KerasFile:
    """The file of a Keras application's weights.

    Raises:
        InputError: there is no such application, or none with such options.
    """
    name, options = name_and_options(need)
    if name not in SETS and not options and not name[:1].isupper():
        known = [*SETS, "minilm", *SMALL]
        hint = did_you_mean(name, known) or f"There are: {', '.join(known)}."
        raise InputError(f"There is nothing that is called {name!r} to fetch. {hint}")
    return find_file(name, **options)


def name_and_options(need: str) -> tuple[str, dict]:
    """`"MobileNetV2:alpha=0.35"` is `"MobileNetV2"` and `{"alpha": 0.35}`.

    Raises:
        InputError: an option cannot be read.
    """
    name, _, rest = need.partition(":")
    options = {}
    for part in filter(None, rest.split(",")):
        option, _, value = part.partition("=")
        try:
            options[option.strip()] = json.loads(value)
        except json.JSONDecodeError:
            raise InputError(
                f"{need!r} cannot be read: expected a name, or one with options, such as "
                "'MobileNetV2:alpha=0.35'."
            ) from None
    return name, options
