"""photonet: its shape, its bundled weights, and the recipe that made them."""

import dataclasses
import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from tlcourse.errors import AssetError
from tlcourse.networks.photonet import load_photonet_weights, photonet
from tlcourse.networks.trained import WEIGHTS, photonet_classes
from tlcourse.recipes import checkpoint, tiny_imagenet
from tlcourse.recipes import photonet as recipe

ROOT = Path(__file__).resolve().parents[2]
REAL_ZIP = ROOT.parent / "shared" / "data" / "tiny-imagenet-180.zip"
TINY = recipe.Config(epochs=2, batch=8, sizes=((1.0, 32, 0.5),), widths=(8, 16), warmup_epochs=0.5)
needs_weights = pytest.mark.skipif(not WEIGHTS.is_file(), reason="no bundled weights yet")


# --- architecture ----------------------------------------------------------------------------


def test_parts_have_their_names_and_shapes():
    model = photonet()
    shapes = {
        name: model.get_layer(name).output.shape[1:]
        for name in ("stem", "stage1", "stage2", "stage3", "stage4", "features")
    }
    assert shapes == {
        "stem": (32, 32, 32),
        "stage1": (32, 32, 32),
        "stage2": (16, 16, 64),
        "stage3": (8, 8, 128),
        "stage4": (4, 4, 256),
        "features": (256,),
    }
    assert model.input_shape == (None, 64, 64, 3)
    assert model.output_shape == (None, 256)


def test_parameter_count_is_exact():
    assert photonet().count_params() == BODY
    assert photonet(180).count_params() == BODY + 256 * 180 + 180 < 1_500_000


BODY = 1_251_580


def test_blocks_start_as_their_shortcut():
    gamma = photonet(widths=(8, 16)).get_layer("stage2_2_norm").gamma
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(gamma), 0)


@pytest.mark.parametrize("size", [32, 48, 75])
def test_other_sizes_pass(size):
    images = np.zeros((2, size, size, 3), np.uint8)
    assert photonet(image_size=None, widths=(8, 16)).predict_on_batch(images).shape == (2, 16)


# --- weights ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def photos() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)


