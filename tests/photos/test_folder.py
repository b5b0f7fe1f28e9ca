"""Photo folders of every kind: what is read, what is refused, and in which words.

The tests may run as root, who can read everything: unreadable files are stood in for by patched
functions.
"""

import errno
import hashlib
import os
import re
import shutil
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tlcourse.errors import ImageFolderError
from tlcourse.photos import check as check_module
from tlcourse.photos import read
from tlcourse.photos.check import check_images
from tlcourse.photos.folder import load_image_folder
from tlcourse.photos.read import MAX_PIXELS, read_image

RED, BLUE = (200, 10, 30), (0, 20, 220)


@pytest.fixture(autouse=True)
def no_warning_leaks():
    """Pillow's warnings are for programmers; only `pytest.warns` may catch one here."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def solid(color=RED, size=(16, 16), mode="RGB"):
    return Image.new(mode, size, color)


def photos(folder, names=("cat", "dog"), count=5):
    """Sub-folders with PNGs of one color each, no two alike."""
    for k, name in enumerate(names):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            solid((50 * k, 10 * i, 255)).save(folder / name / f"{i}.png")
    return folder


@pytest.fixture
def folder(tmp_path):
    return photos(tmp_path / "pets")


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


def test_a_good_folder(folder):
    (folder / "dog" / "Thumbs.db").write_bytes(b"x")
    (folder / "dog" / ".hidden").write_bytes(b"x")
    (folder / ".git").mkdir()
    (folder / "notes.txt").write_text("no photo, no class")
    before = digests(folder)
    report = check_images(folder)
    assert report.ok
    assert report.counts == {"cat": 5, "dog": 5}
    assert (report.problems, report.notes) == ((), ())
    assert str(report) == f"{folder}: 10 usable images in 2 classes\n  cat: 5\n  dog: 5"

    task = load_image_folder(folder, image_size=8)
    assert task.name == "pets"
    assert task.class_names == ("cat", "dog")
    assert task.description == "photos from pets/"
    assert [np.bincount(s.labels).tolist() for s in (task.train, task.validation, task.test)] == [
        [3, 3],
        [1, 1],
        [1, 1],
    ]
    pixels = {}
    for split in (task.train, task.validation, task.test):
        assert split.images.shape[1:] == (8, 8, 3)
        for image, label in zip(*split, strict=True):
            assert (image == image[0, 0]).all()
            pixels[tuple(image[0, 0].tolist())] = label
    assert pixels == {(50 * k, 10 * i, 255): k for k in (0, 1) for i in range(5)}
    assert digests(folder) == before


def test_the_split_follows_the_seed_and_the_fractions(tmp_path):
    folder = photos(tmp_path / "pets", count=10)
    one, same = load_image_folder(folder, image_size=8), load_image_folder(folder, image_size=8)
    other = load_image_folder(folder, image_size=8, seed=1)
    assert np.array_equal(one.test.images, same.test.images)
    assert not np.array_equal(one.test.images, other.test.images)
    task = load_image_folder(folder, image_size=8, validation=0.1, test=0.4)
    sizes = [len(s.labels) for s in (task.train, task.validation, task.test)]
    assert sizes == [10, 2, 8]


# Each kind of unusual picture: how it is made, its name, the first pixel it is read as, its note.
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


def test_unreadable_files(folder, monkeypatch):
    plain = Image.open

    def forbidden(path, *rest):
        if Path(path).name == "3.png":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return plain(path, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda path, mode: Path(path).name != "1.png")
        patch.setattr(Image, "open", forbidden)
        found = messages(check_images(folder).problems, folder)
    words = "cannot be read; give yourself read permission."
    assert found == {f"{name}/{i}.png": words for name in ("cat", "dog") for i in (1, 3)}


def test_an_unreadable_class_folder(folder, monkeypatch):
    photos(folder, ("owl",))
    plain = Path.iterdir

    def forbidden(path):
        if path.name == "owl":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return plain(path)

    monkeypatch.setattr(Path, "iterdir", forbidden)
    assert messages(check_images(folder).problems, folder) == {
        "owl": "cannot be read (Permission denied); give yourself read permission."
    }
    with pytest.warns(UserWarning, match="Left out, since it cannot be used: owl"):
        task = load_image_folder(folder, image_size=8, skip_broken=True)
    assert task.class_names == ("cat", "dog")


def test_an_unreadable_folder(folder, monkeypatch):
    def forbidden(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", forbidden)
    with pytest.raises(ImageFolderError, match=r"cannot be read \(Permission denied\); give"):
        check_images(folder)


def test_an_empty_class(folder):
    (folder / "owl").mkdir()
    report = check_images(folder)
    assert report.counts == {"cat": 5, "dog": 5, "owl": 0}
    assert messages(report.problems, folder) == {
        "owl": "has no usable image; add some, or remove the folder."
    }
    with pytest.raises(ImageFolderError, match="owl: has no usable image"):
        load_image_folder(folder)
    with pytest.warns(UserWarning, match=r"Left out, since it cannot be used: owl\. check_images"):
        task = load_image_folder(folder, image_size=8, skip_broken=True)
    assert task.class_names == ("cat", "dog")


def test_one_class_only(tmp_path):
    folder = photos(tmp_path / "pets", ("cat",))
    for skip_broken in (False, True):
        with pytest.raises(ImageFolderError, match="holds fewer than two classes") as caught:
            load_image_folder(folder, skip_broken=skip_broken)
        assert "add a second sub-folder with photos." in str(caught.value)


def test_loose_photos_beside_the_classes_are_not_lost_in_silence(folder):
    solid().save(folder / "stray.png")
    assert messages(check_images(folder).problems, folder) == {
        "stray.png": "lies beside the class folders; move it into one, or remove it."
    }


def test_loose_photos_and_no_sub_folder(tmp_path):
    for i in range(3):
        solid().save(tmp_path / f"{i}.png")
    with pytest.raises(ImageFolderError) as caught:
        load_image_folder(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} has no sub-folder; expected one a class, such as {tmp_path / 'cat'} and "
        f"{tmp_path / 'dog'}. It has 3 loose photos: move them into sub-folders."
    )


def test_an_empty_folder(tmp_path):
    with pytest.raises(ImageFolderError, match=r"has no sub-folder; .*dog\.$"):
        check_images(tmp_path)


def test_no_such_folder(tmp_path):
    with pytest.raises(ImageFolderError, match=r"There is no folder .*nowhere \(looked from "):
        load_image_folder(tmp_path / "nowhere")


def test_a_file_instead_of_a_folder(folder):
    with pytest.raises(ImageFolderError, match=r"0\.png is a file\. Give the folder that holds"):
        load_image_folder(folder / "cat/0.png")


def test_names_of_any_script(tmp_path, monkeypatch):
    names = ("a cat & a <dog>", "猫", "🦉 owl")
    folder = photos(tmp_path / "Haus­tiere 猫", names)
    report = check_images(str(folder))
    assert report.ok
    assert tuple(report.counts) == names
    assert "&amp; a &lt;dog&gt;: 5" in report._repr_html_()
    task = load_image_folder(folder, image_size=8)
    assert task.class_names == names
    assert "猫" in task._repr_html_()
    monkeypatch.chdir(folder)
    assert load_image_folder(".", image_size=8).name == folder.name


def test_labels_do_not_depend_on_how_a_system_sorts_paths(tmp_path):
    # Windows sorts paths without regard to case.
    folder = photos(tmp_path / "pets", ("Zebra", "ant", "Bee"))
    assert load_image_folder(folder, image_size=8).class_names == ("Bee", "Zebra", "ant")


def test_too_few_images_to_split(folder):
    for i in (2, 3, 4):
        (folder / "dog" / f"{i}.png").unlink()
    with pytest.raises(ImageFolderError, match=r"too few images to give each split one: dog \(2\)"):
        load_image_folder(folder)


@pytest.mark.parametrize(
    "fractions", [{"validation": 0}, {"test": 1}, {"test": 0.5, "validation": 0.5}]
)
def test_fractions_that_leave_nothing(folder, fractions):
    with pytest.raises(ValueError, match="leave something to train on"):
        load_image_folder(folder, **fractions)


def test_too_small_a_size(folder):
    with pytest.raises(ValueError, match="image_size must be at least 8 pixels, not 0"):
        load_image_folder(folder, image_size=0)


@pytest.fixture
def given(tmp_path):
    for split, count in (("train", 3), ("val", 1), ("test", 2)):
        photos(tmp_path / "pets" / split, count=count)
    return tmp_path / "pets"


def test_given_splits(given):
    task = load_image_folder(given, image_size=8)
    assert task.name == "pets"
    assert [s.labels.tolist() for s in (task.train, task.validation, task.test)] == [
        [0, 0, 0, 1, 1, 1],
        [0, 1],
        [0, 0, 1, 1],
    ]
    first_pixels = task.train.images[:, 0, 0, :2].tolist()
    assert first_pixels == [[50 * k, 10 * i] for k in (0, 1) for i in range(3)]


def test_given_splits_with_other_classes(given):
    photos(given / "val", ("owl",), 1)
    shutil.rmtree(given / "test/dog")
    photos(given / "test", ("fox",), 1)
    with pytest.raises(ImageFolderError) as caught:
        load_image_folder(given)
    assert str(caught.value) == (
        f"train/, val/ and test/ of {given} must have the same classes. Not in all: train/ has "
        "dog; val/ has dog, owl; test/ has fox. Add the missing class folders with photos, or "
        "remove the odd ones."
    )


def test_given_splits_of_which_a_class_is_left_out(given):
    for split in ("train", "val", "test"):
        photos(given / split, ("owl",), 1)
    (given / "val/owl/0.png").write_bytes(b"damaged")
    with (
        pytest.warns(UserWarning, match="Left out") as record,
        pytest.raises(ImageFolderError, match="Not in all: train/ has owl; test/ has owl"),
    ):
        load_image_folder(given, skip_broken=True)
    assert record[0].filename == __file__


@pytest.mark.parametrize("name", ["validation", "valid", None])
def test_a_split_folder_that_is_missing_or_has_another_name(given, name):
    if name:
        (given / "val").rename(given / name)
    else:
        shutil.rmtree(given / "val")
    with pytest.raises(ImageFolderError, match="looks split already") as caught:
        load_image_folder(given)
    assert "must be train/, val/ and test/" in str(caught.value)


def test_a_report_of_many_problems_is_cut(folder):
    for i in range(25):
        (folder / "cat" / f"x{i}.jpg").write_bytes(b"")
    text = str(check_images(folder))
    assert "To mend (25):" in text
    assert text.count("zero bytes") == 20
    assert text.endswith("  … and 5 more")
    with pytest.warns(UserWarning, match=r"x17\.jpg and 15 more\."):
        load_image_folder(folder, image_size=8, skip_broken=True)
