"""A set of tiny photos, its archives, and a server that gives them in good and in bad ways."""

import hashlib
import http.server
import io
import tarfile
import threading
import zipfile

import numpy as np
from PIL import Image

from tlcourse.files.photo_sets import DIGITS, Archive, Photo, PhotoSet

NAMES = tuple(f"{k}/{k}{n}.jpg" for k in ("lion", "zebra") for n in range(1, 11))
SPLITS = ("train",) * 5 + ("validation",) * 2 + ("test",) * 3
OUTSIDE = {"lion": "lions", "zebra": "zebras"}  # what the archive calls the classes


def picture(name: str, prepared: bool = False) -> bytes:
    """A picture of noise that its name decides; the prepared one is smaller."""
    dice = np.random.default_rng([ord(letter) for letter in name])
    pixels = dice.integers(0, 256, (30, 40, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    file = io.BytesIO()
    (image.resize((20, 20)) if prepared else image).save(file, "JPEG")
    return file.getvalue()


def short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:DIGITS]


def listed() -> tuple[Photo, ...]:
    digests = [(short(picture(name, True)), short(picture(name))) for name in NAMES]
    lines = zip(NAMES, SPLITS * 2, digests, strict=True)
    return tuple(Photo(name, split, *two) for name, split, two in lines)


def members(prepared: bool = False) -> dict[str, bytes]:
    """What lies in an archive, by its path there; one file is of no use to the course."""
    if prepared:
        return {f"animals/{name}": picture(name, True) for name in NAMES} | {"animals/A.md": b"A"}
    inside = {}
    for name in NAMES:
        folder, file = name.split("/")
        inside[f"zoo/{OUTSIDE[folder]}/{file}"] = picture(name)
    return inside | {"zoo/LICENSE.txt": b"free", "zoo/lions/not-chosen.jpg": b"another"}


def zipped(inside: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name, content in inside.items():
            packed.writestr(name, content)
    return file.getvalue()


def tarred(inside: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as packed:
        for name, content in inside.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            packed.addfile(info)
    return file.getvalue()


def photo_set(content: bytes, *urls: str, known: bool = True) -> PhotoSet:
    """The set, as if its authors had published these bytes; `known`: size and digest are."""
    facts = (len(content), hashlib.sha256(content).hexdigest()) if known else (0, "")
    published = Archive("zoo.tgz", "zoo/", *facts, urls, OUTSIDE)
    prepared = Archive("animals.zip", "animals/", original=False)
    return PhotoSet("animals", (published, prepared), "Animals: the zoo, 2020. CC BY 4.0.")


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by the name of the path; `server.asked` has each path with its range."""

    def do_GET(self):
        content, server = self.server.content, self.server
        kind = self.path.strip("/")
        wanted = self.headers.get("Range")
        server.asked.append((kind, wanted))
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if kind == "missing":
            return self.send_error(404)
        if kind == "silent" or (kind == "stall" and start):
            return server.stop.wait(10)
        if kind == "wrong":
            content = content[::-1]
        if kind == "whole":  # a server that knows no ranges
            start = 0
        if start > len(content):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        if kind != "unsaid":
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        rest = content[start:]
        if kind == "cut" and not start:
            rest = rest[: len(content) // 2]
        if kind == "stall":
            rest = rest[: len(content) // 2]
        if kind == "slow":
            for place in range(0, len(rest), 1 + len(rest) // 10):
                self.wfile.write(rest[place : place + 1 + len(rest) // 10])
                server.stop.wait(0.1)
            return None
        try:
            self.wfile.write(rest)
        except OSError:
            return None
        if kind == "stall":
            server.stop.wait(10)
        return None

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, content: bytes):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.asked, self.stop = content, [], threading.Event()
        self.base = f"http://127.0.0.1:{self.server_port}"
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def handle_error(self, *_):
        """Clients that hang up are what is tested."""

    def close(self):
        self.stop.set()
        self.shutdown()
        self.thread.join()
        self.server_close()
