"""Load an archive that takes minutes: what a broken connection left is gone on with.

pooch compares the SHA-256 and moves the file into place; it has no way to resume, so that is here.
"""

import contextlib
import http.client
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tlcourse.files.download import NetworkError, network

MOST_BYTES = 2_000_000_000  # where nobody says how many there are
TRIES = 4  # in a row that bring nothing new
CHUNK = 1 << 18


@dataclass(frozen=True)
class Resuming:
    """A downloader for pooch that goes on where it was cut off.

    Attributes:
        part: file that keeps what has come. It stays after an error, for the next run.
        size: bytes that must come; 0: as many as the server announces.
        label: what the progress bar says.
        timeout: seconds to wait for the server's answer, and for each further piece of it.
    """

    part: Path
    size: int
    label: str
    timeout: float = 10.0

    def __call__(self, url: str, output_file: str, pooch: object, check_only: bool = False) -> None:
        """Load `url` into a file.

        Raises:
            NetworkError: the server cannot be reached, refuses, falls silent, or gives another
                number of bytes. What has come stays in `part`, unless it is too much.
            OSError: the file cannot be written. Nothing stays, to leave room on the disk.
        """
        from tqdm.auto import tqdm

        total, failures = self.size, 0
        with tqdm(total=total or None, unit="B", unit_scale=True, desc=self.label) as bar:
            while True:
                before = _length(self.part)
                try:
                    total = self._go_on(url, before, total, bar)
                except NetworkError:
                    failures = failures + 1 if _length(self.part) <= before else 0
                    if failures == TRIES or _length(self.part) == 0:
                        raise
                    time.sleep(failures)
                    continue
                except OSError:
                    self.part.unlink(missing_ok=True)
                    raise
                if _length(self.part) >= total:
                    break
        self.part.replace(output_file)

    def _go_on(self, url: str, start: int, total: int, bar) -> int:
        """Load what is missing; gives the number of bytes that there are to be."""
        if total and start >= total:
            return total
        request = urllib.request.Request(url, headers={"User-Agent": "tlcourse"})
        if start:
            request.add_header("Range", f"bytes={start}-")
        try:
            answer = _open(request, self.timeout)
        except _NoSuchRangeError:  # what is here is no beginning of what is there
            self.part.unlink(missing_ok=True)
            return self._go_on(url, 0, total, bar)
        with answer:
            start = start if answer.status == 206 else 0  # 200: it gives everything again
            announced = int(answer.headers.get("Content-Length") or 0)
            if announced and total and start + announced != total:
                self.part.unlink(missing_ok=True)
                raise NetworkError(
                    f"the server has {start + announced:,} bytes where {total:,} were expected"
                )
            total = total or (start + announced if announced else 0)
            bar.total, bar.n = total or None, start
            with open(self.part, "ab" if start else "wb") as file:
                while chunk := _next(answer, CHUNK):
                    _write(file, chunk)
                    bar.update(len(chunk))
                    if file.tell() > (total or MOST_BYTES):
                        break
        found = _length(self.part)
        if found > (total or MOST_BYTES):
            self.part.unlink()
            raise NetworkError(f"the server gave over {total or MOST_BYTES:,} bytes")
        if found < total:
            raise NetworkError(f"it gave {found:,} of {total:,} bytes, then it was cut off")
        return total or found


class _NoSuchRangeError(Exception):
    pass


def _open(request: urllib.request.Request, timeout: float):
    with network():
        try:
            return urllib.request.urlopen(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            with contextlib.closing(error):
                if error.code == 416 and request.has_header("Range"):
                    raise _NoSuchRangeError from None
                raise NetworkError(f"the server says {error.code} {error.reason}") from error


def _next(answer, count: int) -> bytes:
    with network():
        try:
            # What has come by now, and not all that was asked for: a timeout would throw it away.
            return answer.read1(count)
        except http.client.IncompleteRead as error:
            return error.partial


def _write(file, chunk: bytes) -> None:
    file.write(chunk)


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
