"""The archive of a set of photos, loaded from where its authors put it."""

import contextlib
import sys
import urllib.parse
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tlcourse.errors import AssetError
from tlcourse.files import assets
from tlcourse.files.download import NetworkError
from tlcourse.files.keras_weights import answers
from tlcourse.files.photo_sets import SETS, Archive, PhotoSet, photo_list
from tlcourse.files.resume import Resuming

TIMEOUT = 10.0  # seconds for the server's answer, and for each further piece of it


def megabytes(archive: Archive) -> str:
    """How large an archive is, in words."""
    about = "" if archive.size else "about "
    return f"{about}{(archive.size or archive.about) / 1e6:,.0f} MB"


@contextlib.contextmanager
def load_archive(photos: PhotoSet, folders: Sequence[Path]) -> Iterator[tuple[Path, Archive]]:
    """The archive of the authors, as a file that is there for as long as the block runs.

    Args:
        photos: the set.
        folders: where it was looked for in vain, for the message.

    Raises:
        AssetError: `TLCOURSE_OFFLINE` is set, no server takes a call within a second, there is no
            room, or what comes is not what it should be.
    """
    ways = [(one, url) for one in photos.archives if one.original for url in one.urls]
    if assets.offline():
        raise missing(photos, folders, "TLCOURSE_OFFLINE is set")
    with ThreadPoolExecutor(len(ways)) as pool:
        there = list(pool.map(lambda way: answers(way[1]), ways))
    ways = [way for way, answer in zip(ways, there, strict=True) if answer]
    if not ways:
        raise missing(photos, folders, "no server that has it answers (no network?)")
    place = assets.cache_dir() / "photos" / "loading"
    largest = max(one.size or one.about for one, _ in ways)
    if (free := assets.free_bytes(place)) < 2 * largest:  # the archive, and what is taken out
        raise AssetError(
            f"{photos.name} needs {2 * largest / 1e6:,.0f} MB while it is loaded, and the disk of "
            f"{place} has {free / 1e6:,.0f}. Make room, or set TLCOURSE_CACHE to a folder on "
            "another disk."
        )
    failures = []
    for archive, url in ways:
        host, count = urllib.parse.urlsplit(url).hostname, len(photo_list(photos.name))
        print(
            f"{photos.name} is not here: loading {archive.file}, {megabytes(archive)}, from "
            f"{host}, once. Of its pictures, {count:,} are kept, in {place.parent}",
            file=sys.stderr,
        )
        try:
            path = _load(archive, url, place)
        except NetworkError as error:
            failures.append(f"{host}: {error}")
            continue
        except OSError as error:
            raise AssetError(
                f"Could not write {archive.file} to {place}: {error.strerror or error}. Make room "
                "on the disk, or set TLCOURSE_CACHE to another folder."
            ) from error
        try:
            yield path, archive
        finally:
            with contextlib.suppress(OSError):
                path.unlink()
        return
    raise missing(photos, folders, "loading it failed: " + "; ".join(failures))


def _load(archive: Archive, url: str, place: Path) -> Path:
    """The archive, whole; pooch compares its digest before it gets its name."""
    import pooch

    pooch.get_logger().setLevel("WARNING")
    known = f"sha256:{archive.sha256}" if archive.sha256 else None
    assets.sweep(place, "*")
    part = place / f"{archive.file}.part"
    loader = Resuming(part, archive.size, archive.file, TIMEOUT)
    try:
        path = pooch.retrieve(url, known, fname=archive.file, path=place, downloader=loader)
    except ValueError as error:  # of pooch, which has removed what came
        raise NetworkError(
            f"what came has another SHA-256 than {archive.sha256}, and was removed ({error})"
        ) from error
    return Path(path)


def missing(photos: PhotoSet, folders: Sequence[Path], why: str) -> AssetError:
    """What to say of a set that is not here: how large it is, where it is, where to put it."""
    archive = photos.archives[0]
    names = " or ".join(one.file for one in photos.archives)
    looked = f", nor is {names} in {' or '.join(map(str, folders))}" if folders else ""
    return AssetError(
        f"{photos.name} is not in {assets.cache_dir() / 'photos'}{looked}, and {why}. It is "
        f"{megabytes(archive)} ({archive.file} from {archive.urls[0]}). To mend it: run "
        f"`tlcourse fetch {photos.name}` with a network. Or put that file into a folder and set "
        "TLCOURSE_DATASETS to it."
    )


def not_here(name: str) -> str:
    """What `list_tasks` says of a set that is not here."""
    return f"not here; `tlcourse fetch {name}` loads {megabytes(SETS[name].archives[0])}"
