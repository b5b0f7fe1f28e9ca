"""`tlcourse retrain` and `tlcourse predict`: the model, the report, and what may go wrong."""

import errno
import hashlib
import html.parser
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from tests.helpers.photo_folder import make_folder
from tlcourse import auditing, cli
from tlcourse.data import Split
from tlcourse.files import assets
from tlcourse.photos.check import check_images
from tlcourse.photos.duplicates import drop_duplicates
from tlcourse.photos.folder import deal, parts
from tlcourse.retrain import fine_tuning, gather, predict, stream, train
from tlcourse.retrain.judge import judge, learning_curve, wilson
from tlcourse.retrain.model import load, ready_to_use

SMALL = (96, 72)
ROOT = Path(__file__).resolve().parents[2]


def digests(folder):
    return {p: hashlib.sha256(p.read_bytes()).digest() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLCOURSE_CACHE", str(folder))
        patch.setenv("TLCOURSE_OFFLINE", "1")
        patch.setenv("TQDM_DISABLE", "1")
        patch.delenv("TLCOURSE_SHARED", raising=False)
        patch.setattr(fine_tuning, "EPOCHS", 2)
        yield folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("mine") / "my photos 我的", 3, 20, SMALL)


@pytest.fixture
def own(photos, tmp_path):
    """A copy of the photos that a test may spoil."""
    return shutil.copytree(photos, tmp_path / "photos")


def retrain(folder, output, *more):
    return cli.main(
        ["retrain", str(folder), "--output", str(output), "--backbone", "photonet", *more]
    )


@pytest.fixture(scope="module")
def made(photos, cache, tmp_path_factory):
    """One whole run: its output folder, and the photos' digests before."""
    before = digests(photos)
    output = tmp_path_factory.mktemp("out")
    assert retrain(photos, output) == 0
    assert digests(photos) == before
    return output


# ------------------------------------------------------------------ the model


USE = """
import json, sys
sys.modules["tlcourse"] = None  # importing it fails
import keras, numpy as np
from PIL import Image
model = keras.models.load_model(sys.argv[1], safe_mode=True)
photos = np.stack([np.asarray(Image.open(path).convert("RGB")) for path in sys.argv[2:]])
answer = model.predict(photos, verbose=0)
assert photos.dtype == np.uint8
print(json.dumps({
    "names": [str(name) for name in model.get_layer("class_names").get_vocabulary()],
    "class": [name.decode() for name in answer["class"]],
    "probabilities": answer["probabilities"].tolist(),
    "tlcourse": sys.modules["tlcourse"] is not None}))
"""


