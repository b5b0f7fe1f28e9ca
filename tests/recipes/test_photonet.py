"""The recipe that made photonet: its batches, its checkpoints, and what it reports."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from tlcourse.networks.photonet import load_photonet_weights, photonet
from tlcourse.recipes import checkpoint
from tlcourse.recipes import photonet as recipe

ROOT = Path(__file__).resolve().parents[2]
TINY = recipe.Config(epochs=2, batch=8, sizes=((1.0, 32, 0.5),), widths=(8, 16), warmup_epochs=0.5)


# --- batches ---------------------------------------------------------------------------------


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
