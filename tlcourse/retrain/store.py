"""What is kept of the photos beside a model: their features, so that a class can be added later.

No photo is in it, and no name of a file: of each photo the numbers that the head gets, its class,
and a digest of its pixels.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from tlcourse.errors import AssetError
from tlcourse.files.assets import atomic_path, sha256

FEATURES = "features.npz"
SPLITS = ("train", "validation", "test")
VERSION = 1
MOST = 6e4  # that 16-bit floats hold


@dataclass(frozen=True)
class About:
    """How the model was made: what is done again for a new class.

    `model` is the digest of its file: the features are those of this model, and of no other.
    """

    class_names: tuple[str, ...]
    backbone: str
    size: int
    regularization: float
    balanced: bool
    validation: float
    test: float
    seed: int
    model: str = ""


@dataclass(frozen=True)
class Stored:
    """Features (n, d), labels int (n,) and digests (n,) of each split."""

    about: About
    features: Mapping[str, np.ndarray]
    labels: Mapping[str, np.ndarray]
    digests: Mapping[str, Sequence[str]]


def write_store(stored: Stored, folder: Path, model: Path) -> Path:
    """Write `features.npz`; it is there in full, or not at all.

    Raises:
        AssetError: it cannot be written.
    """
    arrays = {}
    for split in SPLITS:
        features = np.asarray(stored.features[split], "float32")
        small = np.abs(features).max(initial=0) < MOST
        arrays[f"{split}_features"] = features.astype("float16") if small else features
        arrays[f"{split}_labels"] = np.asarray(stored.labels[split], "int32")
        arrays[f"{split}_digests"] = np.array(stored.digests[split], dtype=np.str_)
    about = asdict(stored.about) | {"model": sha256(model), "version": VERSION}
    arrays["about"] = np.array(json.dumps(about, ensure_ascii=False))
    with atomic_path(folder / FEATURES, "") as draft, open(draft, "wb") as file:
        np.savez_compressed(file, **arrays)
    return folder / FEATURES


def read_store(folder: Path, model: Path) -> Stored:
    """Read it, and see that it belongs to the model.

    Raises:
        AssetError: there is none, it is damaged, or it belongs to another model.
    """
    path = folder / FEATURES
    if not path.is_file():
        raise AssetError(
            f"There is no {path}, which has what `tlcourse retrain` knows of the photos. An "
            "earlier version made this model, or the file was removed. Make the model again, with "
            "the new class among the others: tlcourse retrain PHOTOS --output FOLDER."
        )
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        about = json.loads(str(arrays["about"]))
        if about.pop("version") != VERSION:
            raise ValueError("another version of tlcourse wrote it")
        about["class_names"] = tuple(about["class_names"])
        found = Stored(
            About(**about),
            {split: arrays[f"{split}_features"].astype("float32") for split in SPLITS},
            {split: arrays[f"{split}_labels"].astype("int64") for split in SPLITS},
            {split: tuple(arrays[f"{split}_digests"].tolist()) for split in SPLITS},
        )
    except Exception as error:  # zipfile, NumPy and json raise whatever they stumble on
        raise AssetError(
            f"{path} is damaged or another kind of file ({error}). Make the model again: tlcourse "
            "retrain PHOTOS --output FOLDER."
        ) from error
    if found.about.model != sha256(model):
        raise AssetError(
            f"{path} belongs to another model than {model.name} beside it, which was replaced or "
            "trained on. Make the model again: tlcourse retrain PHOTOS --output FOLDER."
        )
    return found
