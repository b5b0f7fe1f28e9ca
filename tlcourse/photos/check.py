"""`check_images`: look at every file of a photo folder before anything is trained on it."""

import html
import warnings
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tlcourse.errors import ImageFolderError
from tlcourse.machine.limits import usable_cpus
from tlcourse.photos.read import EXTENSIONS, Look, examine
from tlcourse.progress import with_bar

SHOW_PROGRESS_FROM = 500  # photos of one class; a few seconds


@dataclass(frozen=True)
class Finding:
    """One thing to know about a file: what it is and what to do, or what was done."""

    path: Path
    message: str


@dataclass(frozen=True)
class ImageReport:
    """What `check_images` found.

    `counts` is the number of usable images a class; `problems` keep a file or a class from being
    used; `notes` are images that are read, after a conversion that is named. Images with the same
    digest have the same pixels, whatever their names and file formats.
    """

    folder: Path
    counts: dict[str, int]
    problems: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()
    usable: dict[str, tuple[Path, ...]] = field(default_factory=dict, repr=False)
    digests: dict[Path, str] = field(default_factory=dict, repr=False)

    @property
    def ok(self) -> bool:
        """Whether every file can be used and there are at least two classes with images."""
        return not self.problems

    def __str__(self) -> str:
        total = sum(self.counts.values())
        lines = [f"{self.folder}: {total} usable images in {len(self.counts)} classes"]
        lines += [f"  {name}: {count}" for name, count in self.counts.items()]
        for title, findings in (("To mend", self.problems), ("Read with a conversion", self.notes)):
            if findings:
                lines.append(f"{title} ({len(findings)}):")
                rows = alike(findings)
                for first, count in rows[:20]:
                    others = f" and {count - 1} more" if count > 1 else ""
                    lines.append(f"  {self._short(first.path)}{others}: {first.message}")
                if len(rows) > 20:
                    lines.append(f"  … and {sum(count for _, count in rows[20:])} more")
        return "\n".join(lines)

    def _short(self, path: Path) -> str:
        return str(path.relative_to(self.folder)) if path != self.folder else str(path)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def alike(findings: Iterable[Finding]) -> list[tuple[Finding, int]]:
    """What to list: each finding and 1, but files of a kind that is not read only once.

    A phone's 20 HEIC photos in one folder are one thing to say; of 20 damaged photos, each name
    matters.
    """
    kinds: dict[tuple[Path, str], list[Finding]] = {}
    for at, finding in enumerate(findings):
        path = finding.path
        unread = path.suffix and path.suffix.lower() not in EXTENSIONS
        kind = (path.parent, path.suffix.lower()) if unread else (path, str(at))
        kinds.setdefault(kind, []).append(finding)
    return [(same[0], len(same)) for same in kinds.values()]


def check_images(folder: str | Path, *, deep: bool = False) -> ImageReport:
    """Check a folder of photos, one sub-folder a class. Nothing in it is changed.

    Every file is decoded, on all cores, so a truncated one is found too. Hidden files, `Thumbs.db`
    and `desktop.ini` are passed over in silence, and so is any file beside the class folders that
    is no photo.

    Args:
        folder: the folder; the names of its sub-folders are the class names.
        deep: take photos in folders within a class for its photos, too.

    Returns:
        A report: usable images a class, problems, and images that need a conversion.

    Raises:
        ImageFolderError: there is no such folder, it cannot be read, or it has no sub-folder.
    """
    folder = Path(folder).expanduser()
    problems: list[Finding] = []
    notes: list[Finding] = []
    usable: dict[str, tuple[Path, ...]] = {}
    digests: dict[Path, str] = {}
    found = class_folders(folder)
    for path in _entries(folder):
        if path not in found and path.suffix.lower() in EXTENSIONS:
            problems.append(
                Finding(path, "lies beside the class folders; move it into one, or remove it.")
            )
    for class_folder in found:
        report = check_class(class_folder, deep=deep)
        problems += report.problems
        notes += report.notes
        usable |= report.usable
        digests |= report.digests
    if sum(bool(paths) for paths in usable.values()) < 2:
        problems.append(
            Finding(
                folder,
                "holds fewer than two classes with usable images, and one class is nothing to "
                "tell apart: add a second sub-folder with photos.",
            )
        )
    counts = {name: len(paths) for name, paths in usable.items()}
    return ImageReport(folder, counts, tuple(problems), tuple(notes), usable, digests)


