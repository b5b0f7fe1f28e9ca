"""Read one photo as a person sees it, or say why that cannot be done."""

import hashlib
import os
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

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
# What people have, too, and is not read here: what it is, and what to do.
_FOREIGN = {
    "a HEIC photo, as iPhones take them, which is not read here; export it as JPEG": (
        ".heic", ".heif", ".hif",
    ),
    "an AVIF picture, which is not read here; save it as JPEG or PNG": (".avif",),
    "a camera's raw file, which is not read here; export it as JPEG": (
        ".cr2", ".cr3", ".nef", ".arw", ".dng", ".raf", ".orf", ".rw2",
    ),
    "a film; save single pictures of it as JPEG": (".mov", ".mp4", ".m4v", ".avi", ".mkv", ".webm"),
}  # fmt: skip
MIN_SIDE = 8  # pixels; below, there is no picture in it
MAX_PIXELS = 100_000_000  # above this a "picture" is more likely a mistake, or an attack


class TooLarge(ValueError):  # noqa: N818 - named for what it says
    """A picture has more than `MAX_PIXELS` pixels."""


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


class Look(NamedTuple):
    """What keeps a file from being used (empty: nothing), a note on it, and its pixels' digest.

    Both sentences lack their subject, the name of the file.
    """

    problem: str
    note: str = ""
    digest: str = ""


def examine(path: Path) -> Look:
    """Decode one file, and say what keeps it from being used as a photo, or was converted."""
    try:
        if path.is_dir():
            return Look(
                "is a folder inside a class; photos must lie directly in the class's folder."
            )
        for kind, suffixes in _FOREIGN.items():
            if path.suffix.lower() in suffixes:
                return Look(f"is {kind}, or remove it.")
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
    if min(rgb.shape[:2]) < MIN_SIDE:
        height, width = rgb.shape[:2]
        return Look(
            f"has {width}×{height} pixels; expected at least {MIN_SIDE} on each side. Remove it, "
            "or copy the photo again."
        )
    digest = hashlib.blake2b(f"{rgb.shape}".encode(), digest_size=16)
    digest.update(np.ascontiguousarray(rgb))
    return Look("", note, digest.hexdigest())