@pytest.mark.slow
def test_the_model_needs_no_tlcourse_and_gives_the_same_probabilities(photos, made):
    paths = [str(photos / name / "00003.jpg") for name in ("apple", "backpack", "aeroplane")]
    done = subprocess.run(
        [sys.executable, "-c", USE, str(made / "model.keras"), *paths],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert not found["tlcourse"]
    assert found["names"] == ["aeroplane", "apple", "backpack"]
    answers = predict.predict(made / "model.keras", [Path(path) for path in paths])
    ours = [list(answer["probabilities"].values()) for answer in answers]
    assert np.allclose(found["probabilities"], ours, atol=1e-5)
    assert found["class"] == [answer["class"] for answer in answers]
    assert found["class"] == ["apple", "backpack", "aeroplane"]


def test_the_saved_model_sees_the_pictures_that_it_was_trained_on(photos, made):
    path = photos / "apple" / "00000.jpg"
    model = load(made / "model.keras")
    photo = np.asarray(Image.open(path).convert("RGB"))
    small = stream.read_picture(path, 64)
    assert (photo.shape, small.shape) == ((72, 96, 3), (64, 64, 3))
    both = [model(x[None])["probabilities"] for x in (photo, small)]
    assert np.allclose(*both, atol=1e-6)


@pytest.mark.parametrize("name", ["MobileNetV2", "ResNet50", "EfficientNetV2B0"])
@pytest.mark.slow
def test_models_with_another_preprocessing_can_be_saved_too(name, tmp_path):
    from tlcourse import build_classifier, load_backbone

    names = ("a b", "猫", "🦉 <owl>")
    backbone = load_backbone(name, image_size=64, weights=None)
    model = ready_to_use(build_classifier(backbone, 3), names, 64)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    assert tuple(again.get_layer("class_names").get_vocabulary()) == names
    photo = np.random.default_rng(0).integers(0, 256, (2, 30, 50, 3), np.uint8)
    before, after = model.predict(photo, verbose=0), again.predict(photo, verbose=0)
    assert np.array_equal(before["probabilities"], after["probabilities"])
    assert after["class"][0].decode() in names


@pytest.mark.slow
def test_the_same_seed_gives_the_same_model_from_cached_features(
    photos, made, cache, tmp_path, monkeypatch, capsys
):
    own_cache = shutil.copytree(
        cache, tmp_path / "cache", ignore=shutil.ignore_patterns("fine-tuned-*")
    )
    monkeypatch.setenv("TLCOURSE_CACHE", str(own_cache))
    assert retrain(photos, tmp_path) == 0
    said = capsys.readouterr().out
    assert "read from the cache" in said
    assert "done in an earlier run" not in said
    one, two = (load(folder / "model.keras").get_weights() for folder in (made, tmp_path))
    assert all(map(np.array_equal, one, two))
    assert retrain(photos, tmp_path, "--seed", "1", "--overwrite") == 0
    other = load(tmp_path / "model.keras").get_weights()
    assert not all(map(np.array_equal, one, other))


def test_a_second_run_does_nothing_twice_and_says_the_same(
    photos, made, tmp_path, monkeypatch, capsys
):
    def refuse(*_, **__):
        raise AssertionError("This was done in the first run.")

    for module, name in (
        (train, "fine_tune"), (fine_tuning, "Batches"), (auditing, "audit"), (stream, "_finish"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, refuse)
    assert retrain(photos, tmp_path) == 0
    assert "Fine-tuning was done in an earlier run, with the same" in capsys.readouterr().out
    one, two = (load(folder / "model.keras").get_weights() for folder in (made, tmp_path))
    assert all(map(np.array_equal, one, two))
    pages = []
    for folder in (made, tmp_path):
        told = Page((folder / "report.html").read_text("utf-8")).text
        told = re.sub(r"[\d.]+ s\b", "", told)  # the times
        pages.append(told.replace(str(folder), "").replace(folder.name, ""))
    assert pages[0] == pages[1]


# ------------------------------------------------------------------ the report


class Page(html.parser.HTMLParser):
    """What a report refers to, its pictures, and its text."""

    def __init__(self, text):
        super().__init__()
        self.links, self.alts, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.links += [attrs[key] for key in ("src", "href") if key in attrs]
        if tag == "img":
            self.alts.append(attrs.get("alt", ""))

    def handle_data(self, data):
        self.text += data


def test_the_report_is_one_page_with_all_in_it(made):
    page = Page((made / "report.html").read_text("utf-8"))
    assert page.links
    assert all(link.startswith("data:image/png;base64,") for link in page.links)
    assert len(page.alts) == len(page.links)
    assert all(page.alts)
    for words in ("Wilson", "kept", "test photos", "Would more photos help", "apple", "我的",
                  "load_model", "linear probe", "fine-tuning", "photonet, 64×64",
                  "evidence for mistakes", "audit"):  # fmt: skip
        assert words in page.text, words
    assert "{{" not in page.text
    assert "{%" not in page.text
    assert "Looked at" in page.text  # by the audit, which finds nothing wrong with this model
    assert "Nothing found" in page.text


def test_judgment_of_four_photos():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.01, 0.99]])
    found = judge(probabilities, np.array([0, 1, 0, 0]))
    assert found.accuracy == 0.5
    assert found.confusion.tolist() == [[1, 2], [0, 1]]
    assert found.precision.tolist() == pytest.approx([1, 1 / 3])
    assert found.recall.tolist() == pytest.approx([1 / 3, 1])
    assert found.worst(5).tolist() == [3, 2]  # the surest mistake first


