"""Tiny ImageNet: its photographs as arrays, and the crops that training takes of them."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from tlcourse.errors import AssetError
from tlcourse.files.assets import sweep

IMAGE_SIZE = 64


@dataclasses.dataclass(frozen=True)
class Photos:
    """Labelled photographs: images `(n, 64, 64, 3)` uint8, labels `(n,)` int64, class names."""

    train_images: np.ndarray
    train_labels: np.ndarray
    val_images: np.ndarray
    val_labels: np.ndarray
    wnids: tuple[str, ...]
    names: tuple[str, ...]


def load_tiny_imagenet(archive: str | Path, cache: str | Path) -> Photos:
    """Read Tiny ImageNet from its zip; decoded once to `cache`, then mapped from there.

    Args:
        archive: The zip, in the official layout; any number of classes.
        cache: Folder for the decoded pixels (12 KB an image). Filled in one step: a reader
            never sees half of it, and two processes may fill it at once.

    Raises:
        AssetError: There is no such zip, or it is not laid out as Tiny ImageNet.
    """
    archive = Path(archive)
    if not archive.is_file():
        raise AssetError(f"Expected the Tiny ImageNet zip at {archive}; there is no file.")
    folder = Path(cache) / f"{archive.stem}-{archive.stat().st_size}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        sweep(folder.parent, ".decoding-*")  # each can be a gigabyte
        draft = Path(tempfile.mkdtemp(prefix=".decoding-", dir=folder.parent))
        try:
            _decode(archive, draft)
            try:
                draft.rename(folder)
            except OSError:  # Another process was first; its pixels are the same.
                if not folder.is_dir():
                    raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    classes = json.loads((folder / "classes.json").read_text(encoding="utf-8"))
    arrays = {
        part: np.load(folder / f"{part}.npy", mmap_mode="r", allow_pickle=False)
        for part in ("train_images", "train_labels", "val_images", "val_labels")
    }
    return Photos(**arrays, wnids=tuple(classes), names=tuple(classes.values()))


def _decode(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as files:
        members = {PurePosixPath(name).parts[1:]: name for name in files.namelist()}

        def lines(*parts: str) -> list[list[str]]:
            if parts not in members:
                raise AssetError(
                    f"Expected {'/'.join(parts)} in {archive}, as in the official "
                    f"tiny-imagenet-200.zip. Received a zip with {len(members)} other files."
                )
            text = files.read(members[parts]).decode("utf-8")
            return [line.split("\t") for line in text.splitlines() if line]

        wnids = [line[0] for line in lines("wnids.txt")]
        words = {line[0]: line[1] for line in lines("words.txt")}
        label_of = {wnid: label for label, wnid in enumerate(wnids)}
        val = {line[0]: line[1] for line in lines("val", "val_annotations.txt")}
        found: dict[str, list[tuple[int, str]]] = {"train": [], "val": []}
        for parts, name in sorted(members.items()):
            if not name.lower().endswith((".jpeg", ".jpg", ".png")):
                continue
            wnid = parts[1] if parts[0] == "train" else val.get(parts[-1])
            if parts[0] in found and wnid in label_of:
                found[parts[0]].append((label_of[wnid], name))
        for part, entries in found.items():
            if not entries:
                raise AssetError(f"Expected images below {part}/ in {archive}; found none.")
            shape = (len(entries), IMAGE_SIZE, IMAGE_SIZE, 3)
            pixels = np.lib.format.open_memmap(
                folder / f"{part}_images.npy", mode="w+", dtype=np.uint8, shape=shape
            )
            for row, (_, name) in enumerate(entries):
                with Image.open(io.BytesIO(files.read(name))) as image:
                    pixels[row] = np.asarray(image.convert("RGB"))
            pixels.flush()
            labels = np.array([label for label, _ in entries], dtype=np.int64)
            np.save(folder / f"{part}_labels.npy", labels, allow_pickle=False)
    names = {wnid: words.get(wnid, wnid).split(",")[0] for wnid in wnids}
    (folder / "classes.json").write_text(json.dumps(names, indent=1), encoding="utf-8")


def hold_out(photos: Photos, count: int, seed: int = 0) -> tuple[Photos, Photos]:
    """Split the classes: all but `count` to train on, and `count` that training never sees.

    The choice depends on `seed` and the list of classes alone.
    """
    order = np.random.default_rng([seed, 180]).permutation(len(photos.wnids))
    return _only(photos, np.sort(order[count:])), _only(photos, np.sort(order[:count]))


def _only(photos: Photos, classes: np.ndarray) -> Photos:
    new_label = np.full(len(photos.wnids), -1)
    new_label[classes] = np.arange(len(classes))
    parts = {}
    for part in ("train", "val"):
        labels = new_label[getattr(photos, f"{part}_labels")]
        parts[f"{part}_labels"] = labels[labels >= 0]
        parts[f"{part}_images"] = getattr(photos, f"{part}_images")[labels >= 0]
    return Photos(
        **parts,
        wnids=tuple(photos.wnids[c] for c in classes),
        names=tuple(photos.names[c] for c in classes),
    )


def _resampling(start: np.ndarray, length: np.ndarray, source: int, size: int) -> np.ndarray:
    """Matrices `(n, size, source)` that resize the stretch [start, start + length) to `size`.

    Row i weighs the source pixels around the center of output pixel i with a triangle: linear
    interpolation when enlarging, and a wider triangle, against aliasing, when shrinking.
    """
    scale = (length / size)[:, None, None]
    center = start[:, None, None] + (np.arange(size)[None, :, None] + 0.5) * scale - 0.5
    distance = np.abs(np.arange(source)[None, None, :] - center)
    weights = np.maximum(0.0, 1.0 - distance / np.maximum(scale, 1.0)).astype(np.float32)
    return weights / weights.sum(axis=2, keepdims=True)


def crop_and_resize(
    images: np.ndarray, size: int, least_area: float, rng: np.random.Generator
) -> np.ndarray:
    """Random crop, stretch and mirror of each image, as two matrix products.

    Args:
        images: `(n, h, h, 3)`, any number type.
        size: Height and width of the result in pixels.
        least_area: A crop keeps at least this share of the area, in (0, 1].
        rng: Source of randomness; the same state gives the same pixels.

    Returns:
        `(n, size, size, 3)` float32 in the range of the input.
    """
    n, source = images.shape[:2]
    area, ratio = rng.uniform(least_area, 1.0, n), np.exp(rng.uniform(-0.25, 0.25, n))
    matrices = []
    for side in (np.sqrt(area * ratio), np.sqrt(area / ratio)):
        length = np.minimum(side, 1.0) * source
        matrices.append(_resampling(rng.uniform(0, 1, n) * (source - length), length, source, size))
    rows, columns = matrices
    mirrored = rng.random(n) < 0.5
    columns[mirrored] = columns[mirrored, ::-1]
    x = images.astype(np.float32).reshape(n, source, source * 3)
    x = (rows @ x).reshape(n, size, source, 3).transpose(0, 2, 1, 3)
    x = (columns @ x.reshape(n, source, size * 3)).reshape(n, size, size, 3)
    return np.ascontiguousarray(x.transpose(0, 2, 1, 3))
