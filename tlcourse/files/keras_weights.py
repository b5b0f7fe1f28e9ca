"""Keras's own weight files: found in its cache at once, or an error that says what to do.

Left alone, Keras tries the network whenever a file is missing, for as long as the operating
system waits, and two of its model families do not notice a file that was cut off.
"""

import contextlib
import os
import queue
import socket
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tlcourse.errors import AssetError
from tlcourse.files.assets import offline, shared_dir

PATIENCE = 0.8  # seconds for a server to take the call


def weight_folders() -> list[Path]:
    """Folders where a Keras weight file may be: Keras's cache, then `TLCOURSE_SHARED`/models."""
    home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    shared = shared_dir()
    return [home / "models"] + ([shared / "models"] if shared else [])


def find_weights(file_name: str) -> Path | None:
    """The path of a weight file that is here now, or None."""
    paths = [folder / file_name for folder in weight_folders()]
    return next((path for path in paths if path.is_file()), None)


def require_weights(file_name: str, url: str | None = None) -> None:
    """Say at once that a weight file is neither here nor to be had.

    Raises:
        AssetError: it is not in a folder of `weight_folders()`, and `TLCOURSE_OFFLINE` is set or
            the server does not take a call within `PATIENCE` seconds.
    """
    url = url or "https://storage.googleapis.com/tensorflow/keras-applications/"
    if find_weights(file_name):
        return
    if offline():
        raise AssetError(_missing(file_name, url, "TLCOURSE_OFFLINE is set"))
    if not answers(url):
        host = urllib.parse.urlsplit(url).hostname
        raise AssetError(_missing(file_name, url, f"{host} does not answer (no network?)"))


def _missing(file_name: str, url: str, why: str) -> str:
    where = url if url.endswith(file_name) else "the address that Keras names when online"
    return (
        f"The weights {file_name} are not in {weight_folders()[0]}, and {why}. To mend it: load "
        f"the model once with a network, or get the file elsewhere, from {where}, and copy it to "
        "that folder. weights=None builds the model with random weights; 'photonet' comes with "
        "the course."
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


@contextlib.contextmanager
def keras_weights() -> Iterator[None]:
    """Within this context, Keras's model factories find their weight files as described above.

    Raises:
        AssetError: a file is missing and cannot be fetched, or is damaged.
    """
    from keras.src.utils import file_utils  # the factories look `get_file` up here

    original = file_utils.get_file
    used: list[Path] = []

    def get_file(fname, origin, file_hash=None, **options):
        found = find_weights(fname)
        if found is None or (file_hash and not file_utils.validate_file(found, file_hash)):
            if found is not None:
                raise AssetError(_damaged(found))
            require_weights(fname, origin)
            options.pop("cache_dir", None)
            home = weight_folders()[0].parent
            home.mkdir(parents=True, exist_ok=True)
            try:
                found = Path(
                    original(fname, origin, file_hash=file_hash, cache_dir=str(home), **options)
                )
            except Exception as error:
                raise AssetError(_missing(fname, origin, f"fetching it failed: {error}")) from error
        used.append(found)
        return str(found)

    file_utils.get_file = get_file
    try:
        yield
    except OSError as error:  # h5py, at a file that was cut off
        if not used:
            raise
        raise AssetError(_damaged(used[-1])) from error
    finally:
        file_utils.get_file = original


def _damaged(path: Path) -> str:
    return (
        f"{path} is damaged: expected Keras's weight file, found something else or a part of it "
        f"({path.stat().st_size:,} bytes). Delete it, and load the model again with a network."
    )