def test_judgment_of_a_class_without_photos_or_answers():
    found = judge(np.array([[0.6, 0.3, 0.1], [0.5, 0.4, 0.1]]), np.array([0, 1]))
    assert found.confusion.tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 0]]
    np.testing.assert_array_equal(found.precision, [0.5, np.nan, np.nan])
    np.testing.assert_array_equal(found.recall, [1.0, 0.0, np.nan])


def test_wilson_interval():
    # R. G. Newcombe, Statistics in Medicine 17, 1998, table I, method 3
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


def test_learning_curves_tell_whether_more_photos_would_help():
    dice = np.random.default_rng(0)

    def clouds(n, apart, d=100):
        labels = np.repeat([0, 1], n // 2)
        features = dice.normal(size=(n, d)).astype("float32")
        features[:, 0] += apart * labels
        return features, labels

    easy = learning_curve(clouds(200, 9, 2), clouds(200, 9, 2), regularization=1.0)
    assert easy.verdict.startswith("More photos of the same kind would hardly help.")
    assert easy.sizes == (24, 50, 100, 200)
    hard = learning_curve(clouds(200, 2.5), clouds(2000, 2.5), regularization=1.0)
    assert hard.verdict.startswith("More photos would help.")
    some = learning_curve(clouds(60, 1.5), clouds(60, 1.5), regularization=1.0)
    assert some.verdict.startswith("Whether more photos would help is hard to tell.")
    few = learning_curve(clouds(60, 1.5), clouds(20, 1.5), regularization=1.0)
    assert few.verdict.endswith("cannot be told: there are 20 validation photos.")


def test_fifty_dogs_and_five_birds_are_too_few_to_advise():
    """All answers are "dog", with half of the photos and with all: no answer changes."""
    dice = np.random.default_rng(0)
    features = dice.normal(size=(55, 4)), np.repeat([0, 1], [50, 5])
    seen = dice.normal(size=(55, 4)), np.repeat([0, 1], [53, 2])
    curve = learning_curve(features, seen, regularization=1e-6)
    assert curve.gain == 0
    assert "of one class 2" in curve.verdict
    assert "hardly" not in curve.verdict


def test_where_no_answer_changes_the_error_is_not_zero():
    ones = np.ones((100, 2)), np.repeat([0, 1], 50)
    curve = learning_curve(ones, ones, regularization=1.0)
    assert curve.gain == 0
    assert curve.error == pytest.approx(2**0.5 / 102)


# ------------------------------------------------------------------ prediction


def test_predict_as_a_table_and_as_json(photos, made, tmp_path, capsys):
    model, good = str(made / "model.keras"), str(photos / "apple" / "00001.jpg")
    assert cli.main(["predict", model, good]) == 0
    assert re.search(r"00001\.jpg: apple \d+\.\d%, ", capsys.readouterr().out)
    assert cli.main(["predict", model, str(photos / "apple")]) == 0
    assert capsys.readouterr().out.count("apple/000") == 20  # a folder stands for its photos
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no photo")
    (tmp_path / "empty").mkdir()
    assert cli.main(["predict", model, str(tmp_path / "empty")]) == 1
    assert "is a folder without photos" in capsys.readouterr().out
    assert cli.main(["predict", model, good, str(bad), "--json"]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert first["class"] == "apple"
    assert sum(first["probabilities"].values()) == pytest.approx(1)
    assert second["error"].startswith("cannot be read")


@pytest.mark.parametrize("content", [None, b"half a mod"])
def test_predict_says_what_is_wrong_with_a_model(content, tmp_path, capsys):
    model = tmp_path / "model.keras"
    if content:
        model.write_bytes(content)
    assert cli.main(["predict", str(model), "x.jpg"]) == 1
    words = "is not a model that `tlcourse retrain` made" if content else "There is no model"
    assert words in capsys.readouterr().err


# ------------------------------------------------------------------ faults in the folder


def test_broken_photos_are_named_and_left_out(own, cache, tmp_path, capsys):
    (own / "apple" / "00000.jpg").write_bytes(b"")
    (own / "apple" / "notes.txt").write_text("sweet")
    (own / "apple" / "00001.jpg").write_bytes((own / "apple/00001.jpg").read_bytes()[:900])
    (own / "backpack" / "deep").mkdir()
    before = digests(own)
    assert retrain(own, tmp_path / "out", "--time-budget", "1") == 0
    said = capsys.readouterr().out
    assert "58 photos in 3 classes; 4 cannot be used, 0 are copies" in said
    for words in ("00000.jpg: is empty", "notes.txt: is not an image", "00001.jpg: is cut off",
                  "deep: is a folder inside a class", "budget was used up before"):  # fmt: skip
        assert words in said
    assert digests(own) == before
    report = Page((tmp_path / "out/report.html").read_text("utf-8"))
    assert "Left out: 4 files" in report.text


def refused(folder, output, capsys, *more):
    """What is said when nothing can be made, and nothing is."""
    before, was_there = digests(folder) if folder.is_dir() else {}, output.exists()
    assert retrain(folder, output, *more) == 1
    assert not list(output.rglob("*.keras"))
    assert output.exists() == was_there, "an empty folder was left"
    assert digests(folder) == before
    return capsys.readouterr().err


def test_a_class_with_two_photos(own, cache, tmp_path, capsys):
    for path in sorted((own / "apple").iterdir())[2:]:
        path.unlink()
    said = refused(own, tmp_path / "out", capsys)
    assert "too few images to give each split one: apple (2)" in said


def test_one_class_only(own, cache, tmp_path, capsys):
    for name in ("apple", "backpack"):
        shutil.rmtree(own / name)
    assert "one class is nothing to tell apart" in refused(own, tmp_path / "out", capsys)


def test_no_folder(tmp_path, cache, capsys):
    assert "There is no folder" in refused(tmp_path / "nowhere", tmp_path / "out", capsys)


def test_no_such_backbone(own, cache, tmp_path, capsys):
    said = refused(own, tmp_path / "out", capsys, "--backbone", "MobileNetv2")
    assert re.search("no backbone 'MobileNetv2'. Did you mean .*'MobileNetV2'", said)


def test_weights_that_are_not_here(own, cache, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    said = refused(own, tmp_path / "out", capsys, "--backbone", "ResNet50")
    assert "resnet50_weights" in said
    assert "TLCOURSE_OFFLINE is set" in said
    assert "tlcourse fetch ResNet50" in said
    assert "weights=" not in said  # no argument of Python


@pytest.mark.slow
def test_class_names_of_any_script(own, cache, tmp_path, capsys):
    names = ("a b & <c>", "猫 и кот", "🦉")
    for old, new in zip(("aeroplane", "apple", "backpack"), names, strict=True):
        (own / old).rename(own / new)
    output = tmp_path / "out"
    assert retrain(own, output, "--time-budget", "1") == 0
    assert tuple(load(output / "model.keras").get_layer("class_names").get_vocabulary()) == names
    text = (output / "report.html").read_text("utf-8")
    assert "a b &amp; &lt;c&gt;" in text
    assert "<c>" not in text
    assert (
        cli.main(["predict", str(output / "model.keras"), str(own / "🦉/00000.jpg"), "--json"]) == 0
    )
    assert json.loads(capsys.readouterr().out.split("html\n")[-1])[0]["class"] == "🦉"


def test_copies_of_one_photo(own):
    shutil.copy(own / "apple/00000.jpg", own / "apple/again.jpg")
    shutil.copy(own / "apple/00001.jpg", own / "backpack/same.jpg")
    with Image.open(own / "apple/00002.jpg") as picture:
        picture.save(own / "apple/lossless.png")  # other bytes, the same pixels
    reports, found = drop_duplicates({"": check_images(own)})
    words = {f.path.relative_to(own).as_posix(): f.message for f in found}
    assert words["apple/again.jpg"] == "is a copy of apple/00000.jpg; left out."
    assert words["apple/lossless.png"] == "is a copy of apple/00002.jpg; left out."
    assert words["apple/00001.jpg"].startswith(
        "is the same picture as backpack/same.jpg, which is in another class; both are left out."
    )
    assert words["backpack/same.jpg"].startswith("is the same picture as apple/00001.jpg")
    assert len(words) == 4
    assert reports[""].counts == {"aeroplane": 20, "apple": 19, "backpack": 20}


def test_copies_across_given_splits_stay_in_the_test(own, tmp_path):
    given = tmp_path / "given"
    for split in ("train", "val", "test"):
        shutil.copytree(own, given / split)
        for name in ("aeroplane", "apple", "backpack"):
            for i in range(20):
                if i % 3 != ("train", "val", "test").index(split):
                    (given / split / name / f"{i:05}.jpg").unlink()
    shutil.copy(given / "test/apple/00002.jpg", given / "train/apple/x.jpg")
    found = {part: check_images(folder) for part, folder in parts(given).items()}
    reports, findings = drop_duplicates(found)
    assert [(f.path.relative_to(given).as_posix(), f.message) for f in findings] == [
        ("train/apple/x.jpg", "is a copy of test/apple/00002.jpg; left out.")
    ]
    dealt = deal(given, reports)
    assert {split: len(paths) for split, paths in dealt.paths.items()} == {
        "train": 21, "validation": 21, "test": 18,
    }  # fmt: skip
    assert {p.parent.parent.name for p in dealt.paths["validation"]} == {"val"}


def test_a_photo_that_goes_away_meanwhile(own, cache, tmp_path, monkeypatch, capsys):
    plain = gather.drop_duplicates

    def spoil(reports):
        (own / "apple/00000.jpg").unlink()
        return plain(reports)

    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "empty"))
    monkeypatch.setattr(gather, "drop_duplicates", spoil)
    assert retrain(own, tmp_path / "out") == 1
    said = capsys.readouterr().err
    assert "00000.jpg could be read when it was checked, and now it cannot" in said


# ------------------------------------------------------------------ faults of the disk


def test_a_read_only_photo_folder_will_do(own, cache, tmp_path):
    for folder in (own, *own.iterdir()):
        folder.chmod(0o555)
    try:
        assert retrain(own, tmp_path / "out", "--time-budget", "1") == 0
    finally:
        for folder in (own, *own.iterdir()):
            folder.chmod(0o755)


def test_an_output_folder_that_cannot_be_written(own, cache, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert retrain(own, tmp_path / "file" / "out") == 1
    said = capsys.readouterr()
    assert "The model cannot be written to" in said.err
    assert "--output FOLDER" in said.err
    assert said.out == ""  # at once, not after the work


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("where", ["features", "model", "report"])
def test_a_full_disk(own, cache, tmp_path, monkeypatch, capsys, where):
    output = tmp_path / "out"
    if where == "features":
        monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "full"))
        monkeypatch.setattr(np.lib.format, "write_array_header_1_0", full)
    elif where == "model":
        monkeypatch.setattr(shutil, "copyfile", full)
    else:
        monkeypatch.setattr(Path, "write_text", full)
    assert retrain(own, output, "--time-budget", "1") == 1
    assert "No space left on device. Make room on the disk" in capsys.readouterr().err
    if where == "report":
        assert sorted(path.name for path in output.iterdir()) == ["features.npz", "model.keras"]
    else:
        assert not output.exists()
    assert not list((tmp_path / "full").rglob("*.part"))


