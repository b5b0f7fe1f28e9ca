"""Find a file: bundled with the course, then in a cache, then by download.

Nothing is ever half-written: a file is made under a unique name beside its target and moved into
place when it is complete (`atomic_path`), so a killed, truncated or concurrent run leaves either
the whole file or none.

Environment variables:

- `TLCOURSE_CACHE`: the folder to write to (default: the user's cache folder).
- `TLCOURSE_SHARED`: a read-only cache that is looked at first, as a classroom server has.
- `TLCOURSE_DATASETS`: folders that the user filled, with archives of photos or Keras's weights.
- `TLCOURSE_OFFLINE`: any value but `0` or empty forbids the network.
"""

import contextlib
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from tlcourse.errors import AssetError
from tlcourse.files.download import NetworkError, download

PACKAGE = Path(__file__).resolve().parents[1]
_STALE_SECONDS = 24 * 3600  # leftovers of a killed run older than this are swept away


@dataclass(frozen=True)
class Asset:
    """A file that the course can use.

    `path` is relative to the bundled folders and to the caches; `size` is in bytes and `sha256`
    in hex digits. Without a `url` the file can only be bundled or already cached.
    """

    path: str
    sha256: str
    size: int
    url: str | None = None


def offline() -> bool:
    """Whether `TLCOURSE_OFFLINE` forbids the network."""
    return os.environ.get("TLCOURSE_OFFLINE", "") not in ("", "0")


def cache_dir() -> Path:
    """The folder that the course writes to. It may not exist yet."""
    if folder := os.environ.get("TLCOURSE_CACHE"):
        return Path(folder).expanduser()
    return platformdirs.user_cache_path("tlcourse", appauthor=False, opinion=False)


def shared_dir() -> Path | None:
    """The read-only shared cache (`TLCOURSE_SHARED`), or None."""
    folder = os.environ.get("TLCOURSE_SHARED")
    return Path(folder).expanduser() if folder else None


def given_dirs() -> list[Path]:
    """The folders of `TLCOURSE_DATASETS`, which has a `:` between two (on Windows a `;`)."""
    given = os.environ.get("TLCOURSE_DATASETS", "")
    return [Path(folder).expanduser() for folder in given.split(os.pathsep) if folder]


def bundled_dirs() -> list[Path]:
    """Folders that hold bundled files: in the package, or beside it in a checkout."""
    candidates = [PACKAGE, PACKAGE / "_datasets", PACKAGE.parent / "datasets"]
    return [folder for folder in candidates if folder.is_dir()]


def bundled(relative: str) -> Path:
    """Path of a bundled file, such as `"transfer_surface/surface.csv"`.

    Raises:
        AssetError: it is not there.
    """
    for folder in bundled_dirs():
        if (folder / relative).is_file():
            return folder / relative
    raise AssetError(f"{relative} should come with the course, but is not there: install it again.")


@contextlib.contextmanager
def atomic_path(target: Path, folder_variable: str = "TLCOURSE_CACHE") -> Iterator[Path]:
    """Yield a unique path beside `target`; on success move it there, on any failure remove it.

    Args:
        target: the file to make.
        folder_variable: environment variable that moves its folder elsewhere, for the message;
            empty where there is none.

    Raises:
        AssetError: the folder cannot be written, or the disk is full.
    """
    target = Path(target)
    partial = target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target.parent, ".*.part")
        yield partial
        os.replace(partial, target)
    except OSError as error:
        # NumPy reports a short write without saying why: "4096 requested and 0 written".
        reason = error.strerror or f"the disk may be full ({error})"
        elsewhere = f", or set {folder_variable} to another folder" if folder_variable else ""
        raise AssetError(
            f"Could not write {target}: {reason}. Make room on the disk or give "
            f"the folder write permission{elsewhere}."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def sweep(folder: Path, pattern: str) -> None:
    """Remove the drafts, files or folders, that killed runs left behind a day or more ago."""
    for leftover in folder.glob(pattern):
        with contextlib.suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hex digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def all_in_cache(relative: str | Path) -> list[Path]:
    """Every cached file of that name, the shared cache first, for a caller that checks them."""
    folders = [folder for folder in (shared_dir(), cache_dir()) if folder is not None]
    return [folder / relative for folder in folders if _is_file(folder / relative)]


def _is_file(path: Path) -> bool:
    """Whether there is a file; a folder that we may not look into has none for us."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_right(path: Path, asset: Asset) -> bool:
    """Whether a file is there, can be read, and has the right size and SHA-256."""
    try:
        return path.stat().st_size == asset.size and sha256(path) == asset.sha256
    except OSError:
        return False


def locate(asset: Asset, *, progress: bool = True, timeout: float = 10.0) -> Path:
    """Path of a file whose SHA-256 is right: bundled, then cached, then downloaded.

    A file in the user's own cache with a wrong digest is set aside as `NAME.damaged` and fetched
    again. One in the shared cache is passed over, since it is not ours to touch.

    Args:
        asset: what is wanted.
        progress: show a progress bar for a download of over 5 MB.
        timeout: seconds to wait for the server's answer, and for each further piece of it.

    Raises:
        AssetError: the file is nowhere, or what came has the wrong size or digest. The message
            names the address, the path and the manual fix.
    """
    for folder in [*bundled_dirs(), shared_dir(), cache_dir()]:
        if folder is not None and is_right(folder / asset.path, asset):
            return folder / asset.path
    target = cache_dir() / asset.path
    # Set aside only what is ours: the cache may be the shared one under a second name.
    if _is_file(target) and cache_dir() != shared_dir():
        with contextlib.suppress(OSError):
            target.replace(target.with_name(target.name + ".damaged"))
    try:
        return _download(asset, target, progress, timeout)
    except AssetError:
        # Another process may have put the file there meanwhile; Windows then lets none replace it.
        if is_right(target, asset):
            return target
        raise


def _download(asset: Asset, target: Path, progress: bool, timeout: float) -> Path:
    by_hand = (
        f"To mend it by hand: get {asset.url} on a machine that can, and copy it to {target} "
        f"({asset.size:,} bytes, SHA-256 {asset.sha256})."
    )
    if asset.url is None:
        raise AssetError(
            f"{asset.path} is not there, and it is not one to download. It comes with the course: "
            f"install the course again, or copy the file to {target}."
        )
    if offline():
        raise AssetError(f"{asset.path} is not here, and TLCOURSE_OFFLINE is set. {by_hand}")
    try:
        with atomic_path(target) as partial:
            options = {"label": asset.path, "progress": progress, "timeout": timeout}
            download(asset.url, partial, asset.size, **options)
            if (digest := sha256(partial)) != asset.sha256:
                raise AssetError(
                    f"{asset.url} has SHA-256 {digest}, expected {asset.sha256}. The wrong file "
                    f"was removed. {by_hand}"
                )
    except NetworkError as error:
        raise AssetError(f"Could not fetch {asset.url}: {error}. {by_hand}") from error.__cause__
    return target


def free_bytes(folder: Path) -> int:
    """Free disk space in bytes where `folder` is, or would be."""
    folder = Path(folder)
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free