@needs_weights
def test_two_loads_give_the_same_bits(photos):
    a, b = (load_photonet_weights(photonet()).predict_on_batch(photos) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert np.isfinite(a).all()
    assert a.std() > 0.01


@needs_weights
def test_bundled_file_is_small_and_has_a_head():
    assert WEIGHTS.stat().st_size <= 4_000_000
    classes = photonet_classes()
    assert len(classes) == 180
    load_photonet_weights(photonet(len(classes)))


@needs_weights
@pytest.mark.skipif(not REAL_ZIP.is_file(), reason="the Tiny ImageNet zip is not here")
def test_bundled_weights_know_photographs():
    with zipfile.ZipFile(REAL_ZIP) as files:
        folder = "tiny-imagenet-200"
        wnids = files.read(f"{folder}/wnids.txt").decode().split()
        table = files.read(f"{folder}/val/val_annotations.txt").decode().splitlines()[::20]
        names, labels = zip(*(line.split("\t")[:2] for line in table), strict=True)
        images = np.stack(
            [
                np.asarray(Image.open(files.open(f"{folder}/val/images/{name}")).convert("RGB"))
                for name in names
            ]
        )
    model = load_photonet_weights(photonet(len(wnids)))
    scores = recipe.logits_of(model, images)
    assert recipe.top_k(scores, np.array([wnids.index(label) for label in labels])) > 0.45


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> tuple[keras.Model, Path]:
    model = photonet(2, widths=(8, 16))
    path = tmp_path_factory.mktemp("weights") / "small.npz"
    recipe.export(model, ["cat", "dog"], path)
    return model, path


def copy_of(path: Path, folder: Path) -> Path:
    for file in path.parent.iterdir():
        shutil.copy(file, folder)
    return folder / path.name


def test_export_and_load_round_trip(exported, photos):
    model, path = exported
    loaded = load_photonet_weights(photonet(2, widths=(8, 16)), path)
    np.testing.assert_allclose(
        loaded.predict_on_batch(photos), model.predict_on_batch(photos), atol=2e-3
    )
    assert photonet_classes(path) == ("cat", "dog")


def test_head_is_optional(exported, photos):
    model, path = exported
    body = load_photonet_weights(photonet(widths=(8, 16)), path)
    features = keras.Model(model.input, model.get_layer("features").output)
    np.testing.assert_allclose(
        body.predict_on_batch(photos), features.predict_on_batch(photos), atol=2e-3
    )


def test_damaged_weights_are_refused(exported, tmp_path):
    path = copy_of(exported[1], tmp_path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(AssetError, match=r"damaged.*expected SHA-256 [0-9a-f]{64}, got [0-9a-f]"):
        load_photonet_weights(photonet(2, widths=(8, 16)), path)


@pytest.mark.parametrize("missing", ["small.npz", "small.npz.sha256"])
def test_missing_weights_are_named(exported, tmp_path, missing):
    path = copy_of(exported[1], tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(AssetError, match=missing):
        photonet_classes(path)


@pytest.mark.parametrize(("classes", "widths"), [(3, (8, 16)), (2, (8, 24)), (2, (8, 16, 32))])
def test_weights_of_another_network_are_refused_and_nothing_is_loaded(exported, classes, widths):
    model = photonet(classes, widths=widths)
    before = [keras.ops.convert_to_numpy(w) for w in model.weights]
    with pytest.raises(ValueError, match=r"Expected .* of shape"):
        load_photonet_weights(model, exported[1])
    for old, new in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, keras.ops.convert_to_numpy(new))


# --- data ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    """A zip in the layout of Tiny ImageNet: 4 classes of one color each, one picture gray."""
    path, rng = tmp_path_factory.mktemp("zip") / "tiny.zip", np.random.default_rng(0)

    def picture(label: int, mode: str = "RGB") -> bytes:
        pixels = rng.integers(0, 60, (64, 64, 3)) + 45 * label
        buffer = io.BytesIO()
        Image.fromarray(pixels.astype(np.uint8)).convert(mode).save(buffer, "JPEG")
        return buffer.getvalue()

    with zipfile.ZipFile(path, "w") as files:
        wnids, table = [f"n{i}" for i in (7, 3, 5, 1)], []
        files.writestr("tiny-imagenet-200/wnids.txt", "\n".join(wnids))
        words = "\n".join(f"{wnid}\tthing {wnid}, other word" for wnid in sorted(wnids))
        files.writestr("tiny-imagenet-200/words.txt", words + "\nn999\tnot here")
        for label, wnid in enumerate(wnids):
            folder = f"tiny-imagenet-200/train/{wnid}"
            files.writestr(f"{folder}/{wnid}_boxes.txt", "")
            for i in range(6):
                content = picture(label, "L" if i == 0 else "RGB")
                files.writestr(f"{folder}/images/{wnid}_{i}.JPEG", content)
            files.writestr(f"tiny-imagenet-200/val/images/val_{label}.JPEG", picture(label))
            table.append(f"val_{label}.JPEG\t{wnid}\t0\t0\t62\t62")
            files.writestr(f"tiny-imagenet-200/test/images/test_{label}.JPEG", picture(label))
        files.writestr("tiny-imagenet-200/val/val_annotations.txt", "\n".join(table))
    return path


@pytest.fixture(scope="module")
def tiny(archive, tmp_path_factory) -> recipe.Photos:
    return tiny_imagenet.load_tiny_imagenet(archive, tmp_path_factory.mktemp("cache"))


def test_zip_is_read_as_it_is_laid_out(tiny):
    assert tiny.wnids == ("n7", "n3", "n5", "n1")
    assert tiny.names == ("thing n7", "thing n3", "thing n5", "thing n1")
    assert tiny.train_images.shape == (24, 64, 64, 3)
    assert tiny.train_images.dtype == np.uint8
    np.testing.assert_array_equal(np.bincount(tiny.train_labels), [6] * 4)
    for part in ("train", "val"):  # The brightness of a picture tells its class.
        images, labels = getattr(tiny, f"{part}_images"), getattr(tiny, f"{part}_labels")
        np.testing.assert_array_equal(images.mean(axis=(1, 2, 3)).astype(int) // 45, labels)


def test_pixels_are_decoded_once_and_in_one_step(archive, tmp_path, monkeypatch):
    first = tiny_imagenet.load_tiny_imagenet(archive, tmp_path)
    monkeypatch.setattr(tiny_imagenet, "_decode", None)
    again = tiny_imagenet.load_tiny_imagenet(archive, tmp_path)
    np.testing.assert_array_equal(first.train_images, again.train_images)
    assert len(list(tmp_path.iterdir())) == 1


def test_wrong_zips_are_named(tmp_path):
    with pytest.raises(AssetError, match=r"nowhere\.zip"):
        tiny_imagenet.load_tiny_imagenet(tmp_path / "nowhere.zip", tmp_path)
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as files:
        files.writestr("folder/file.txt", "text")
    with pytest.raises(AssetError, match=r"wnids\.txt"):
        tiny_imagenet.load_tiny_imagenet(tmp_path / "other.zip", tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_hold_out_splits_the_classes(tiny):
    kept, unseen = tiny_imagenet.hold_out(tiny, 1)
    assert (len(kept.wnids), len(unseen.wnids)) == (3, 1)
    assert set(kept.wnids) | set(unseen.wnids) == set(tiny.wnids)
    assert len(kept.train_images) == len(kept.train_labels) == 18
    np.testing.assert_array_equal(np.unique(kept.val_labels), [0, 1, 2])
    assert tiny_imagenet.hold_out(tiny, 1)[1].wnids == unseen.wnids


# --- batches ---------------------------------------------------------------------------------


def test_resampling_matrices():
    whole = tiny_imagenet._resampling(np.zeros(1), np.full(1, 4.0), 4, 4)
    np.testing.assert_array_equal(whole[0], np.eye(4))
    half = tiny_imagenet._resampling(np.zeros(1), np.full(1, 4.0), 4, 2)
    # Triangles two pixels wide at 0.5 and 2.5, cut off at the border.
    np.testing.assert_allclose(half[0], np.array([[3, 3, 1, 0], [0, 1, 3, 3]]) / 7, rtol=1e-6)
    part = tiny_imagenet._resampling(np.ones(1), np.full(1, 2.0), 4, 4)
    np.testing.assert_allclose(part[0, 1], [0, 0.75, 0.25, 0])


def test_crops_keep_the_range_and_mirror_some():
    ramp = np.tile(np.arange(64, dtype=np.uint8)[None, None, :, None], (40, 64, 1, 3))
    out = recipe.crop_and_resize(ramp, 48, 0.5, np.random.default_rng(0))
    assert out.shape == (40, 48, 48, 3)
    assert out.dtype == np.float32
    assert -1e-4 <= out.min() <= out.max() <= 63 + 1e-4
    rising = out[:, 24, -1, 0] > out[:, 24, 0, 0]
    assert 8 < rising.sum() < 32
    np.testing.assert_allclose(
        np.ptp(out, axis=1), 0, atol=1e-4
    )  # Rows stay alike: no shear, no turn.


def test_batches_depend_on_seed_epoch_and_number_alone(tiny):
    first, again = (recipe.Epoch(tiny, TINY, 0) for _ in range(2))
    np.testing.assert_array_equal(first[2][0], again[2][0])
    np.testing.assert_array_equal(first[2][0], first[2][0])
    assert not np.array_equal(first[2][0], recipe.Epoch(tiny, TINY, 1)[2][0])
    labels = np.concatenate([first[i][1] for i in range(len(first))])
    np.testing.assert_array_equal(labels.sum(axis=0), [6] * 4)


def test_pictures_grow_with_the_share_of_the_run_done(tiny):
    config = dataclasses.replace(TINY, epochs=4, sizes=((0.5, 32, 0.6), (1.0, 48, 0.4)))
    epochs = [recipe.Epoch(tiny, config, i) for i in range(4)]
    assert [epoch.size for epoch in epochs] == [32, 32, 48, 48]
    assert epochs[3][0][0].shape == (8, 48, 48, 3)


def test_mixup_mixes_labels_as_pixels(tiny):
    images, targets = recipe.Epoch(tiny, dataclasses.replace(TINY, mixup=1.0), 0)[0]
    assert images.dtype == targets.dtype == np.float32
    np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)
    assert len(np.unique(targets)) > 2


# --- checkpoints -----------------------------------------------------------------------------


@pytest.mark.slow
def test_resumed_run_equals_one_without_a_stop(tiny, tmp_path):
    straight = recipe.train(tiny, TINY, tmp_path / "straight")
    recipe.train(tiny, TINY, tmp_path / "stopped", stop_after=1)
    resumed = recipe.train(tiny, TINY, tmp_path / "stopped")
    for a, b in zip(straight.weights, resumed.weights, strict=True):
        a, b = keras.ops.convert_to_numpy(a), keras.ops.convert_to_numpy(b)
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5, err_msg=str(a.shape))
    assert int(resumed.optimizer.iterations) == 2 * 3
    assert len((tmp_path / "stopped" / "history.jsonl").read_text().splitlines()) == 2

    sooner = dataclasses.replace(TINY, epochs=1)  # Already past its end: nothing is trained.
    assert int(recipe.train(tiny, sooner, tmp_path / "stopped").optimizer.iterations) == 6
    with pytest.raises(ValueError, match="other settings"):
        recipe.train(tiny, dataclasses.replace(TINY, peak=0.1), tmp_path / "stopped")


def epochs_of(folder: Path) -> int:
    return int(checkpoint.load_checkpoint(folder)["epoch"])


KILLED_WRITER = """
import os, signal, sys
import numpy as np
from tlcourse.recipes.checkpoint import save_checkpoint

def savez(file, **arrays):
    file.write(b"PK" + bytes(1000))
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)

folder, moment = sys.argv[1:]
if moment == "in the middle of the file":
    np.savez = savez
else:
    replace, calls = os.replace, []

    def once(*paths):
        if calls:
            os.kill(os.getpid(), signal.SIGKILL)
        calls.append(paths)
        replace(*paths)

    os.replace = once
save_checkpoint(folder, {"epoch": np.array(3)})
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("moment", ["in the middle of the file", "between two renames"])
def test_kill_while_writing_leaves_a_checkpoint(tmp_path, moment):
    for epoch in (1, 2):
        checkpoint.save_checkpoint(tmp_path, {"epoch": np.array(epoch)})
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", KILLED_WRITER, str(tmp_path), moment]
    assert subprocess.run(command, env=environment, check=False).returncode == -9
    assert epochs_of(tmp_path) == 2
    checkpoint.save_checkpoint(tmp_path, {"epoch": np.array(3)})
    assert epochs_of(tmp_path) == 3


def test_truncated_checkpoint_falls_back_to_the_one_before(tmp_path, capsys):
    assert checkpoint.load_checkpoint(tmp_path) is None
    for epoch in (1, 2):
        checkpoint.save_checkpoint(tmp_path, {"epoch": np.array(epoch), "w": np.ones(500)})
    content = (tmp_path / checkpoint.NEWEST).read_bytes()
    (tmp_path / checkpoint.NEWEST).write_bytes(content[: len(content) // 2])
    assert epochs_of(tmp_path) == 1
    assert "cannot be read" in capsys.readouterr().out


# --- results ---------------------------------------------------------------------------------


def test_top_k():
    logits = np.array([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]])
    labels = np.array([0, 1])
    assert recipe.top_k(logits, labels) == 0.5
    assert recipe.top_k(logits, labels, 2) == 1.0


def test_probe_is_scored_on_the_test_part():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    features = rng.normal(size=(60, 5)) + 20 * np.eye(5)[labels]
    noise = rng.normal(size=(60, 5))
    assert min(recipe.probe_accuracy((features,) * 2, (labels,) * 2, 5)) > 0.9
    assert max(recipe.probe_accuracy((noise, features), (labels, labels), 5)) < 0.9


@pytest.mark.slow
def test_command_trains_exports_and_reports(archive, tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "Config", lambda: dataclasses.replace(TINY, epochs=1))
    monkeypatch.setattr(recipe, "probe_unseen", lambda model, kept: {"classes": len(kept.wnids)})
    arguments = ["--data", str(archive), "--out", str(tmp_path), "--hold-out", "2", "--epochs", "1"]
    assert recipe.main(arguments) == 0
    figures = (tmp_path / "figures.json").read_text()
    assert '"float16_val_top1"' in figures
    assert '"kept_out"' in figures
    model = photonet(2, widths=TINY.widths)
    load_photonet_weights(model, tmp_path / "photonet.npz")


def test_pretrain_tells_what_is_missing(tmp_path, capsys):
    from tlcourse.cli import main

    missing = tmp_path / "none.zip"
    assert main(["pretrain", "photonet", "--data", str(missing), "--out", str(tmp_path)]) == 1
    assert f"Expected the Tiny ImageNet zip at {missing}" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["pretrain", "alexnet"])
    assert "invalid choice: 'alexnet'" in capsys.readouterr().err
