"""Near copies and shots of one thing are found, and stay on one side of the split."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.helpers.photo_folder import photo
from tlcourse import load_backbone, setup_device
from tlcourse.data.splits import grouped_parts, stratified_parts
from tlcourse.errors import ImageFolderError, InputError
from tlcourse.photos.check import check_images
from tlcourse.photos.folder import deal
from tlcourse.retrain import likeness, stream, taken
from tlcourse.retrain.groups import find_groups
from tlcourse.retrain.result import GroupsTold

NAMES = ("aeroplane", "apple", "backpack")
EACH = 20


def resaved(picture):
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=25)
    return Image.open(file).convert("RGB")


def cropped(picture, share=0.1):
    width, height = picture.size
    return picture.crop((0, 0, round(width * (1 - share)), round(height * (1 - share))))


CHANGES = {
    "gray": lambda picture: picture.convert("L").convert("RGB"),
    "turned": lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
    "mirrored": ImageOps.mirror,
    "cropped": cropped,
    "resaved": resaved,
    "halved": lambda picture: picture.resize((48, 36)),
    "mirrored and gray": lambda picture: ImageOps.mirror(picture.convert("L").convert("RGB")),
}


@pytest.fixture(scope="module")
def network():
    setup_device()
    return load_backbone("photonet")


@pytest.fixture(scope="module")
def originals():
    return [photo(name, i, (96, 72)) for name in NAMES for i in range(EACH)]


def seen(network, pictures):
    small = np.stack([stream.picture_of(np.asarray(picture), 64) for picture in pictures])
    return np.asarray(network.predict_on_batch(small)), small


def grouped(network, pictures, labels, homes=None, by="auto"):
    homes = homes or {Path(f"x/{chr(65 + at)}"): Path("x") for at in range(len(pictures))}
    return np.array(list(find_groups(by, homes, labels, *seen(network, pictures)).of.values()))


def test_changed_copies_are_with_their_originals(network, originals):
    """Seven copies of each of four photos: all but one at most of each kind are found."""
    chosen = (3, 25, 44, 51)
    copies = [change(originals[at]) for change in CHANGES.values() for at in chosen]
    labels = np.array([*np.repeat(range(3), EACH), *[at // EACH for _ in CHANGES for at in chosen]])
    number = grouped(network, [*originals, *copies], labels)
    found = number[len(originals) :].reshape(len(CHANGES), len(chosen)) == number[list(chosen)]
    for kind, row in zip(CHANGES, found, strict=True):
        assert row.sum() >= 3, kind
    assert found.mean() > 0.9
    assert np.bincount(number[: len(originals)]).max() <= 2  # and not everything with everything


def test_different_photos_stay_alone(network, originals):
    number = grouped(network, originals, np.repeat(range(3), EACH))
    assert np.sum(np.bincount(number) == 1) >= 54  # of 60


def test_a_piece_and_its_mirror_are_found_and_other_pictures_not(originals):
    whole = [stream.picture_of(np.asarray(originals[at]), 64) for at in (0, 25)]
    square = Image.fromarray(whole[0])
    part = np.asarray(square.crop((0, 0, 54, 54)).resize((64, 64), Image.Resampling.BILINEAR))
    assert likeness.is_piece(whole[0], part)
    assert likeness.is_piece(part[:, ::-1], whole[0])
    assert not likeness.is_piece(*whole)
    flat = np.full((64, 64, 3), 128, np.uint8)
    assert not likeness.is_piece(flat, flat)  # of nothing all is a piece


def test_shots_in_a_row_are_one_group(network):
    """Twelve things, four shots each, moved and brighter by chance; the names are a camera's."""
    dice = np.random.default_rng(0)
    shots, homes = [], {}
    for thing in range(12):
        whole = photo(NAMES[thing % 3], 100 + thing, (128, 128))
        for _ in range(4):
            left, top = (int(x) for x in dice.integers(0, 17, 2))
            piece = np.asarray(whole.crop((left, top, left + 110, top + 110)), float)
            shots.append(np.clip(piece * dice.uniform(0.8, 1.2), 0, 255).astype(np.uint8))
            homes[Path(f"x/IMG_{len(shots):04}.jpg")] = Path("x")
    number = grouped(network, shots, np.repeat(np.arange(12) % 3, 4), homes)
    rows = number.reshape(12, 4)
    assert np.mean(rows == rows[:, :1]) > 0.9
    assert len(set(rows[:, 0])) >= 11  # things are not thrown together


# ------------------------------------------------------------------ clocks and names


def with_time(path, when, model="A1"):
    marks = Image.Exif()
    marks[0x0110] = model
    marks.get_ifd(0x8769)[0x9003] = when
    Image.new("RGB", (16, 16)).save(path, exif=marks)


def test_bursts_by_the_cameras_clock(tmp_path):
    times = ["2026:05:01 10:00:00", "2026:05:01 10:00:01", "2026:05:01 10:00:40",
             "2026:05:01 12:00:00", "broken"]  # fmt: skip
    paths = [tmp_path / f"{name}.jpg" for name in ("q", "w", "e", "r", "t")]
    for path, when in zip(paths, times, strict=True):
        with_time(path, when)
    burst, perhaps = taken.neighbors(paths, np.zeros(5, int))
    assert burst.tolist() == [[0, 1]]
    assert perhaps.tolist() == [[1, 2]]  # a scene, if they look alike
    assert taken.capture_time(paths[4]) is None
    with_time(paths[1], times[1], model="B2")
    assert taken.neighbors(paths, np.zeros(5, int))[0].tolist() == []
    assert taken.neighbors(paths[:2], np.array([0, 1]))[0].tolist() == []  # two classes


