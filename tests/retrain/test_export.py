"""`--export`: files that answer as the Keras model does, asked here by other programs."""

import json

import keras
import numpy as np
import pytest

from tlcourse import build_classifier, cli, load_backbone
from tlcourse.errors import AssetError, InputError
from tlcourse.retrain import export, formats, in_page
from tlcourse.retrain.model import ready_to_use

NAMES = ("cat & <dog>", "猫", "owl")
HEAT = 1.7


def classifier_on(backbone):
    """A classifier whose weights have moved a little, as after fine-tuning."""
    model = build_classifier(backbone, len(NAMES))
    dice = np.random.default_rng(0)
    for variable in model.trainable_variables:
        spread = 0.01 * float(np.std(variable.numpy())) + 1e-6
        variable.assign_add(dice.normal(0, spread, variable.shape).astype("float32"))
    head = model.get_layer("head")
    head.set_weights([dice.normal(0, 0.2, head.kernel.shape), dice.normal(0, 0.2, 3)])
    return model


@pytest.fixture(scope="module")
def pictures():
    dice = np.random.default_rng(1)
    small = dice.integers(0, 256, (24, 8, 8, 3), np.uint8)
    return np.repeat(np.repeat(small, 8, axis=1), 8, axis=2)


@pytest.fixture(scope="module")
def classifier():
    return classifier_on(load_backbone("photonet"))


@pytest.fixture(scope="module")
def expected(classifier, pictures):
    """What the model that is saved says of these pictures."""
    return ready_to_use(classifier, NAMES, 64, temperature=HEAT).predict(pictures, verbose=0)[
        "probabilities"
    ]


def exported(asked, classifier, pictures, expected, folder, size=64):
    about = export.about(NAMES, size, HEAT, 0.4, "photonet") | {"told": "Well <tested>."}
    labels = expected.argmax(axis=1)
    labels[:3] = (labels[:3] + 1) % 3  # it names three wrong
    return export.export(
        asked, classifier, about, folder,
        calibrate=pictures, test=(pictures, labels), expected=expected,
    )  # fmt: skip


