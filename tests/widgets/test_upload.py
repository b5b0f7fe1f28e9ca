"""Photos that come in pieces: put together, decoded as a person sees them, or refused in words."""

import io

import numpy as np
import pytest
from PIL import Image

from tlcourse.errors import ImageFolderError
from tlcourse.widgets.upload import LARGEST_SIDE, Upload, read_photo


def encoded(picture: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


RED = Image.new("RGB", (40, 20), (255, 0, 0))


def send(button: Upload, *files: tuple[str, bytes], piece: int = 100) -> None:
    """What the page sends for these files."""
    upload = object()
    for at, (name, content) in enumerate(files):
        about = {"id": upload, "name": name, "size": len(content), "at": at, "files": len(files)}
        end = 0 if len(content) > button.largest else len(content)
        for start in range(0, max(end, 1), piece):
            part = memoryview(content[start : min(start + piece, end)])
            for _ in range(2):  # a piece may come twice, when its answer was late
                button._receive(button, about | {"start": start}, [part])


@pytest.fixture
def given():
    return []


@pytest.fixture
def button(given):
    return Upload(lambda photos, complaints: given.append((photos, complaints)), multiple=True)


def test_files_in_pieces_are_put_together_and_handed_over_once(button, given):
    noise = np.random.default_rng(0).integers(0, 256, (30, 50, 3), dtype=np.uint8)
    content = encoded(Image.fromarray(noise), "PNG")
    assert len(content) > 1000  # so there are many pieces
    shares = []
    button.observe(lambda change: shares.append(change.new), "done")
    send(button, ("noise.png", content), ("red.png", encoded(RED, "PNG")))
    ((photos, complaints),) = given
    assert [photo.name for photo in photos] == ["noise.png", "red.png"]
    assert 0.0 < shares[0] < shares[1] < 0.5  # the first of two files, in pieces
    assert shares[-1] == button.done == 1.0
    np.testing.assert_array_equal(photos[0].pixels, noise)
    assert complaints == []


def test_each_bad_file_is_told_in_one_sentence_and_the_good_ones_arrive(button, given):
    button.largest = 5000
    good = encoded(RED, "PNG")
    send(
        button,
        ("notes.txt", b"some words"),
        ("words.jpg", b"some words"),
        ("empty.png", b""),
        ("half.jpg", encoded(RED.resize((400, 400)), "JPEG")[:-500]),
        ("big.png", bytes(5001)),
        ("good.png", good),
    )
    ((photos, complaints),) = given
    assert [photo.name for photo in photos] == ["good.png"]
    assert [line.split()[0] for line in complaints] == [
        *("notes.txt", "words.jpg", "empty.png", "half.jpg", "big.png"),
    ]
    for line, words in zip(
        complaints,
        ["not an image by its name", "not an image", "empty", "cut off", "more than 0 MB"],
        strict=True,
    ):
        assert words in line
        assert "\n" not in line
        assert "tlcourse-" not in line  # no path of ours


def test_a_broken_off_upload_does_not_reach_the_next_one(button, given):
    content = encoded(RED, "PNG")
    about = {"id": 0, "name": "lost.png", "size": len(content), "at": 0, "files": 2, "start": 0}
    button._receive(button, about, [memoryview(content)])
    send(button, ("red.png", content))
    ((photos, _),) = given
    assert [photo.name for photo in photos] == ["red.png"]


def test_too_many_pixels_are_refused(monkeypatch):
    monkeypatch.setattr("tlcourse.photos.read.MAX_PIXELS", 100)
    with pytest.raises(ImageFolderError, match=r"^wide\.png has more than 100 pixels"):
        read_photo("wide.png", encoded(RED, "PNG"))


GRAY16 = Image.fromarray(np.full((8, 8), 0x8000, np.uint16))
TURNED = Image.Exif()
TURNED[0x0112] = 6  # a quarter turn


@pytest.mark.parametrize(
    ("name", "content", "size", "color"),
    [
        ("gray.png", encoded(Image.new("L", (40, 20), 90), "PNG"), (20, 40), (90, 90, 90)),
        ("deep.png", encoded(GRAY16, "PNG"), (8, 8), (128, 128, 128)),
        (
            "clear.png",
            encoded(Image.new("RGBA", (40, 20), (0, 0, 0, 0)), "PNG"),
            (20, 40),
            (255, 255, 255),
        ),
        (
            "moving.gif",
            encoded(RED, "GIF", save_all=True, append_images=[Image.new("RGB", (40, 20), "blue")]),
            (20, 40),
            (255, 0, 0),
        ),
        ("turned.png", encoded(RED, "PNG", exif=TURNED), (40, 20), (255, 0, 0)),
        (
            "large.png",
            encoded(RED.resize((2000, 1000)), "PNG"),
            (LARGEST_SIDE // 2, LARGEST_SIDE),
            (255, 0, 0),
        ),
    ],
)
def test_odd_photos_are_read_as_a_person_sees_them(name, content, size, color):
    pixels = read_photo(name, content).pixels
    assert pixels.dtype == np.uint8
    assert pixels.shape == (*size, 3)
    np.testing.assert_array_equal(pixels[0, 0], color)


def test_a_name_is_never_used_as_a_path(tmp_path):
    assert read_photo("../../evil.png", encoded(RED, "PNG")).name == "../../evil.png"