def check_class(folder: Path, *, deep: bool = False) -> ImageReport:
    """The same for the folder of one class, whose photos lie in it; it raises nothing.

    Args:
        folder: its name is that of the class.
        deep: as for `check_images`.
    """
    problems, notes, good, digests = [], [], [], {}
    name = folder.resolve().name
    try:
        files = _files_within(folder) if deep else _entries(folder)
    except OSError as error:
        reason = f"cannot be read ({error.strerror}); give yourself read permission."
        return ImageReport(folder, {name: 0}, (Finding(folder, reason),), usable={name: ()})
    for path, look in zip(files, _examine_all(files), strict=True):
        if look.problem:
            problems.append(Finding(path, look.problem))
            continue
        good.append(path)
        digests[path] = look.digest
        if look.note:
            notes.append(Finding(path, look.note))
    if not good:
        problems.append(Finding(folder, "has no usable image; add some, or remove the folder."))
    return ImageReport(
        folder, {name: len(good)}, tuple(problems), tuple(notes), {name: tuple(good)}, digests
    )


def class_folders(folder: Path) -> list[Path]:
    """The sub-folders of a photo folder, sorted by name: the classes.

    Raises:
        ImageFolderError: there is no such folder, it cannot be read, or it has no sub-folder.
    """
    try:
        entries = _entries(folder)
    except FileNotFoundError:
        raise ImageFolderError(
            f"There is no folder {folder} (looked from {Path.cwd()}). Give the folder that holds "
            "one sub-folder of photos a class."
        ) from None
    except NotADirectoryError:
        raise ImageFolderError(
            f"{folder} is a file. Give the folder that holds one sub-folder of photos a class."
        ) from None
    except OSError as error:
        raise ImageFolderError(
            f"{folder} cannot be read ({error.strerror}); give yourself read permission."
        ) from None
    found = [path for path in entries if path.is_dir()]
    if not found:
        loose = sum(path.suffix.lower() in EXTENSIONS for path in entries)
        hint = f" It has {loose} loose photos: move them into sub-folders." if loose else ""
        raise ImageFolderError(
            f"{folder} has no sub-folder; expected one a class, such as {folder / 'cat'} and "
            f"{folder / 'dog'}.{hint}"
        )
    return found


def _entries(folder: Path) -> list[Path]:
    # By the plain name: paths sort by another rule on Windows, and the labels with them.
    return sorted((p for p in folder.iterdir() if not _hidden(p)), key=lambda p: p.name)


def _files_within(folder: Path) -> list[Path]:
    """All files, those of sub-folders after those that lie in the folder itself."""
    entries = _entries(folder)
    files = [path for path in entries if not path.is_dir()]
    return files + [p for sub in entries if sub.is_dir() for p in _files_within(sub)]


def _hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name in ("Thumbs.db", "desktop.ini", "__MACOSX")


def _examine_all(paths: list[Path]) -> list[Look]:
    # Filters of warnings belong to all threads: set here, what threads set and reset is no matter.
    with warnings.catch_warnings(), ThreadPoolExecutor(usable_cpus()) as threads:
        warnings.simplefilter("ignore")
        looks = threads.map(examine, paths)
        if len(paths) >= SHOW_PROGRESS_FROM:
            looks = with_bar(looks, f"Checking {paths[0].parent.name}", len(paths))
        return list(looks)
