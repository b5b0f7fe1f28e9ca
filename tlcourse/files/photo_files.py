"""The pictures of a set of real photos: from the cache, from a folder of the user's, or loaded.

In the cache, a set is one archive of ours, `photos/NAME.zip`, which has the chosen pictures and
nothing else. It is moved there when it is whole and every picture is checked; so a run that was
killed leaves nothing that is used.

`TLCOURSE_DATASETS` names folders where archives lie, as published or as prepared for a class.
"""

import contextlib
import hashlib
import json
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tlcourse.errors import AssetError, InputError
from tlcourse.files import assets
from tlcourse.files.photo_archives import load_archive
from tlcourse.files.photo_sets import DIGITS, SETS, Archive, PhotoSet, photo_list
from tlcourse.files.unpack import BROKEN, ArchiveError, take
from tlcourse.progress import with_bar

ORIGIN = "ORIGIN.json"


def cached_name(name: str) -> str:
    """Where a set lies in a cache."""
    return f"photos/{name}.zip"


def load_photos(name: str, folder: str | Path | None = None) -> tuple[dict[str, bytes], bool]:
    """The pictures of a set: what is in their files, by the names of its list.

    Looked for in the caches, then in `folder` (or, without one, in `TLCOURSE_DATASETS`), then at
    the address of the authors. What is found is kept in the cache.

    Args:
        name: of a set.
        folder: has an archive of the set, as published or as prepared.

    Returns:
        The files, and whether they are the originals.

    Raises:
        InputError: the folder is not there.
        AssetError: the set is nowhere, or what was found is not what it should be; the message
            says how large it is, where it is from, and where to put it.
    """
    named = named_folders(folder)
    if (kept := _cached(name)) is not None:
        return kept
    with _alone(SETS[name]):
        if (kept := _cached(name)) is None:  # another process may have brought it meanwhile
            _bring(SETS[name], named)
            kept = _cached(name)
    if kept is None:
        raise AssetError(f"{assets.cache_dir() / cached_name(name)} was changed just now. Again?")
    return kept


@contextlib.contextmanager
def _alone(photos: PhotoSet) -> Iterator[None]:
    """Only one process at a time brings an archive; the others wait, and then find the set."""
    import filelock

    path = assets.cache_dir() / "photos" / f".{photos.archives[0].file}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(path)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            print(f"Another program is loading {photos.name}: waiting for it.", file=sys.stderr)
            lock.acquire()
    except OSError as error:
        raise AssetError(
            f"{path.parent} cannot be written ({error.strerror or error}). Give yourself write "
            "permission there, or set TLCOURSE_CACHE to another folder."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _bring(photos: PhotoSet, folders: Sequence[Path]) -> None:
    """Put a set into the cache, from a folder or from its authors."""
    if found := _in_folders(photos, folders):
        _keep(photos, *found)
        return
    with load_archive(photos, folders) as (path, archive):
        _keep(photos, path, archive)
        # Two sets lie in one archive: who has loaded it need not do so again.
        for other in SETS.values():
            if archive in other.archives and other is not photos and not is_here(other.name):
                with contextlib.suppress(AssetError):
                    _keep(other, path, archive)


def is_here(name: str) -> bool:
    """Whether a set is in a cache, by its name alone."""
    return bool(assets.all_in_cache(cached_name(name)))


def _cached(name: str) -> tuple[dict[str, bytes], bool] | None:
    for path in assets.all_in_cache(cached_name(name)):
        with contextlib.suppress(OSError, ArchiveError, KeyError, ValueError, *BROKEN):
            return read_kept(path, name)
        # Ours to set aside, unless it is the shared cache under a second name.
        own = assets.cache_dir() / cached_name(name)
        if path == own and assets.cache_dir() != assets.shared_dir():
            with contextlib.suppress(OSError):
                path.replace(path.with_name(path.name + ".damaged"))
    return None


def read_kept(path: Path, name: str) -> tuple[dict[str, bytes], bool]:
    """The pictures of an archive of ours, each checked, and whether they are the originals."""
    with zipfile.ZipFile(path) as packed:
        original = bool(json.loads(packed.read(ORIGIN))["original"])
    wanted = {photo.file: photo.file for photo in photo_list(name)}
    found = dict(take(path, wanted))
    _check(found, name, original, path)
    return {file: found[file] for file in wanted}, original


def _check(found: Mapping[str, bytes], name: str, original: bool, path: Path) -> None:
    """Compare with the list, as far as it has digests; those of an archive stand for the rest."""
    wrong = []
    for photo in photo_list(name):
        expected = photo.original if original else photo.digest
        if expected and hashlib.sha256(found[photo.file]).hexdigest()[:DIGITS] != expected:
            wrong.append(photo.file)
    if wrong:
        raise ArchiveError(
            f"{path.name} has {len(wrong):,} of {len(found):,} pictures with another SHA-256 than "
            f"the course's list ({wrong[0]} first)"
        )


def named_folders(folder: str | Path | None = None) -> list[Path]:
    """Where archives may lie: the given folder, or those of `TLCOURSE_DATASETS`.

    Raises:
        InputError: the given one is no folder.
    """
    if folder is None:
        return assets.given_dirs()
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise InputError(f"folder={str(folder)!r} is no folder. Give one that has the archives.")
    return [folder]


def _in_folders(photos: PhotoSet, folders: Sequence[Path]) -> tuple[Path, Archive] | None:
    """An archive in a folder; the prepared one first, which is smaller."""
    for folder in folders:
        for archive in reversed(photos.archives):
            if (folder / archive.file).is_file():
                return folder / archive.file, archive
    return None


def can_be_had(name: str) -> bool:
    """Whether a set is in a cache or in a given folder, so that no network is asked."""
    return is_here(name) or _in_folders(SETS[name], named_folders()) is not None


def _keep(photos: PhotoSet, path: Path, archive: Archive) -> None:
    """Put the chosen pictures of an archive into the cache, and say whose they are."""
    if archive.sha256 and (digest := assets.sha256(path)) != archive.sha256:
        raise AssetError(
            f"{path} has SHA-256 {digest}, expected {archive.sha256}: it is another file, or a "
            "part of it. Get it again."
        )
    names = [photo.file for photo in photo_list(photos.name)]
    wanted = {}
    for name in names:
        folder, file = name.split("/")
        wanted[f"{archive.root}{archive.folders.get(folder, folder)}/{file}"] = name
    target = assets.cache_dir() / cached_name(photos.name)
    try:
        found = dict(with_bar(take(path, wanted), f"unpacking {photos.name}", len(wanted)))
        _check(found, photos.name, archive.original, path)
        with assets.atomic_path(target) as draft, zipfile.ZipFile(draft, "w") as packed:
            packed.writestr(ORIGIN, json.dumps({"original": archive.original}))
            for name in names:
                packed.writestr(name, found[name])
    except ArchiveError as error:
        raise AssetError(f"{path} cannot be used: {error}. Get it again.") from error
    except OSError as error:
        raise AssetError(f"{path} cannot be read: {error.strerror or error}.") from error
    # Not into what a notebook prints: it is said once, when the set first comes.
    print(photos.credit, file=sys.stderr)