# ------------------------------------------------------------------ interrupted


def test_ctrl_c_while_fine_tuning_keeps_the_best(own, cache, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "cache"))  # where nothing is kept yet
    plain = fine_tuning.KeepBest.on_epoch_end

    def interrupt(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt
        plain(self, epoch, logs)

    monkeypatch.setattr(fine_tuning.KeepBest, "on_epoch_end", interrupt)
    assert retrain(own, tmp_path / "out") == 0
    assert "Fine-tuning was interrupted; the best model until then" in capsys.readouterr().out
    assert load(tmp_path / "out/model.keras")
    assert not list((tmp_path / "cache").rglob("fine-tuned-*"))  # the next run is to do it whole


def test_ctrl_c_before_there_is_a_model(own, cache, tmp_path, monkeypatch, capsys):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "fit_probe", interrupt)
    assert retrain(own, tmp_path / "out") == 130
    assert "There is no model yet." in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_kill_leaves_the_photos_and_a_whole_model_or_none(own, cache, tmp_path):
    """Killed as the features, the model's file and the report appear, and while the model does."""
    before, output = digests(own), tmp_path / "out"
    own_cache = tmp_path / "cache"
    moments = [
        lambda: list(own_cache.rglob("*.part")),
        lambda: list(output.glob(".model.keras.*.part")) or list(output.glob("model.keras")),
        lambda: list(output.glob(".report.html.*.part")) or list(output.glob("report.html")),
    ]
    environment = {**os.environ, "TLCOURSE_CACHE": str(own_cache), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tlcourse", "retrain", str(own), "--output", str(output)]
    command += ["--backbone", "photonet", "--time-budget", "1", "--overwrite"]
    for moment in moments:
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            while not moment() and process.poll() is None:
                time.sleep(0.001)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert digests(own) == before
        for model in output.glob("*.keras"):
            load(model)
        for report in output.glob("*.html"):
            assert report.read_text("utf-8").rstrip().endswith("</html>")
    assert subprocess.run(command, env=environment, check=False).returncode == 0
    load(output / "model.keras")


@pytest.mark.slow
def test_the_deadline_ends_fine_tuning(photos, made, monkeypatch):
    from tlcourse import load_backbone

    pictures = np.zeros((64, 64, 64, 3), np.uint8)
    split = Split(pictures, np.arange(64) % 2)
    backbone = load_backbone("photonet")
    probe = train.fit_probe(np.random.default_rng(0).normal(size=(64, 256)), split.labels, 0)
    monkeypatch.setattr(fine_tuning, "EPOCHS", 10_000)
    monkeypatch.setattr(fine_tuning, "PATIENCE", 10_000)
    import tensorflow as tf

    start = time.monotonic()
    trained = train.train(
        backbone, 2, split, split, probe,
        strategy=tf.distribute.get_strategy(), deadline=start + 6,
    )  # fmt: skip
    assert time.monotonic() - start < 60
    assert trained.note == "Fine-tuning was ended by the time budget; the best model is kept."


# ------------------------------------------------------------------ many photos


MEASURE = """
import resource, sys
from pathlib import Path
from tlcourse import load_backbone
from tlcourse.retrain import stream
first = sorted(Path(sys.argv[1]).rglob("*.jpg"))
paths = (first * 100)[: int(sys.argv[2])]
backbone = load_backbone("photonet")
def pile():
    text = Path("/proc/self/status").read_text()
    return int(text.split("RssAnon:")[1].split()[0]) / 1024
most = 0
def watched(paths):
    global most
    for shard in stream.compute_here(paths, backbone, 64):
        most = max(most, pile())
        yield shard
digests = [f"{sys.argv[2]} {i}" for i in range(len(paths))]
extracted = stream.extract(paths, digests, backbone, 64, watched)
assert extracted.computed and extracted.pictures.shape == (len(paths), 64, 64, 3)
print(most)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc to measure")
def test_memory_does_not_grow_with_the_number_of_photos(photos, cache):
    """4,000 photos of 20 kB as arrays are 80 MB, as pictures 48 MB; 400 are a tenth."""

    def megabytes(count):
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, str(photos), str(count)],
            capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return float(done.stdout)

    assert megabytes(4000) < megabytes(400) + 40


def test_decoding_stays_two_shards_ahead_at_most(photos, monkeypatch):
    paths = sorted(photos.rglob("*.jpg")) * 4
    read, given = [], 0

    class Counting:
        def predict_on_batch(self, pictures):
            return np.zeros((len(pictures), 4), "float32")

    plain = stream.read_picture
    monkeypatch.setattr(stream, "read_picture", lambda *a: read.append(1) or plain(*a))
    for shard in stream.compute_here(paths, Counting(), 64):
        given += len(shard.pictures)
        assert len(read) <= given + 2 * stream.SHARD
    assert given == len(paths) == 240


def test_huge_photos_give_the_same_picture_with_less_memory(tmp_path, monkeypatch):
    path = tmp_path / "huge.png"
    noise = np.random.default_rng(0).integers(0, 256, (301, 400, 3), np.uint8)
    Image.fromarray(noise).save(path)
    whole = stream.read_picture(path, 32)
    monkeypatch.setattr(stream, "MOST_PIXELS", 301 * 400 - 1)
    monkeypatch.setattr(stream, "shrink", None)  # it would make all of it floating point
    assert np.abs(stream.read_picture(path, 32).astype(int) - whole).max() <= 1


def test_cached_features_are_read_by_content_not_by_name(own, cache, tmp_path):
    assert assets.cache_dir() == cache

    class Fake(keras.Sequential):
        pass

    backbone = Fake([keras.Input((64, 64, 3)), keras.layers.GlobalAveragePooling2D()], name="fake")
    paths = sorted(own.rglob("*.jpg"))
    report = check_images(own)
    marks = [report.digests[path] for path in paths]

    def compute(paths):
        return stream.compute_here(paths, backbone, 64)

    first = stream.extract(paths, marks, backbone, 64, compute)
    again = stream.extract(paths, marks, backbone, 64, compute)
    assert (first.computed, again.computed) == (True, False)
    assert np.array_equal(first.features, again.features)
    other = stream.extract(paths, [*marks[:-1], "changed"], backbone, 64, compute)
    assert other.computed


TWO_DEVICES = """
import json
import numpy as np
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from tlcourse import extract_features, load_backbone, load_task, setup_device
setup_device()
from tlcourse.retrain import fine_tuning, train
task = load_task("faces")
found = []
for strategy in (tf.distribute.get_strategy(), tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])):
    backbone = load_backbone("photonet")
    features = extract_features(backbone, task.train.images, cache=False)
    probe = train.fit_probe(features, task.train.labels, 0)
    fine_tuning.EPOCHS = 2
    found.append(train.train(backbone, 2, task.train, task.validation, probe, strategy=strategy))
    assert len(found[-1].model.predict_on_batch(task.test.images)) == len(task.test.labels)
one, two = found
apart = [np.abs(a - b).max() for a, b in zip(one.model.get_weights(), two.model.get_weights())]
print(json.dumps({"apart": float(max(apart)), "methods": [one.method, two.method],
    "losses": [[score.loss for score in each.scores.values()] for each in found]}))
"""


@pytest.mark.slow
def test_two_mirrored_devices_train_as_one_does():
    done = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "-1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    one, two = found["losses"]
    assert one == pytest.approx(two, abs=1e-4)
    assert found["methods"][0] == found["methods"][1]
    assert found["apart"] < 1e-4
