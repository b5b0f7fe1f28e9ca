"""Keras's own weight files: found in its cache, or fetched, or an error that says what to do.

Left alone, Keras tries the network whenever a file is missing, for as long as the operating
system waits, and two of its model families do not notice a file that was cut off.
"""

import functools
import hashlib
import os
import queue
import socket
import threading
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tlcourse.errors import AssetError
from tlcourse.files.assets import atomic_path, given_dirs, offline, shared_dir
from tlcourse.files.download import NetworkError, download

PATIENCE = 0.8  # seconds for a server to take the call


@dataclass(frozen=True)
class KerasFile:
    """A weight file as Keras publishes it.

    `digest` is the one in Keras's source, MD5 or SHA-256 in hex digits; empty where it has none.
    """

    name: str
    url: str
    digest: str = ""


class MissingWeights(AssetError):  # noqa: N818 - named for what it says
    """A weight file is not here and cannot be had; `file` is its name, `why` half a sentence."""

    def __init__(self, message: str, file: str, why: str) -> None:  # noqa: D107
        super().__init__(message)
        self.file, self.why = file, why


def weight_folders() -> list[Path]:
    """Where a Keras weight file may be: Keras's cache, `TLCOURSE_SHARED`/models, given folders."""
    home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    shared = shared_dir()
    return [home / "models", *([shared / "models"] if shared else []), *given_dirs()]


def find_weights(file_name: str) -> Path | None:
    """The path of a weight file that is here now, or None; whether it is whole is not looked at."""
    return next(iter(_all_here(file_name)), None)


def _all_here(file_name: str) -> list[Path]:
    paths = [folder / file_name for folder in weight_folders()]
    return [path for path in paths if path.is_file()]


def locate_weights(file: KerasFile) -> Path:
    """Path of a weight file that is whole: one that is here, or else downloaded to Keras's cache.

    Raises:
        AssetError: the file that is here is damaged; or there is none, and `TLCOURSE_OFFLINE` is
            set, the server does not take a call within `PATIENCE` seconds, or the download fails.
    """
    here = _all_here(file.name)
    for path in here:
        if is_whole(path, file):
            return path
    if here:
        raise damaged(here[0])
    if offline():
        raise _missing(file, "TLCOURSE_OFFLINE is set")
    if not answers(file.url):
        host = urllib.parse.urlsplit(file.url).hostname
        raise _missing(file, f"{host} does not answer (no network?)")
    target = weight_folders()[0] / file.name
    try:
        with atomic_path(target, "KERAS_HOME") as partial:
            download(file.url, partial, label=file.name)
            if not is_whole(partial, file):
                raise _missing(file, "fetching it failed: what came is another file")
    except NetworkError as error:
        raise _missing(file, f"fetching it failed: {error}") from error.__cause__
    except AssetError:
        # Another process may have put it there meanwhile; Windows then lets none replace it.
        if not is_whole(target, file):
            raise
    return target


def is_whole(path: Path, file: KerasFile) -> bool:
    """Whether a file is there and has the digest; without one, whether HDF5 can read all of it."""
    import h5py

    try:
        if file.digest:
            md5 = functools.partial(hashlib.md5, usedforsecurity=False)
            with open(path, "rb") as content:
                algorithm = md5 if len(file.digest) == 32 else "sha256"
                return hashlib.file_digest(content, algorithm).hexdigest() == file.digest
        with h5py.File(path, "r") as content:
            for name in _arrays_in(content):
                content[name][()]
        return True
    except (OSError, RuntimeError, KeyError):
        return False


def _arrays_in(content) -> list[str]:
    names: list[str] = []
    content.visititems(lambda name, item: names.append(name) if hasattr(item, "dtype") else None)
    return names


def damaged(path: Path) -> AssetError:
    """What to say of a file that does not hold what its name says."""
    return AssetError(
        f"{path} is damaged: expected Keras's weight file, found something else or a part of it "
        f"({path.stat().st_size:,} bytes). Delete it, and load the model again with a network."
    )


def _missing(file: KerasFile, why: str) -> MissingWeights:
    return MissingWeights(
        f"The weights {file.name} are not in {weight_folders()[0]}, and {why}. To mend it: load "
        f"the model once with a network, or get the file elsewhere, from {file.url}, and copy it "
        "to that folder, under that name. weights=None builds the model with random weights; "
        "'photonet' comes with the course.",
        file.name,
        why,
    )


def answers(url: str) -> bool:
    """Whether the server, or the proxy on the way to it, takes a call."""
    proxies = urllib.request.getproxies()
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "file":
        return True
    parts = urllib.parse.urlsplit(proxies.get(parts.scheme, url))
    port = parts.port or (443 if parts.scheme == "https" else 80)
    result: queue.Queue[bool] = queue.Queue()

    def call() -> None:
        try:
            socket.create_connection((parts.hostname, port), timeout=PATIENCE).close()
            result.put(True)
        except OSError:
            result.put(False)

    # In a thread: looking up a name has no time limit of its own.
    threading.Thread(target=call, daemon=True).start()
    try:
        return result.get(timeout=PATIENCE)
    except queue.Empty:
        return False
