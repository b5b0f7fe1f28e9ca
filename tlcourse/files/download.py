"""Fetch a file over the network, no further than its size."""

import contextlib
import http.client
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

QUIET_BYTES = 5_000_000  # smaller files are over before a bar would be of use


class NetworkError(Exception):
    """What went wrong on the way from the server, kept apart from what goes wrong on the disk."""


@contextlib.contextmanager
def network() -> Iterator[None]:
    """Turn whatever a broken connection or a wrong address raises into a `NetworkError`."""
    try:
        yield
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NetworkError(str(error) or type(error).__name__) from error


def download(
    url: str,
    path: Path,
    size: int | None = None,
    *,
    label: str = "",
    progress: bool = True,
    timeout: float = 10.0,
) -> None:
    """Fetch `url` into the file `path`; see `assets.atomic_path` for one to write to.

    Args:
        url: address of the file.
        path: file to write; what is in it after an error is not whole.
        size: bytes that must come; None: as many as the server announces.
        label: what the progress bar calls the file.
        progress: show a bar for a file of over 5 MB.
        timeout: seconds to wait for the server's answer, and for each further piece of it.

    Raises:
        NetworkError: the server cannot be reached, refuses, falls silent, or gives more or fewer
            bytes. One that does not say how many there are is refused where `size` is None.
        OSError: the file cannot be written.
    """
    from tqdm.auto import tqdm

    with network():
        answer = urllib.request.urlopen(url, timeout=timeout)
    with answer:
        if size is None:
            size = int(answer.headers.get("Content-Length") or -1)
        if size < 0:
            raise NetworkError("the server does not say how many bytes there are")

        def read(count: int) -> bytes:
            with network():
                return answer.read(count)

        quiet = not progress or size < QUIET_BYTES
        with tqdm(total=size, unit="B", unit_scale=True, desc=label, disable=quiet) as bar:
            found = copy_at_most(read, path, size, bar.update)
    if found != size:
        gave = f"{found:,}" if found < size else f"over {size:,}"
        raise NetworkError(
            f"it gave {gave} bytes where {size:,} were expected (a download that was cut off?). "
            "The wrong file was removed; try again"
        )


def copy_at_most(
    read: Callable[[int], bytes], path: Path, size: int, moved: Callable[[int], object] = bool
) -> int:
    """Copy a stream into a file, no further than one byte too many: it must not fill the disk.

    Args:
        read: gives the next bytes, at most so many; none at the end.
        path: file to write.
        size: bytes that are expected.
        moved: told the length of each piece.

    Returns:
        Bytes written; `size + 1` stands for more than there should be.
    """
    left = size + 1
    with open(path, "wb") as file:
        while left and (chunk := read(min(left, 1 << 18))):
            file.write(chunk)
            moved(len(chunk))
            left -= len(chunk)
    return size + 1 - left
