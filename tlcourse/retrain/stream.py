"""From photos on disk to small pictures and their features, however many photos there are.

Photos are decoded by all cores, a shard of 32 at a time; while the network works on one shard, the
next is being decoded. What comes out goes straight to files in the cache, and is read from there by
memory map. So memory holds two shards, whether there are 100 photos or 100,000.
"""

import contextlib
import hashlib
import tempfile
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlcourse.errors import ImageFolderError, InputError
from tlcourse.files import assets
from tlcourse.files.arrays import read_array
from tlcourse.machine.limits import release_pages, usable_cpus
from tlcourse.photos.geometry import shrink, square
from tlcourse.photos.read import read_image
from tlcourse.progress import with_bar
from tlcourse.transfer.features import model_digest

if TYPE_CHECKING:
    import keras

SHARD = 32  # photos; larger ones take more memory, and are hardly faster
AT_ONCE = 8 * 224**2  # pixels that the network looks at in one go, 8 pictures at the least
MOST_PIXELS = 16_000_000  # of a photo in floating point: 192 MB,
MANY_PIXELS, TOGETHER = 2_000_000, 2  # and of those with more than these, so many at a time
FEW_BYTES = 2**28  # of pictures that are kept in memory
PACE = 4  # shards after which it is known how long the others take
VERSION = 3  # raised when photos are read, cut or computed in another way

_large = threading.BoundedSemaphore(TOGETHER)


class NoTimeError(InputError):
    """There is no time for all of the photos."""


class Shard(NamedTuple):
    """Pictures uint8 (n, size, size, 3) and their features float32 (n, d)."""

    pictures: np.ndarray
    features: np.ndarray


class Extracted(NamedTuple):
    """The same for all photos, as read-only memory maps; `computed` or read from the cache."""

    pictures: np.ndarray
    features: np.ndarray
    computed: bool


def picture_of(photo: np.ndarray, size: int) -> np.ndarray:
    """A photo as the network sees it: its middle square, uint8 (size, size, 3).

    The saved model starts with this same `shrink`, so a photo gives it the very picture that it
    was trained on. Only huge photos go through Pillow here, which needs a third of the memory;
    their pictures may be one gray level off.
    """
    import keras

    if photo.shape[0] * photo.shape[1] > MOST_PIXELS:
        return square(photo, size)
    return keras.ops.convert_to_numpy(shrink(photo, size)).astype(np.uint8)


def read_picture(path: Path, size: int) -> np.ndarray:
    """One photo as the network sees it: uint8 (size, size, 3).

    Raises:
        ImageFolderError: it cannot be read, though it could when it was checked.
    """
    try:
        rgb, _ = read_image(path)
    except Exception as error:  # see read_image: anything can come
        raise ImageFolderError(
            f"{path} could be read when it was checked, and now it cannot ({error}). Was it "
            "moved or changed meanwhile? Start again when nothing changes the folder."
        ) from error
    with _large if rgb.size > 3 * MANY_PIXELS else contextlib.nullcontext():
        return picture_of(rgb, size)


def shards(paths: Sequence[Path]) -> Iterator[Sequence[Path]]:
    """The photos, `SHARD` at a time."""
    for start in range(0, len(paths), SHARD):
        yield paths[start : start + SHARD]


def compute_shard(paths: Sequence[Path], backbone: "keras.Model", size: int) -> Shard:
    """Read and compute one shard."""
    return next(compute_here(paths, backbone, size))


def compute_here(paths: Sequence[Path], backbone: "keras.Model", size: int) -> Iterator[Shard]:
    """Read and compute all shards on this machine, in order."""
    threads = ThreadPoolExecutor(usable_cpus())
    try:
        waiting: deque[list[Future]] = deque()
        chunks = shards(paths)
        for chunk in chunks:
            waiting.append([threads.submit(read_picture, path, size) for path in chunk])
            if len(waiting) == 2:
                yield _finish(waiting.popleft(), backbone)
        while waiting:
            yield _finish(waiting.popleft(), backbone)
    finally:
        threads.shutdown(cancel_futures=True)


