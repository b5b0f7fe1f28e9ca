"""The photo lab: trained on few photos, judged on those left out, saved with the code."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest

from tlcourse.drawing.render import render
from tlcourse.errors import AssetError, InputError
from tlcourse.retrain import lab

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("backpack", "über & <b>")


@pytest.fixture(scope="module")
def photos():
    return [render(name, 0, at, size=96) for name in ("backpack", "umbrella") for at in range(6)]


@pytest.fixture(scope="module")
def trained(photos):
    return lab.train(photos, np.repeat([0, 1], 6), NAMES)


def test_each_photo_is_judged_by_a_head_that_has_not_seen_it(trained, photos):
    from tlcourse import extract_features, linear_probe, load_backbone

    pictures = np.stack([lab.picture_of(photo) for photo in photos])
    features = extract_features(load_backbone("photonet"), pictures, cache=False)
    rest = np.arange(12) != 4
    probe = linear_probe(features[rest], trained.labels[rest], c_values=[lab.C])
    np.testing.assert_allclose(
        trained.held_out[4], probe.predict_proba(features[4:5])[0], rtol=1e-4
    )
    assert trained.left_out == 1
    np.testing.assert_allclose(trained.held_out.sum(axis=1), 1.0)


def test_mistakes_are_those_of_the_held_out_judgment_the_surest_first():
    shares = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]])
    trained = lab.Trained(
        ("a", "b"), (), np.zeros((4, 64, 64, 3)), np.array([0, 1, 0, 1]), None, shares, (), None, 1
    )
    assert trained.wrong.tolist() == [2, 1]


def test_evidence_is_that_of_the_head_which_made_the_judgment(trained):
    from tlcourse import grad_cam
    from tlcourse.transfer.heads import set_head

    weights = trained.classifier.get_layer("head").get_weights()
    said, right = lab.explain(trained, 0)
    for got, kept in zip(trained.classifier.get_layer("head").get_weights(), weights, strict=True):
        np.testing.assert_array_equal(got, kept)  # the final head is back in its place
    set_head(trained.classifier, trained.probes[0])
    expected = grad_cam(trained.classifier, trained.pictures[0], class_index=0).maps
    set_head(trained.classifier, trained.final)
    np.testing.assert_allclose(right, expected, rtol=1e-4, atol=1e-6)
    assert said.shape == (64, 64)


def test_an_answer_is_the_same_while_mistakes_are_explained(trained, photos):
    expected = lab.judge(trained, photos[0])[0]
    with ThreadPoolExecutor(1) as beside:
        explained = [beside.submit(lab.explain, trained, at) for at in range(12)]
        answers = [lab.judge(trained, photos[0])[0] for _ in range(12)]
        assert len([future.result() for future in explained]) == 12
    np.testing.assert_allclose(answers, np.repeat(expected[None], 12, axis=0), rtol=1e-4)


def test_many_photos_are_left_out_a_tenth_at_a_time():
    few, many = np.repeat([0, 1], 30), np.repeat([0, 1], [40, 21])
    assert [part.tolist() for part in lab.folds(few)] == [[at] for at in range(60)]
    parts = lab.folds(many)
    assert len(parts) == 10
    assert sorted(np.concatenate(parts)) == list(range(61))
    assert {int((many[part] == 1).sum()) for part in parts} == {2, 3}
    rare = np.repeat([0, 1], [90, 9])  # a tenth would leave out none of some class
    assert len(lab.folds(rare)) == 99


@pytest.mark.parametrize(
    ("labels", "names", "words"),
    [
        ([0, 0], ["a"], "One class is nothing to tell apart"),
        ([0, 0, 1], ["a", "b"], r"Too few photos: b \(1\)"),
    ],
)
def test_too_little_to_learn_from_is_told(photos, labels, names, words):
    with pytest.raises(InputError, match=words):
        lab.train(photos[: len(labels)], np.array(labels), names)


def test_a_stop_ends_the_training(photos):
    shares = []

    def report(share, words):
        shares.append(share)
        return len(shares) < 3

    assert lab.train(photos, np.repeat([0, 1], 6), NAMES, report) is None
    assert len(shares) == 3
    assert shares == sorted(shares)


@pytest.mark.slow
def test_the_saved_code_trains_the_saved_model_again(trained, photos, tmp_path):
    names = tuple(map(lab.clean_name, NAMES))
    kept = lab.Trained(**{**vars(trained), "class_names": names})
    folder = lab.save(kept, tmp_path / "a lab")
    assert sorted(path.name for path in folder.iterdir()) == ["model.keras", "photos", "train.py"]
    model = keras.models.load_model(folder / "model.keras")
    shares, heat = lab.judge(kept, photos[7])
    answer = model.predict(photos[7][None], verbose=0)
    np.testing.assert_allclose(answer["probabilities"][0], shares, rtol=1e-3, atol=1e-5)
    assert answer["class"][0].decode() == names[shares.argmax()]
    assert heat.shape == (64, 64)

    first = model.predict(np.stack(photos), verbose=0)["probabilities"]
    (folder / "model.keras").unlink()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TLCOURSE_CACHE": str(tmp_path / "cache")}
    subprocess.run([sys.executable, folder / "train.py"], check=True, env=environment, cwd=tmp_path)
    again = keras.models.load_model(folder / "model.keras").predict(np.stack(photos), verbose=0)
    np.testing.assert_allclose(again["probabilities"], first, rtol=1e-3, atol=1e-5)


def test_nothing_is_overwritten_or_half_written(trained, tmp_path, monkeypatch):
    (tmp_path / "taken").mkdir()
    with pytest.raises(InputError, match="choose another name"):
        lab.save(trained, tmp_path / "taken")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tlcourse.retrain.lab.save_model", full)
    with pytest.raises(AssetError, match="No space left"):
        lab.save(lab.Trained(**{**vars(trained), "class_names": ("a", "b")}), tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [("cat", "cat"), (" a/b\\c: d. ", "a b c d"), ("..", ""), ("猫", "猫"), ("x" * 99, "x" * 40)],
)
def test_class_names_can_be_names_of_folders(name, cleaned):
    assert lab.clean_name(name) == cleaned