@pytest.fixture(scope="module")
def made(classifier, pictures, expected, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out")
    return folder, exported(formats.FORMATS, classifier, pictures, expected, folder)


def test_all_files_are_there_and_told(made):
    folder, told = made
    assert [one.file for one in told] == list(export.FILES[:4])
    assert sorted(path.name for path in folder.iterdir()) == sorted(export.FILES)
    onnx, lite, int8, page = told
    for one in (onnx, lite):
        assert (one.photos, one.other, one.right, one.lost) == (24, 0, 21, 0)
        assert "24 of 24 test photos are named as the Keras model" in one.words
        assert "87.5% right, the Keras model 87.5%" in one.words
    assert int8.megabytes < 0.4 * lite.megabytes
    assert 0 < int8.apart < 0.5
    assert int8.right + int8.lost == 21
    assert "checks itself" in page.words


def test_onnx_runtime_answers_as_the_saved_model(made, pictures, expected):
    import onnxruntime

    session = onnxruntime.InferenceSession(made[0] / "model.onnx")
    (taken,) = session.get_inputs()
    assert (taken.name, taken.type, taken.shape[1:]) == ("picture", "tensor(uint8)", [64, 64, 3])
    for count in (1, 24):
        (answer,) = session.run(["probabilities"], {"picture": pictures[:count]})
        np.testing.assert_allclose(answer, expected[:count], atol=1e-5)


def test_litert_answers_as_the_saved_model(made, pictures, expected):
    np.testing.assert_allclose(
        formats.run_litert(made[0] / "model.tflite", pictures), expected, atol=1e-5
    )
    rough = formats.run_litert(made[0] / "model_int8.tflite", pictures)
    assert np.mean(rough.argmax(axis=1) == expected.argmax(axis=1)) > 0.7
    assert np.abs(rough - expected).max() > 1e-5  # it is another file, and in int8


def test_what_a_program_needs_stands_beside(made):
    about = json.loads((made[0] / "model.json").read_text("utf-8"))
    assert about["classes"] == list(NAMES)
    assert (about["size"], about["threshold"], about["temperature"]) == (64, 0.4, HEAT)
    assert "uint8" in about["input"]


def test_a_file_that_answers_otherwise_is_not_kept(classifier, pictures, expected, tmp_path):
    (told,) = exported(("onnx",), classifier, pictures, np.roll(expected, 1, axis=1), tmp_path)
    assert "model.onnx was not kept: its probabilities" in told.words
    assert [path.name for path in tmp_path.iterdir()] == ["model.json"]


def test_a_converter_that_fails_is_told(classifier, pictures, expected, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("no such operation\nand much more")

    monkeypatch.setattr(keras.Model, "export", fail)
    told = exported(("onnx", "litert"), classifier, pictures, expected, tmp_path)
    assert [one.refused for one in told] == ["the converter failed (no such operation)."] * 3


def test_what_cannot_be_exported_is_said_at_once(tmp_path, monkeypatch, capsys):
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
    with pytest.raises(InputError, match=r"--export html takes photonet, .* not MobileNetV2"):
        export.require(("html",), "MobileNetV2")
    find = export.importlib.util.find_spec
    monkeypatch.setattr(
        export.importlib.util, "find_spec", lambda name: None if name == "tf2onnx" else find(name)
    )
    export.require(("litert", "html"), "photonet")
    with pytest.raises(AssetError, match=r"needs tf2onnx.*pip install 'tlcourse\[export\]'"):
        export.require(("onnx",), "photonet")
    assert cli.main(["retrain", str(tmp_path / "pets"), "--export", "onnx,html"]) == 1
    said = capsys.readouterr()
    assert "needs tf2onnx" in said.err
    assert "photos in" not in said.out
    with pytest.raises(SystemExit):
        cli.main(["retrain", "pets", "--export", "onnx,tflite"])
    assert "expected onnx, litert, html, or several with commas, not 'tflite'" in (
        capsys.readouterr().err
    )


@pytest.mark.slow
def test_a_network_of_keras_can_be_exported_too(tmp_path):
    model = classifier_on(load_backbone("MobileNetV2", alpha=0.35, image_size=96, weights=None))
    photos = np.random.default_rng(0).integers(0, 256, (6, 96, 96, 3), np.uint8)
    ready = ready_to_use(model, NAMES, 96, temperature=HEAT)
    expected = ready.predict(photos, verbose=0)["probabilities"]
    told = exported(("onnx", "litert"), model, photos, expected, tmp_path, size=96)
    assert [one.refused for one in told] == ["", "", ""]
    assert [one.other for one in told[:2]] == [0, 0]


# ------------------------------------------------------------------ the page


def test_the_page_has_all_in_it(made):
    page = (made[0] / "model.html").read_text("utf-8")
    assert "{{" not in page
    assert "<title>Which is it: cat &amp; &lt;dog&gt;, 猫, owl?</title>" in page
    assert "Well <tested>" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_weights_that_fit_into_16_bits_are_stored_so():
    stored = in_page.weights_of(load_backbone("photonet"))
    manifest, content = in_page.pack(stored)
    halves = {one["name"]: one["half"] for one in manifest}
    assert halves["stem/kernel"]
    assert not halves["stem/bias"]
    stored["stem_conv/kernel"] = stored["stem_conv/kernel"] + np.float32(1e-6)
    longer, more = in_page.pack(stored)
    assert not {one["name"]: one["half"] for one in longer}["stem/kernel"]
    assert len(more) - len(content) == 2 * stored["stem_conv/kernel"].size


def test_patterns_are_whole_numbers_that_differ():
    found = in_page.patterns(64)
    assert (found.shape, found.dtype) == ((3, 64, 64, 3), np.uint8)
    assert found[1, 2, 3].tolist() == [18 + 15 + 1, 18 + 30 + 1, 18 + 45 + 1]
    assert len(np.unique(found.reshape(3, -1), axis=0)) == 3
