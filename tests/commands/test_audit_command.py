"""`tlcourse audit`: words, JSON, and an exit status for scripts."""

import json

import keras
import numpy as np
import pytest
from PIL import Image

from tests.helpers.audited import classifier, compiled
from tlcourse import cli

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for name in ("cat", "dog"):
        (folder / name).mkdir()
        for number in range(12):
            picture = rng.integers(0, 256, (5, 5, 3)).astype("uint8")
            Image.fromarray(picture).resize((40, 40)).save(folder / name / f"{number}.png")
    return folder


def saved(model, folder):
    model.save(folder / "model.keras")
    return str(folder / "model.keras")


def test_a_right_model_passes_with_status_0(tmp_path, photos, capsys):
    model = classifier()
    model.get_layer("body").trainable = False
    compiled(model, keras.optimizers.Adam(1e-3))
    assert cli.main(["audit", saved(model, tmp_path), "--data", str(photos)]) == 0
    out = capsys.readouterr().out
    assert "Nothing found." in out
    assert "train: 14 pictures" in out


def test_findings_give_status_1_and_json_has_them_all(tmp_path, photos, capsys):
    model = compiled(classifier(outputs=3), keras.optimizers.Adam(0.01))
    path = saved(model, tmp_path)
    assert cli.main(["audit", path, "--data", str(photos), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    names = [finding["name"] for finding in found["findings"]]
    assert {"outputs and classes", "learning rate too high"} <= set(names)
    assert found["findings"][0]["severity"] == "error"
    assert found["findings"][0]["mend"]


def test_told_that_it_is_not_pretrained_it_may_learn_fast(tmp_path, capsys):
    model = compiled(classifier(), keras.optimizers.Adam(0.01))
    assert cli.main(["audit", saved(model, tmp_path), "--pretrained", "no"]) == 0


@pytest.mark.parametrize("what", ["no file", "no model", "no photos"])
def test_what_cannot_be_looked_at_gives_status_2_and_says_why(tmp_path, capsys, what):
    arguments = [str(tmp_path / "model.keras")]
    expected = "There is no"
    if what == "no model":
        (tmp_path / "model.keras").write_text("no model")
        expected = "could not be loaded"
    if what == "no photos":
        saved(compiled(classifier()), tmp_path)
        (tmp_path / "empty").mkdir()
        arguments += ["--data", str(tmp_path / "empty")]
        expected = "could not be read"
    assert cli.main(["audit", *arguments]) == 2
    assert expected in capsys.readouterr().err
