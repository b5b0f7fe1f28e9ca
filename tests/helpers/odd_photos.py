"""Small photos and folders of them; what a check says of each file; what is on the disk."""

import hashlib
import struct
import zlib

from PIL import Image

RED, BLUE = (200, 10, 30), (0, 20, 220)


def solid(color=RED, size=(16, 16), mode="RGB"):
    return Image.new(mode, size, color)


def photos(folder, names=("cat", "dog"), count=5):
    """Sub-folders with PNGs of one color each, no two alike."""
    for k, name in enumerate(names):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            solid((50 * k, 10 * i, 255)).save(folder / name / f"{i}.png")
    return folder


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def messages(findings, folder):
    return {f.path.relative_to(folder).as_posix(): f.message for f in findings}


def png_header(width, height):
    """A PNG that says it is this large; of its pixels there is next to nothing."""

    def chunk(kind, content):
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels)
