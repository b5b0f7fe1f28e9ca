"""`check_images`: look at every file of a photo folder before anything is trained on it."""

import hashlib
import html
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tlcourse.progress import progress

# Extensions that are taken for images. Anything else in a class folder is reported, not read.
EXTENSIONS = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff")
_FORMATS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".gif": "GIF",
    ".bmp": "BMP",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
SHOW_PROGRESS_FROM = 500  # photos of one class; a few seconds
MAX_PIXELS = 100_000_000  # above this a "picture" is more likely a mistake, or an attack


class ImageFolderError(ValueError):
    """A photo folder cannot be used as it is; the message says what to mend."""


class TooLarge(ValueError):  # noqa: N818 - named for what it says
    """A picture has more than `MAX_PIXELS` pixels."""


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
                lines += [f"  {self._short(f.path)}: {f.message}" for f in findings[:20]]
            if len(findings) > 20:
                lines.append(f"  … and {len(findings) - 20} more")
        return "\n".join(lines)

    def _short(self, path: Path) -> str:
        return str(path.relative_to(self.folder)) if path != self.folder else str(path)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def check_images(folder: str | Path) -> ImageReport:
    """Check a folder of photos, one sub-folder a class. Nothing in it is changed.

    Every file is decoded, on all cores, so a truncated one is found too. Hidden files, `Thumbs.db`
    and `desktop.ini` are passed over in silence, and so is any file beside the class folders that
    is no photo.

    Args:
        folder: the folder; the names of its sub-folders are the class names.

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
        good = []
        try:
            files = _entries(class_folder)
        except OSError as error:
            problems.append(
                Finding(
                    class_folder,
                    f"cannot be read ({error.strerror}); give yourself read permission.",
                )
            )
            usable[class_folder.name] = ()
            continue
        for path, look in zip(files, _examine_all(files), strict=True):
            if look.problem:
                problems.append(Finding(path, look.problem))
                continue
            good.append(path)
            digests[path] = look.digest
            if look.note:
                notes.append(Finding(path, look.note))
        usable[class_folder.name] = tuple(good)
        if not good:
            problems.append(
                Finding(class_folder, "has no usable image; add some, or remove the folder.")
            )
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


def read_image(path: Path) -> tuple[np.ndarray, str]:
    """Decode one image as RGB the way a person sees it.

    Transparent images are laid on white, 16-bit ones are scaled to 8, animated ones give their
    first frame, and the camera's rotation mark (EXIF) is obeyed.

    Returns:
        uint8 (height, width, 3), and a sentence on the conversion (empty when there was none).

    Raises:
        Exception: the file is no image, or is damaged. Which one, the decoder decides: Pillow's
            raise OSError, ValueError and SyntaxError, but IndexError, struct.error and others too.
    """
    with warnings.catch_warnings():
        # Pillow warns of big pictures and odd marks; what matters of it is in our own message.
        warnings.simplefilter("ignore")
        return _read_quietly(path)


def _read_quietly(path: Path) -> tuple[np.ndarray, str]:
    from PIL import Image, ImageOps

    with Image.open(path) as picture:
        notes = []
        if picture.width * picture.height > MAX_PIXELS:
            raise TooLarge(f"{picture.width}×{picture.height} pixels are more than is sensible")
        expected = _FORMATS.get(path.suffix.lower())
        if picture.format != expected and picture.format != "MPO":
            notes.append(f"is really a {picture.format} file; read as that.")
        if getattr(picture, "n_frames", 1) > 1 and picture.format != "MPO":
            notes.append(f"has {picture.n_frames} frames; only the first is read.")
        picture.seek(0)
        picture.load()
        try:
            turned = picture.getexif().get(0x0112) in range(2, 9)  # 1 means upright
            rotated = ImageOps.exif_transpose(picture)
            if turned or rotated.size != picture.size:
                notes.append("is turned as its EXIF mark says.")
        except Exception:  # whatever the parser stumbles on, the pixels are good
            rotated = picture
            notes.append("has damaged EXIF marks; read as it is stored.")
        mode = rotated.mode
        rgb = _to_rgb(rotated)
        if mode not in ("RGB", "P"):
            notes.append(f"was {_MODE_WORDS.get(mode, mode)}; converted to RGB.")
        elif mode == "P" and "transparency" in rotated.info:
            notes.append("was transparent; laid on white.")
        return rgb, " ".join(notes)


_MODE_WORDS = {
    "L": "gray",
    "LA": "gray and transparent",
    "1": "black and white",
    "RGBA": "transparent (RGBA), laid on white",
    "CMYK": "CMYK",
    "I;16": "16-bit gray",
    "I;16B": "16-bit gray",
    "I;16L": "16-bit gray",
    "I": "32-bit gray",
    "F": "floating-point gray",
}


def _to_rgb(picture) -> np.ndarray:
    from PIL import Image

    if picture.mode in ("I", "I;16", "I;16B", "I;16L", "F"):
        values = np.nan_to_num(np.asarray(picture).astype(np.float64))
        # 16-bit images span 0 … 65535, however dark. The others do not say what they span.
        if picture.mode.startswith("I;16"):
            top = 65535.0
        else:
            top = 1.0 if values.max() <= 1.0 else 255.0 if values.max() <= 255 else 65535.0
        gray = np.clip(np.round(values * (255 / top)), 0, 255).astype(np.uint8)
        return np.repeat(gray[..., None], 3, axis=-1)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return np.asarray(picture.convert("RGB"))


def _hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name in ("Thumbs.db", "desktop.ini", "__MACOSX")


class Look(NamedTuple):
    """What keeps a file from being used (empty: nothing), a note on it, and its pixels' digest.

    Both sentences lack their subject, the name of the file.
    """

    problem: str
    note: str = ""
    digest: str = ""


def _examine_all(paths: list[Path]) -> list[Look]:
    from tlcourse.device import usable_cpus

    # Filters of warnings belong to all threads: set here, what threads set and reset is no matter.
    with warnings.catch_warnings(), ThreadPoolExecutor(usable_cpus()) as threads:
        warnings.simplefilter("ignore")
        looks = threads.map(examine, paths)
        if len(paths) >= SHOW_PROGRESS_FROM:
            looks = progress(looks, f"Checking {paths[0].parent.name}", len(paths))
        return list(looks)


def examine(path: Path) -> Look:
    """Decode one file, and say what keeps it from being used as a photo, or was converted."""
    from PIL import Image

    try:
        if path.is_dir():
            return Look(
                "is a folder inside a class; photos must lie directly in the class's folder."
            )
        if path.suffix.lower() not in EXTENSIONS:
            return Look(
                f"is not an image by its name; expected one of {', '.join(EXTENSIONS)}. Save it "
                "as one of these, or remove it."
            )
        if not path.is_file():  # opening a pipe would wait for ever
            return Look("is no file, or a link that leads nowhere; remove it.")
        if not os.access(path, os.R_OK):
            return Look("cannot be read; give yourself read permission.")
        if path.stat().st_size == 0:
            return Look("is empty (zero bytes); copy it again or remove it.")
        rgb, note = read_image(path)
    except PermissionError:
        return Look("cannot be read; give yourself read permission.")
    except Image.UnidentifiedImageError:  # its text is but the path again
        return Look("is not an image, or damaged; copy it again or remove it.")
    except (TooLarge, Image.DecompressionBombError):
        return Look(f"has more than {MAX_PIXELS:,} pixels; save it smaller, or remove it.")
    except Exception as error:  # see read_image: a damaged file can raise anything
        reason = "cut off" if "truncated" in str(error).lower() else "not an image, or damaged"
        return Look(
            f"is {reason} ({str(error) or type(error).__name__}); copy it again or remove it."
        )
    digest = hashlib.blake2b(f"{rgb.shape}".encode(), digest_size=16)
    digest.update(np.ascontiguousarray(rgb))
    return Look("", note, digest.hexdigest())