def _finish(pictures: Iterable[Future], backbone: "keras.Model") -> Shard:
    import keras

    stack = np.stack([future.result() for future in pictures])
    step = max(8, min(SHARD, AT_ONCE // stack.shape[1] ** 2))
    features = [
        keras.ops.convert_to_numpy(backbone.predict_on_batch(stack[at : at + step]))
        for at in range(0, len(stack), step)
    ]
    return Shard(stack, np.concatenate(features).astype("float32"))


def extract(
    paths: Sequence[Path],
    digests: Sequence[str],
    backbone: "keras.Model",
    size: int,
    compute: Callable[[Sequence[Path]], Iterator[Shard]],
    deadline: float = float("inf"),
) -> Extracted:
    """Pictures and features of photos, from the cache, or computed and kept there.

    Args:
        paths: the photos.
        digests: of their pixels, as `check_images` gives them.
        backbone: from pictures (n, size, size, 3) to features (n, d).
        size: height and width of the pictures.
        compute: gives the shards of the photos in order.
        deadline: in seconds of `time.monotonic()`.

    Raises:
        NoTimeError: at the pace of the first shards, it would take longer than to the deadline.
        ImageFolderError: a photo cannot be read any more.
        AssetError: the cache cannot be written, or the disk is full.
    """
    facts = [str(VERSION), str(SHARD), str(size), model_digest(backbone), *digests]
    key = hashlib.blake2b("\0".join(facts).encode(), digest_size=12).hexdigest()
    names = [Path("retrain") / f"{backbone.name}-{key}-{what}.npy" for what in Shard._fields]
    if kept := _read(names, len(paths)):
        return Extracted(*kept, computed=False)
    total = -(-len(paths) // SHARD)
    with warnings.catch_warnings():  # Pillow's, in all threads
        warnings.simplefilter("ignore")
        results = _in_time(compute(paths), total, deadline)
        results = with_bar(results, "Features, 32 photos each", total)
        _write([assets.cache_dir() / name for name in names], results, len(paths))
    kept = _read(names, len(paths))
    if not kept:
        raise assets.AssetError(
            f"{assets.cache_dir() / names[0]} was written, and cannot be read. Is the disk sound?"
        )
    return Extracted(*kept, computed=True)


def _in_time(results: Iterable[Shard], total: int, deadline: float) -> Iterator[Shard]:
    """The results, as long as the rest can be there before the deadline.

    The first is left out of the pace: TensorFlow makes its graph then.
    """
    began = time.monotonic()
    for done, shard in enumerate(results, 1):
        yield shard
        now = time.monotonic()
        if done == 1:
            began = now
        elif done > PACE and done < total:
            left = (total - done) * (now - began) / (done - 1)
            if now + left > deadline:
                raise NoTimeError(
                    f"To read the rest of the photos and compute their features takes about "
                    f"{left:.0f} s more, and --time-budget leaves {max(0, deadline - now):.0f} s. "
                    "Give more seconds, fewer photos, or take a faster network, such as "
                    "--backbone photonet. There is no model yet."
                )


def arranged(pictures: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Pictures in another order: in memory where they are few, else in a file that has no name.

    Raises:
        AssetError: the disk is full.
    """
    if len(order) == len(pictures) and np.array_equal(order, np.arange(len(order))):
        return pictures
    if pictures.nbytes <= FEW_BYTES:
        return pictures[order]
    try:
        with tempfile.TemporaryFile(dir=assets.cache_dir()) as file:
            shape = (len(order), *pictures.shape[1:])
            copy = np.memmap(file, pictures.dtype, "w+", shape=shape)
            for start in range(0, len(order), SHARD):
                copy[start : start + SHARD] = pictures[order[start : start + SHARD]]
                for read in (pictures, copy):
                    release_pages(read)
            return copy
    except OSError as error:
        raise assets.AssetError(
            f"Could not write to {assets.cache_dir()}: {error.strerror}. Make room on the disk, or "
            "set TLCOURSE_CACHE to another folder."
        ) from error


def _read(names: Sequence[Path], count: int) -> list[np.ndarray] | None:
    """The arrays, when all of them are in a cache."""
    found = []
    for name in names:
        for path in assets.all_in_cache(name):
            array = read_array(path, lambda array: len(array) == count)
            if array is not None:
                found.append(array)
                break
    return found if len(found) == len(names) else None


def _write(targets: Sequence[Path], results: Iterable[Shard], count: int) -> None:
    """Write shards one after the other into one .npy file for each of their parts."""
    with contextlib.ExitStack() as stack:
        files = []
        for target in targets:
            draft = stack.enter_context(assets.atomic_path(target))
            files.append(stack.enter_context(open(draft, "wb")))
        for at, shard in enumerate(results):
            for file, part in zip(files, shard, strict=True):
                if at == 0:
                    header = {"shape": (count, *part.shape[1:]), "fortran_order": False}
                    header["descr"] = np.lib.format.dtype_to_descr(part.dtype)
                    np.lib.format.write_array_header_1_0(file, header)
                file.write(np.ascontiguousarray(part))
