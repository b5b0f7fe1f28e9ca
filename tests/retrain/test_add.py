"""`tlcourse retrain add`: a class more, without the old photos; what the old ones lose is told."""

import shutil

import keras
import numpy as np
import pytest
from PIL import Image

from tests.helpers.photo_folder import make_folder
from tlcourse import cli
from tlcourse.retrain import add, added, fine_tuning, store
from tlcourse.retrain.judge import judge
from tlcourse.retrain.model import load
from tlcourse.retrain.predict import predict


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = make_folder(tmp_path_factory.mktemp("mine") / "things", 3, 20, (96, 72))
    shutil.move(folder / "backpack", folder.parent / "backpack")
    return folder


@pytest.fixture(scope="module")
def made(photos, tmp_path_factory):
    """A model of two classes; the folder of the third lies beside theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLCOURSE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("TLCOURSE_OFFLINE", "1")
        patch.setenv("TQDM_DISABLE", "1")
        patch.setattr(fine_tuning, "EPOCHS", 2)
        output = tmp_path_factory.mktemp("out") / "model"
        command = ["retrain", str(photos), "--output", str(output), "--backbone", "photonet"]
        assert cli.main(command) == 0
        yield output


def add_backpack(photos, made, output, *more):
    return cli.main([
        "retrain", "add", str(photos.parent / "backpack"), "--to", str(made), "--output",
        str(output), *more,
    ])  # fmt: skip


def test_what_is_stored_is_what_the_head_gets(photos, made):
    found = store.read_store(made, made / "model.keras")
    assert found.about.class_names == ("aeroplane", "apple")
    assert {split: len(rows) for split, rows in found.features.items()} == {
        "train": 24, "validation": 8, "test": 8,
    }  # fmt: skip
    classifier = load(made / "model.keras").get_layer("classifier")
    head = classifier.get_layer("head")
    inner = keras.Model(classifier.input, head.input)
    from tlcourse.retrain.stream import read_picture

    ours = [read_picture(path, 64) for path in sorted(photos.rglob("*.jpg"))]
    said = inner.predict(np.stack(ours), verbose=0)
    every = np.concatenate(list(found.features.values()))
    near = np.abs(said[:, None] - every[None]).max(axis=2).min(axis=0)
    assert near.max() < 0.01 * np.abs(said).max()  # each is one of the photos, in 16 bits
    assert not any("jpg" in digest for digest in found.digests["train"])


def test_a_class_is_added_and_the_old_ones_are_tested_again(photos, made, tmp_path, capsys):
    before = {path: path.read_bytes() for path in made.iterdir()}
    shutil.copytree(photos.parent / "backpack", tmp_path / "backpack")
    assert add_backpack(photos, made, tmp_path / "out") == 0
    said = capsys.readouterr().out
    for words in ("20 photos of backpack", "12 to train, 4 to validate, 4 to test",
                  "of its 4 test photos are found", "The old classes, 8 test photos:"):  # fmt: skip
        assert words in said
    assert {path: path.read_bytes() for path in made.iterdir()} == before
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "ADDED.md", "features.npz", "model.keras",
    ]  # fmt: skip
    answers = predict(tmp_path / "out" / "model.keras", [photos.parent / "backpack"])
    assert np.mean([answer["class"] == "backpack" for answer in answers]) >= 0.8
    assert list(answers[0]["probabilities"]) == ["aeroplane", "apple", "backpack"]
    answers = predict(tmp_path / "out" / "model.keras", [photos / "apple"])
    assert np.mean([answer["class"] == "apple" for answer in answers]) >= 0.8
    page = (tmp_path / "out" / "ADDED.md").read_text("utf-8")
    assert "| backpack | 4 | – |" in page
    assert "| apple | 4 |" in page
    again = store.read_store(tmp_path / "out", tmp_path / "out" / "model.keras")
    assert len(again.labels["train"]) == 36
    assert again.about.class_names[-1] == "backpack"


def test_the_model_is_replaced_only_when_asked(photos, made, tmp_path, capsys):
    copy = shutil.copytree(made, tmp_path / "copy")
    assert add_backpack(photos, copy, copy) == 1
    assert "holds model.keras" in capsys.readouterr().err
    assert (copy / "model.keras").read_bytes() == (made / "model.keras").read_bytes()
    assert add_backpack(photos, copy, copy, "--overwrite") == 0
    assert not (copy / "report.html").exists()  # it told of the old model
    capsys.readouterr()
    assert add_backpack(photos, copy, tmp_path / "out") == 1
    assert "The model knows backpack already" in capsys.readouterr().err


def test_faults_are_named_and_leave_nothing(photos, made, tmp_path, capsys):
    def fails(folder, to, words):
        assert cli.main(["retrain", "add", str(folder), "--to", str(to),
                         "--output", str(tmp_path / "out")]) == 1  # fmt: skip
        assert words in capsys.readouterr().err
        assert not (tmp_path / "out").exists()

    fails(tmp_path / "nothing", made, "There is no folder")
    fails(photos.parent / "backpack", tmp_path, "There is no")
    (tmp_path / "mug").mkdir()
    fails(tmp_path / "mug", made, "has 0 photos that can be used")
    shutil.copy(photos / "apple" / "00003.jpg", tmp_path / "mug" / "1.jpg")
    fails(tmp_path / "mug", made, "is the same picture as one of apple")
    copy = shutil.copytree(made, tmp_path / "copy")
    (copy / "features.npz").write_bytes(b"PK broken")
    fails(photos.parent / "backpack", copy, "features.npz is damaged")
    shutil.copy(made / "features.npz", copy / "features.npz")
    with (copy / "model.keras").open("ab") as file:
        file.write(b"changed")
    fails(photos.parent / "backpack", copy, "belongs to another model")
    (copy / "features.npz").unlink()
    fails(photos.parent / "backpack", copy, "Make the model again")


def test_what_the_old_classes_lose():
    labels = np.repeat([0, 1], 10)
    before = np.eye(2)[labels]
    after = np.zeros((24, 3))
    after[np.arange(24), [*labels, 2, 2, 2, 0]] = 1
    after[0] = after[10] = after[11] = (0, 0, 1)  # three old photos are taken for new ones
    both = judge(before, labels), judge(after, np.array([*labels, 2, 2, 2, 2]))
    found = add.Added("owl", ("cat", "dog", "owl"), (12, 4, 4), *both)
    assert found.lost == (pytest.approx(0.15), pytest.approx(0.0968, abs=1e-3))
    assert found.taken == 3
    told = added.summary(found)
    assert told[0].startswith("owl: 3 of its 4 test photos are found (75.0%")
    assert "100.0% right before, 85.0% now, 15.0 points less" in told[1]
    assert told[2] == "dog lost most: 100% found before, 80% now."


def test_a_folder_called_add_can_be_trained_on(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "add" / "cat").mkdir(parents=True)
    Image.new("RGB", (20, 20)).save(tmp_path / "add" / "cat" / "1.png")
    assert cli.main(["retrain", "add", "--output", "out"]) == 1
    assert "holds fewer than two classes" in capsys.readouterr().err
