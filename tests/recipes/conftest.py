"""Tiny ImageNet, even tinier."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tlcourse.recipes import tiny_imagenet


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    """A zip in the layout of Tiny ImageNet: 4 classes of one color each, one picture gray."""
    path, rng = tmp_path_factory.mktemp("zip") / "tiny.zip", np.random.default_rng(0)

    def picture(label: int, mode: str = "RGB") -> bytes:
        pixels = rng.integers(0, 60, (64, 64, 3)) + 45 * label
        buffer = io.BytesIO()
        Image.fromarray(pixels.astype(np.uint8)).convert(mode).save(buffer, "JPEG")
        return buffer.getvalue()

    with zipfile.ZipFile(path, "w") as files:
        wnids, table = [f"n{i}" for i in (7, 3, 5, 1)], []
        files.writestr("tiny-imagenet-200/wnids.txt", "\n".join(wnids))
        words = "\n".join(f"{wnid}\tthing {wnid}, other word" for wnid in sorted(wnids))
        files.writestr("tiny-imagenet-200/words.txt", words + "\nn999\tnot here")
        for label, wnid in enumerate(wnids):
            folder = f"tiny-imagenet-200/train/{wnid}"
            files.writestr(f"{folder}/{wnid}_boxes.txt", "")
            for i in range(6):
                content = picture(label, "L" if i == 0 else "RGB")
                files.writestr(f"{folder}/images/{wnid}_{i}.JPEG", content)
            files.writestr(f"tiny-imagenet-200/val/images/val_{label}.JPEG", picture(label))
            table.append(f"val_{label}.JPEG\t{wnid}\t0\t0\t62\t62")
            files.writestr(f"tiny-imagenet-200/test/images/test_{label}.JPEG", picture(label))
        files.writestr("tiny-imagenet-200/val/val_annotations.txt", "\n".join(table))
    return path


@pytest.fixture(scope="module")
def tiny(archive, tmp_path_factory) -> tiny_imagenet.Photos:
    return tiny_imagenet.load_tiny_imagenet(archive, tmp_path_factory.mktemp("cache"))
