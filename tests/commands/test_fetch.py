"""`tlcourse fetch NAME …`, and what of it is packed for a room without a network."""

import os

import pytest

from tests.helpers import photo_server
from tests.helpers.photo_server import NAMES, members, photo_set, tarred, zipped
from tlcourse import cli
from tlcourse.commands import fetch, room
from tlcourse.files import photo_archives, photo_files
from tlcourse.networks import needs

WEIGHTS = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5"


@pytest.fixture
def given(tmp_path, monkeypatch):
    """A folder with the prepared archive of a small set, and a file of weights; no network."""
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "animals.zip").write_bytes(zipped(members(True)))
    import h5py

    with h5py.File(folder / WEIGHTS, "w") as file:
        file["kernel"] = [1.0, 2.0]
    monkeypatch.setenv("TLCOURSE_DATASETS", str(folder))
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("TLCOURSE_SHARED", "")
    monkeypatch.setenv("TLCOURSE_OFFLINE", "1")
    made = photo_set(tarred(members()), "http://127.0.0.1:9/zoo.tgz")
    for module in (photo_files, photo_archives, needs, room, fetch):
        monkeypatch.setattr(module, "SETS", {"animals": made})
        monkeypatch.setattr(module, "photo_list", lambda _: photo_server.listed(), raising=False)
    return folder


def test_what_lies_in_a_given_folder_is_put_into_the_cache(given, tmp_path, capsys):
    assert cli.main(["fetch", "animals", "MobileNetV2:alpha=0.35"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"animals: {len(NAMES)} pictures are in {tmp_path / 'cache' / 'photos'}"
    kept = tmp_path / "keras/models" / WEIGHTS
    assert said[1] == f"MobileNetV2:alpha=0.35 is in {kept}"
    assert kept.read_bytes() == (given / WEIGHTS).read_bytes()
    for path in given.iterdir():
        path.unlink()
    assert cli.main(["fetch", "animals", "MobileNetV2:alpha=0.35"]) == 0


def test_what_cannot_be_had_does_not_keep_the_rest_back(given, tmp_path, capsys):
    assert cli.main(["fetch", "NASNetMobile", "animals"]) == 1
    said = capsys.readouterr()
    assert "animals: 20 pictures" in said.out
    assert "NASNetMobile: The weights nasnet_mobile_no_top.h5 are not in" in said.err
    assert cli.main(["fetch", "NASNetMobile"]) == 1
    assert "tlcourse fetch: The weights nasnet_mobile_no_top.h5" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("animal", "There is nothing that is called 'animal' to fetch. Did you mean 'animals'"),
        ("zzz", "There is nothing that is called 'zzz' to fetch. There are: animals, minilm, Mobi"),
        ("MobilNetV2", "Keras has no application 'MobilNetV2'. Did you mean 'MobileNetV2'"),
        ("MobileNetV2:alpha", "expected a name, or one with options, such as 'MobileNetV2:alpha="),
        ("MobileNetV2:alpha=0.36", "There are none for alpha=0.36"),
    ],
)
def test_a_wrong_name_is_told_before_anything_is_fetched(name, words, given, tmp_path, capsys):
    assert cli.main(["fetch", "animals", name]) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "cache").exists()


def test_the_help_lists_what_there_is_with_its_size(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["fetch", "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    for line in ("flowers                   229 MB", "blood_cells               about 280 MB"):
        assert line in said
    assert "TLCOURSE_DATASETS=FOLDER" in said


@pytest.mark.parametrize("first", [True, False], ids=["from the cache", "from the folder"])
def test_a_room_gets_what_is_here_and_is_told_what_is_not(first, given, tmp_path, monkeypatch):
    if first:
        cli.main(["fetch", "animals", "MobileNetV2:alpha=0.35"])
        monkeypatch.delenv("TLCOURSE_DATASETS")
    stick = tmp_path / "stick"
    lacking = room.pack(stick)
    assert "animals" not in lacking
    assert "MobileNetV2:alpha=0.35" not in lacking
    assert {"MobileNetV2", "EfficientNetB0"} <= set(lacking)
    packed = sorted(p.relative_to(stick).as_posix() for p in stick.rglob("*") if p.is_file())
    assert [p for p in packed if not p.endswith(".lock")] == [
        f"models/{WEIGHTS}",
        "photos/animals.zip",
    ]
    assert os.environ["TLCOURSE_CACHE"] == str(tmp_path / "cache")
    assert room.pack(stick) == lacking, "and once more"
    monkeypatch.delenv("TLCOURSE_DATASETS", raising=False)
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "other"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "other"))
    monkeypatch.setenv("TLCOURSE_SHARED", str(stick))
    assert len(photo_files.load_photos("animals")[0]) == len(NAMES)
    assert needs.weights_path("MobileNetV2:alpha=0.35") == stick / "models" / WEIGHTS
    assert not (tmp_path / "other").exists()
