"""Take named files out of an archive that strangers made.

Nothing is written, and no path in the archive is ever followed: a caller says which names it wants,
gets bytes, and puts them where it likes. Links, devices and files that are too big are refused.
"""

import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

MOST_BYTES = 20_000_000  # of one picture, when unpacked
BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError)


class ArchiveError(Exception):
    """An archive is not what it should be; the message says in what."""


def take(archive: Path, wanted: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """The wanted files of a ZIP or TAR archive, in the archive's order.

    Args:
        archive: the file.
        wanted: a path in the archive → what to call it.

    Yields:
        What to call a file, and its bytes.

    Raises:
        ArchiveError: it is no such archive, is cut off, lacks a wanted file or has it twice, or
            one is a link or bigger than `MOST_BYTES`.
        OSError: it cannot be read.
    """
    seen: set[str] = set()
    try:
        members = _zipped if zipfile.is_zipfile(archive) else _tarred
        for path, content in members(archive, wanted):
            if path in seen:
                raise ArchiveError(f"{archive.name} has {path} twice")
            seen.add(path)
            yield wanted[path], content
    except BROKEN as error:
        raise ArchiveError(f"{archive.name} is damaged or no archive ({error})") from error
    if missing := [path for path in wanted if path not in seen]:
        raise ArchiveError(
            f"{archive.name} lacks {len(missing):,} of {len(wanted):,} pictures, {missing[0]} first"
        )


def _zipped(archive: Path, wanted: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as packed:
        for info in packed.infolist():
            if info.filename not in wanted:
                continue
            kind = stat.S_IFMT(info.external_attr >> 16)
            if info.is_dir() or kind not in (0, stat.S_IFREG) or info.flag_bits & 1:
                raise ArchiveError(f"{info.filename} in {archive.name} is no plain file")
            with packed.open(info) as file:
                yield info.filename, _read(file, info.filename, archive)


def _tarred(archive: Path, wanted: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive, "r|*") as packed:  # front to back: nothing is looked up twice
        for info in packed:
            if info.name not in wanted:
                continue
            if not info.isreg():
                raise ArchiveError(f"{info.name} in {archive.name} is no plain file")
            yield info.name, _read(packed.extractfile(info), info.name, archive)


def _read(file, name: str, archive: Path) -> bytes:
    content = file.read(MOST_BYTES + 1)  # what an archive says of a size is not to be believed
    if len(content) > MOST_BYTES:
        raise ArchiveError(f"{name} in {archive.name} is bigger than {MOST_BYTES:,} bytes")
    return content
