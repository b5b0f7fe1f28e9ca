"""What a run takes of memory: that of a child process, with the network that is recommended."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tlcourse.auditing import copies as audit_copies
from tlcourse.auditing import hearing, labels
from tlcourse.auditing.data import Pictures, digests
from tlcourse.data import Split
from tlcourse.files import assets
from tlcourse.retrain import fine_tuning, likeness, shortcuts, stream

ROOT = Path(__file__).resolve().parents[2]
# The weights are random: they take as much as others, and are here.
RUN = """
import json, sys
from pathlib import Path
from tlcourse.networks.backbones import load_backbone
from tlcourse.retrain import sizes

def load(name, size):
    from tlcourse.retrain import fine_tuning
    fine_tuning.EPOCHS = 1
    return load_backbone("MobileNetV2", alpha=0.35, image_size=size, weights=None)

sizes.load = load
from tlcourse import cli
status = cli.main(["retrain", *sys.argv[1:]])
# Not getrusage: there, a child begins with the peak of the process that started it.
lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
used = int(lines["VmHWM"].split()[0]) / 1024
print(json.dumps({"status": status, "MiB": used}))
"""


def peak() -> float:
    """MiB, since the process began, or its peak was reset."""
    # Not getrusage: there, a child begins with the peak of the process that started it.
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) / 1024


def used_by(folder, output, *more):
    """Peak memory in MiB of a run in a process of its own."""
    environment = os.environ | {
        "TLCOURSE_CACHE": str(output.parent / "cache"), "TLCOURSE_OFFLINE": "1",
        "TQDM_DISABLE": "1",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(folder), "--output", str(output), *more],
        capture_output=True, text=True, check=False, cwd=ROOT, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["status"] == 0, done.stderr
    return told["MiB"]


def noise(folder, classes, each, side):
    """Photos of blurred noise, of another color in each class."""
    dice = np.random.default_rng(0)
    for k in range(classes):
        (folder / f"class {k}").mkdir(parents=True)
        for at in range(each):
            small = dice.integers(0, 256, (12, 12, 3), np.uint8) // 2 + np.uint8(25 * (k % 5))
            picture = Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC)
            picture.save(folder / f"class {k}" / f"{at:05}.jpg", quality=80)
    return folder


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's own peak")
def test_500_photos_at_224_pixels_take_less_than_a_gigabyte_and_a_half(tmp_path):
    photos = noise(tmp_path / "photos", 5, 100, 240)
    # To a random network, all noise is one thing, and would be one group.
    more = ("--backbone", "MobileNetV2", "--group-by", "none")
    assert used_by(photos, tmp_path / "out", *more) < 1536


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's own peak")
@pytest.mark.parametrize("way", [
    "thumbnails", "colors", "border", "batches", "arranged", "looks", "digests",
])  # fmt: skip
def test_a_map_is_gone_through_without_having_all_of_it_in_memory(tmp_path, monkeypatch, way):
    monkeypatch.setattr(assets, "cache_dir", lambda: tmp_path)
    shape = (2400, 224, 224, 3)  # 345 MiB
    np.lib.format.open_memmap(tmp_path / "p.npy", "w+", "uint8", shape).flush()
    pictures = np.load(tmp_path / "p.npy", mmap_mode="r")
    monkeypatch.setattr(stream, "FEW_BYTES", 0)
    labels = np.zeros(len(pictures), int)
    do = {
        "thumbnails": lambda: likeness.thumbnails(pictures),
        "colors": lambda: shortcuts.colors(pictures),
        "border": lambda: shortcuts.border(pictures),
        "batches": lambda: [
            len(batch[0]) for batch in fine_tuning.Batches(Split(pictures, labels))
        ],
        "looks": lambda: audit_copies.looks(pictures),
        "digests": lambda: digests(Pictures(pictures, labels, True, False)),
        "arranged": lambda: stream.arranged(pictures, np.arange(len(pictures))[::-1]),
    }[way]
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = peak()
    do()
    assert peak() - before < 200


def test_pictures_are_looked_at_a_few_at_a_time(monkeypatch):
    pictures = np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), np.uint8)
    looks = (labels._colors, labels._plain, likeness.thumbnails)
    whole = [look(pictures) for look in looks]
    monkeypatch.setattr(labels, "AT_A_TIME", 2)
    monkeypatch.setattr(likeness, "FEW", 2)
    for look, expected in zip(looks, whole, strict=True):
        np.testing.assert_allclose(look(pictures), expected, rtol=1e-5, atol=1e-5)


def test_a_network_that_is_listened_to_runs_on_a_few_pictures_at_a_time(monkeypatch):
    from tlcourse import load_backbone

    model = load_backbone("photonet")
    pictures = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), np.uint8)
    arriving, output = hearing.listen(model, pictures)
    seen = []
    monkeypatch.setattr(hearing, "PIXELS", 2 * 64**2)
    whole = hearing._hear_part
    monkeypatch.setattr(
        hearing, "_hear_part", lambda m, x, *more: seen.append(len(x)) or whole(m, x, *more)
    )
    again, parts = hearing.listen(model, pictures)
    assert seen == [2, 2, 1]
    np.testing.assert_allclose(parts, output, atol=1e-4)
    assert again.keys() == arriving.keys()
    for path, values in arriving.items():
        np.testing.assert_allclose(again[path], values, rtol=1e-3, atol=1e-3)


def test_large_pictures_go_through_the_network_a_few_at_a_time(tmp_path):
    sizes = []

    class Network:
        def predict_on_batch(self, x):
            sizes.append(len(x))
            return x.reshape(len(x), -1)[:, :3].astype("float32")

    paths = sorted(noise(tmp_path / "photos", 2, 10, 40).rglob("*.jpg"))
    (shard,) = stream.compute_here(paths, Network(), 224)
    assert sizes == [8, 8, 4]
    assert np.array_equal(shard.features, shard.pictures.reshape(20, -1)[:, :3])
