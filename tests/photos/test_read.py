"""One photo of any kind: as a person sees it, or refused, and in which words."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.odd_photos import BLUE, RED, digests, messages, photos, png_header, solid
from tlcourse.errors import ImageFolderError
from tlcourse.photos import check as check_module
from tlcourse.photos import read
from tlcourse.photos.check import check_images
from tlcourse.photos.folder import load_image_folder
from tlcourse.photos.read import MAX_PIXELS, read_image


def _palette():
    picture = Image.new("P", (16, 16), 1)
    picture.putpalette([0, 0, 0, *RED, *BLUE])
    return picture


def _exif(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def _sixteen_bit(value):
    return Image.fromarray(np.full((16, 16), value, np.uint16))


CONVERTED = {
    "gray.png": (
        lambda p: solid(77, mode="L").save(p),
        (77, 77, 77),
        "was gray; converted to RGB.",
    ),
    "bilevel.png": (
        lambda p: solid(1, mode="1").save(p),
        (255, 255, 255),
        "was black and white; converted to RGB.",
    ),
    # Laid on white: 100 · 51/255 + 255 · 204/255 = 224.
    "rgba.png": (
        lambda p: solid((100, 0, 0, 51), mode="RGBA").save(p),
        (224, 204, 204),
        "was transparent (RGBA), laid on white; converted to RGB.",
    ),
    "clear.png": (
        lambda p: solid((0, 0, 0, 0), mode="RGBA").save(p),
        (255, 255, 255),
        "was transparent (RGBA), laid on white; converted to RGB.",
    ),
    "gray-alpha.png": (
        lambda p: solid((0, 51), mode="LA").save(p),
        (204, 204, 204),
        "was gray and transparent; converted to RGB.",
    ),
    "cmyk.tif": (
        lambda p: solid((255, 0, 0, 0), mode="CMYK").save(p),
        (0, 255, 255),
        "was CMYK; converted to RGB.",
    ),
    "16-bit.png": (
        lambda p: _sixteen_bit(65535 * 2 // 5).save(p),
        (102, 102, 102),
        "was 16-bit gray; converted to RGB.",
    ),
    # A dark one is dark: what it spans is known, and not guessed from its brightest pixel.
    "16-bit-dark.png": (
        lambda p: _sixteen_bit(200).save(p),
        (1, 1, 1),
        "was 16-bit gray; converted to RGB.",
    ),
    "float.tif": (
        lambda p: Image.fromarray(np.full((16, 16), 0.2, np.float32)).save(p),
        (51, 51, 51),
        "was floating-point gray; converted to RGB.",
    ),
    "animated.gif": (
        lambda p: _palette().save(
            p, save_all=True, append_images=[solid(BLUE).convert("P"), solid().convert("P")]
        ),
        RED,
        "has 3 frames; only the first is read.",
    ),
    "palette.png": (lambda p: _palette().save(p), RED, ""),
    "palette-clear.png": (
        lambda p: _palette().save(p, transparency=1),
        (255, 255, 255),
        "was transparent; laid on white.",
    ),
    # Transparency as bytes, one an entry: Pillow warns of it on conversion.
    "palette-bytes.png": (
        lambda p: _palette().save(p, transparency=bytes([255, 0, 255])),
        (255, 255, 255),
        "was transparent; laid on white.",
    ),
    "really-png.jpg": (
        lambda p: solid().save(p, "PNG"),
        RED,
        "is really a PNG file; read as that.",
    ),
    "SHOUTED.PNG": (lambda p: solid().save(p), RED, ""),
    "upright.png": (lambda p: solid().save(p, exif=_exif(1)), RED, ""),
    "senseless-mark.png": (lambda p: solid().save(p, exif=_exif(0)), RED, ""),
    "broken-exif.png": (
        lambda p: solid().save(p, exif=b"Exif\0\0no such thing"),
        RED,
        "has damaged EXIF marks; read as it is stored.",
    ),
    "photo.webp": (lambda p: solid().save(p, lossless=True), RED, ""),
    "photo.bmp": (lambda p: solid().save(p), RED, ""),
}


@pytest.mark.parametrize("name", CONVERTED)
def test_unusual_pictures_are_read_as_a_person_sees_them(folder, name):
    make, pixel, note = CONVERTED[name]
    make(folder / "cat" / name)
    before = digests(folder)
    rgb, said = read_image(folder / "cat" / name)
    assert (rgb.dtype, rgb.shape) == (np.uint8, (16, 16, 3))
    assert rgb[0, 0].tolist() == list(pixel)
    assert (rgb == rgb[0, 0]).all()
    assert said == note
    report = check_images(folder)
    assert report.ok
    assert report.counts == {"cat": 6, "dog": 5}
    assert messages(report.notes, folder) == ({f"cat/{name}": note} if note else {})
    load_image_folder(folder, image_size=8)
    assert digests(folder) == before


def test_exif_marks_turn_the_picture(folder):
    """A photo of which each corner has its color, stored turned in each of the eight ways."""
    upright = np.zeros((16, 32, 3), np.uint8)
    upright[:8, :16] = 255, 0, 0
    upright[:8, 16:] = 0, 255, 0
    upright[8:, :16] = 0, 0, 255
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),  # the camera was held so that it is to be turned clockwise
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }
    for mark, pixels in stored.items():
        path = folder / "cat" / f"turned{mark}.jpg"
        picture = Image.fromarray(np.ascontiguousarray(pixels))
        picture.save(path, quality=100, subsampling=0, exif=_exif(mark))
        rgb, note = read_image(path)
        assert rgb.shape == (16, 32, 3)
        assert np.abs(rgb.astype(int) - upright).max() <= 3  # JPEG is not exact
        assert note == ("" if mark == 1 else "is turned as its EXIF mark says.")


def test_jpeg_cmyk(folder):
    solid((0, 255, 255, 0), mode="CMYK").save(folder / "cat/cmyk.jpg", quality=100)
    rgb, note = read_image(folder / "cat/cmyk.jpg")
    assert np.abs(rgb[0, 0].astype(int) - (255, 0, 0)).max() <= 3
    assert note == "was CMYK; converted to RGB."


def _cut(path, picture, keep):
    picture.save(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])


def _noise(size=64):
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8))


BROKEN = {
    "truncated.jpg": (lambda p: _cut(p, _noise(), 0.5), r"is cut off \(.*truncated.*\); copy it"),
    "truncated.png": (lambda p: _cut(p, _noise(), 0.5), r"is (cut off|not an image, or damaged)"),
    "truncated.gif": (lambda p: _cut(p, _noise(), 0.5), r"is (cut off|not an image, or damaged)"),
    "truncated.tif": (lambda p: _cut(p, _noise(), 0.5), r"is (cut off|not an image, or damaged)"),
    "truncated.webp": (lambda p: _cut(p, _noise(), 0.5), r"is (cut off|not an image, or damaged)"),
    "truncated.bmp": (lambda p: _cut(p, _noise(), 0.5), r"is (cut off|not an image, or damaged)"),
    "header-only.jpg": (
        lambda p: _cut(p, _noise(), 0.01),
        r"^is (cut off|not an image, or damaged).*copy it again or remove it\.$",
    ),
    "zero.jpg": (
        lambda p: p.write_bytes(b""),
        r"^is empty \(zero bytes\); copy it again or remove it\.$",
    ),
    "page.jpg": (
        lambda p: p.write_text("<html>not found</html>"),
        r"^is not an image, or damaged; copy it again or remove it\.$",
    ),
    "labels.csv": (
        lambda p: p.write_text("a,b"),
        r"^is not an image by its name; expected one of \.jpg, .*or remove it\.$",
    ),
    "IMG_0001.HEIC": (lambda p: p.write_bytes(b"x"), r"^is a HEIC photo, .*export it as JPEG, or"),
    "film.mov": (lambda p: p.write_bytes(b"x"), r"^is a film; save single pictures of it as JPEG"),
    "strip.png": (
        lambda p: Image.new("RGB", (300, 2)).save(p),
        r"^has 300×2 pixels; expected at least 8 on each side\.",
    ),
    "nested": (
        lambda p: photos(p, ("deep",), 1),
        r"^is a folder inside a class; photos must lie directly in the class's folder\.$",
    ),
    # Above Pillow's limit for a warning, above its limit for an error, and far above.
    "large.png": (lambda p: p.write_bytes(png_header(10_001, 10_000)), r"^has more than 100,000"),
    "bomb.png": (
        lambda p: p.write_bytes(png_header(20_000, 10_000)),
        r"^has more than 100,000,000 pixels; save it smaller, or remove it\.$",
    ),
    "bomb2.png": (lambda p: p.write_bytes(png_header(99_999, 99_999)), r"^has more than 100,000"),
    "nowhere.jpg": (
        lambda p: p.symlink_to(p.parent / "gone.jpg"),
        r"^is no file, or a link that leads nowhere; remove it\.$",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_cannot_be_used(folder, name):
    make, message = BROKEN[name]
    try:
        make(folder / "cat" / name)
    except OSError:  # Windows allows links to developers only
        pytest.skip("no symbolic links here")
    before = digests(folder)
    report = check_images(folder)
    assert not report.ok
    (finding,) = report.problems
    assert finding.path == folder / "cat" / name
    assert re.search(message, finding.message), finding.message
    assert str(folder) not in finding.message
    assert report.counts == {"cat": 5, "dog": 5}
    assert f"To mend (1):\n  {Path('cat') / name}: {finding.message}" in str(report)

    with pytest.raises(ImageFolderError) as caught:
        load_image_folder(folder)
    assert finding.message in str(caught.value)
    assert str(caught.value).endswith("or leave the files out with skip_broken=True.")
    with pytest.warns(UserWarning, match="Left out, since it cannot be used: ") as record:
        task = load_image_folder(folder, image_size=8, skip_broken=True)
    assert str(Path("cat") / name) in str(record[0].message)
    assert record[0].filename == __file__
    assert len(record) == 1
    assert len(task.train.labels) == 6
    assert digests(folder) == before


def test_just_below_the_limit_no_warning_leaks(folder, monkeypatch):
    # Pillow warns above its own limit, which is below ours; both are made small here.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200)
    monkeypatch.setattr(read, "MAX_PIXELS", 300)
    assert check_images(folder).ok
    assert MAX_PIXELS == 100_000_000


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_not_waited_for(folder):
    os.mkfifo(folder / "cat/pipe.jpg")
    assert messages(check_images(folder).problems, folder) == {
        "cat/pipe.jpg": "is no file, or a link that leads nowhere; remove it."
    }


def test_whatever_a_decoder_raises_is_reported(folder, monkeypatch):
    plain = read.read_image

    def decode(path):
        if path.name == "2.png":
            raise IndexError
        return plain(path)

    monkeypatch.setattr(read, "read_image", decode)
    expected = "is not an image, or damaged (IndexError); copy it again or remove it."
    assert messages(check_images(folder).problems, folder) == {
        "cat/2.png": expected,
        "dog/2.png": expected,
    }


def test_damaged_bytes_never_crash_the_check(folder):
    """Good files with some bytes changed, of every format: a report comes, whatever it says."""
    rng = np.random.default_rng(1)
    for suffix in ("jpg", "png", "gif", "tif", "webp", "bmp"):
        path = folder / "cat" / f"fuzzed.{suffix}"
        _noise(24).save(path)
        good = np.frombuffer(path.read_bytes(), np.uint8)
        for _ in range(12):
            bad = good.copy()
            places = rng.integers(0, min(len(bad), 200), 6)
            bad[places] = rng.integers(0, 256, 6)
            path.write_bytes(bad.tobytes())
            problem = check_module.examine(path).problem
            assert problem == "" or problem.endswith("remove it."), problem
        path.unlink()
