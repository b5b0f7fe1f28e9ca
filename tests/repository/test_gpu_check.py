"""`make gpu-check`, as far as a machine without a GPU can try it."""

import functools

import numpy as np
import pytest

from tlcourse.machine import device
from tools import gpu_check


def test_without_a_gpu_it_says_so_and_the_status_tells(capsys):
    if device.setup_device().kind == "GPU":
        pytest.skip("this machine has a GPU: run `make gpu-check`")
    assert gpu_check.main() == 2
    assert "No GPU computes here" in capsys.readouterr().out


def test_the_cpu_agrees_with_itself_and_trains_the_same_twice(monkeypatch):
    few = functools.partial(gpu_check.train, batch=4)  # 64 are for a GPU
    monkeypatch.setattr(gpu_check, "train", few)
    found = gpu_check.checks(fast="/CPU:0", slow="/CPU:0", steps=3)
    assert found["same features as on the CPU"]["largest difference"] == 0
    assert found["the same weights after the same training"]["equal"]
    assert found["speed of training, in times of the CPU's"]["times"] > 0


def test_other_weights_and_other_features_are_told(monkeypatch):
    fake = iter(([np.zeros(3)], [np.ones(3)], [np.zeros(3)]))
    monkeypatch.setattr(gpu_check, "train", lambda device, steps: (1.0, next(fake)))
    monkeypatch.setattr(
        gpu_check, "features", lambda device, images: np.full((2, 2), float("GPU" in device))
    )
    found = gpu_check.checks()
    assert [what["well"] for what in found.values()] == [False, False, True]