def test_runs_of_file_names():
    paths = [Path(f"x/{name}.jpg") for name in ("IMG_0412", "IMG_0413", "IMG_0420", "rose")]
    paths.append(Path("y/IMG_0414.jpg"))
    burst, perhaps = taken.neighbors(paths, np.zeros(5, int))
    assert len(burst) == 0
    assert perhaps.tolist() == [[0, 1]]
    assert taken.split_name(Path("mug07_shot3 (2).jpg")) == ("mug07_shot3 ()", 2)
    assert taken.split_name(Path("rose.jpg")) == ("rose", -1)


def test_groups_by_folder_and_by_name(network, originals):
    labels = np.zeros(6, int)
    labels[3:] = 1
    pictures = [originals[at] for at in (0, 4, 8, 24, 31, 38)]
    home = Path("photos/cup")
    deep = ["red/1", "red/2", "3", "blue/1", "blue/2", "blue/3"]
    number = grouped(network, pictures, labels, {home / f"{n}.jpg": home for n in deep}, "folder")
    assert number.tolist() == [0, 0, 1, 2, 2, 2]
    flat = ["red_1", "red_2", "x", "blue_1", "blue_2", "blue_7"]
    homes = {home / f"{n}.jpg": home for n in flat}
    assert grouped(network, pictures, labels, homes, "name-pattern").tolist() == [0, 0, 1, 2, 2, 2]
    assert grouped(network, pictures, labels, homes, "none").tolist() == [0, 1, 2, 3, 4, 5]
    homes = {home / f"{n}.jpg": home for n in "abcdef"}
    for by in ("folder", "name-pattern"):
        with pytest.raises(InputError, match=f"--group-by {by}: .* --group-by auto"):
            grouped(network, pictures, labels, homes, by)


# ------------------------------------------------------------------ the split


def test_no_group_is_cut_and_each_class_has_its_share():
    dice = np.random.default_rng(1)
    labels = np.repeat([0, 1, 2], [60, 40, 100])
    groups = np.unique(labels * 100 + dice.integers(0, 15, 200), return_inverse=True)[1]
    shares = (0.6, 0.2, 0.2)
    for seed in range(20):
        parts = grouped_parts(labels, groups, shares, seed)
        assert sorted(np.concatenate(parts)) == list(range(200))
        for a, b in ((0, 1), (0, 2), (1, 2)):
            assert not set(groups[parts[a]]) & set(groups[parts[b]])
        counts = np.array([np.bincount(labels[part], minlength=3) for part in parts])
        assert np.abs(counts - np.outer(shares, [60, 40, 100])).max() <= 5
    assert not np.array_equal(parts[0], grouped_parts(labels, groups, shares, 0)[0])


def test_without_groups_the_split_is_the_plain_one():
    labels = np.repeat([0, 1], 25)
    plain = stratified_parts(labels, (0.6, 0.2, 0.2), 3)
    grouped = grouped_parts(labels, np.arange(50), (0.6, 0.2, 0.2), 3)
    assert all(map(np.array_equal, plain, grouped))


def test_three_groups_are_one_for_each_part():
    parts = grouped_parts(np.zeros(20, int), np.repeat([0, 1, 2], [7, 7, 6]), (0.6, 0.2, 0.2), 0)
    assert sorted(map(len, parts)) == [6, 7, 7]


def test_photos_of_too_few_things_are_told(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for i in range(6):
            Image.effect_noise((16, 16), 40 + i).save(tmp_path / name / f"{i}.png")
    reports = {"": check_images(tmp_path)}
    cats, dogs = reports[""].usable.values()
    groups = {path: at // 3 for at, path in enumerate(cats)}
    groups |= {path: 10 + at for at, path in enumerate(dogs)}
    with pytest.raises(ImageFolderError, match=r"too few things .*: cat \(6 of 2\)\. .*, or mend"):
        deal(tmp_path, reports, groups=groups, mend="mend it")


def test_what_the_groups_changed_is_said_with_its_error():
    assert "no more than chance can do" in GroupsTold("x", 0.66, 0.67, 0.01).change
    assert "90.0% right by lot, and 80.0%" in GroupsTold("x", 0.9, 0.8, 0.02).change
    assert "chance" not in GroupsTold("x", 0.9, 0.8, 0.02).change
    assert GroupsTold().change == ""


def test_pictures_in_another_order(tmp_path, monkeypatch):
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path))
    pictures = np.random.default_rng(0).integers(0, 256, (70, 4, 4, 3), np.uint8)
    order = np.random.default_rng(1).permutation(70)[:50]
    assert np.array_equal(stream.arranged(pictures, order), pictures[order])
    assert stream.arranged(pictures, np.arange(70)) is pictures
    monkeypatch.setattr(stream, "FEW_BYTES", 0)
    on_disk = stream.arranged(pictures, order)
    assert isinstance(on_disk, np.memmap)
    assert np.array_equal(on_disk, pictures[order])
    assert list(tmp_path.iterdir()) == []  # it goes with the array
