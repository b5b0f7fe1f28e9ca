"""Advice on a GPU that is not used: each piece from faked facts."""

import os
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tlcourse.machine import gpu
from tlcourse.machine.gpu import GpuFacts, diagnose_gpu, parse_smi

CUDA = 'pip install "tensorflow[and-cuda]"'


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"missing_libraries": ("nvidia-cudnn-cu12",)}, ["nvidia-cudnn-cu12", CUDA, '".[gpu]"']),
        ({"missing_libraries": tuple("abcd")}, ["(a, b, c, …)"]),
        ({"cuda_build": False}, ["pip uninstall tensorflow-cpu", CUDA]),
        ({"machine": "aarch64"}, ["aarch64", "stays unused"]),
        ({}, ["update the NVIDIA driver", "unset LD_LIBRARY_PATH"]),
        ({"driver_answers": False}, ["nvidia-smi", "restart the computer"]),
        ({"visible": "-1"}, ['"-1"', "hides every GPU", "unset CUDA_VISIBLE_DEVICES"]),
        ({"visible": ""}, ['""', "hides every GPU"]),
        ({"visible": "7"}, ['"7"', "no such GPU", "nvidia-smi -L"]),
        ({"visible": "0", "missing_libraries": ("x",)}, [CUDA]),
        ({"system": "Windows", "machine": "AMD64"}, ["2.11", "WSL2", "wsl --install"]),
        ({"system": "Darwin", "driver": False}, ["macOS"]),
    ],
)
def test_a_gpu_that_is_not_seen_is_explained_with_the_fix(changed, words):
    unseen = GpuFacts(driver=True, driver_answers=True)
    (advice,) = diagnose_gpu(replace(unseen, **changed))
    for word in words:
        assert word in advice


@pytest.mark.parametrize(
    "facts",
    [
        GpuFacts(),  # no GPU at all
        GpuFacts(system="Windows"),
        GpuFacts(visible="-1"),
        GpuFacts(driver=True, driver_answers=True, tensorflow_gpus=1, memory=((300, 8192),)),
    ],
)
def test_nothing_wrong_is_nothing_said(facts):
    assert diagnose_gpu(facts) == ()


@pytest.mark.parametrize(
    ("memory", "others", "words"),
    [
        (((7168, 8192),), (), ["The GPU is in use: 7.0 of 8.0 GiB"]),
        (((1024, 8192),), ((41, 700), (42, None)), ["process 41, 42", "1.0 of 8.0 GiB"]),
        ((), ((41, None),), ["(process 41). If"]),
    ],
)
def test_other_kernels_on_the_gpu_are_named(memory, others, words):
    (advice,) = diagnose_gpu(
        GpuFacts(driver=True, driver_answers=True, tensorflow_gpus=1, memory=memory, others=others)
    )
    for word in [*words, "shut down the other kernels", "memory_limit_mb=2048"]:
        assert word in advice


def test_nvidia_smi_is_read_with_holes():
    assert parse_smi("123, 4567\n9, [N/A]\n[Insufficient Permissions], 5\nnothing\n") == [
        (123, 4567),
        (9, None),
        (None, 5),
    ]


def write_smi(path, body: str) -> str:
    path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{body}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def smi(tmp_path, monkeypatch):
    def pretend(body: str):
        script = write_smi(tmp_path / "nvidia-smi", body)
        monkeypatch.setattr(gpu, "_find_smi", lambda: script)
        return gpu.nvidia_smi.__wrapped__()

    return pretend


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a script with a first line of its own")
def test_nvidia_smi_is_asked_for_memory_and_others(smi):
    answer = smi(
        "print('100, 8192' if 'gpu=' in sys.argv[1] else f'{os.getppid()}, 50\\n12345, 60')"
    )
    assert answer == (True, ((100, 8192),), ((12345, 60),))  # this program is no other
    assert smi("sys.exit(9)") == (False, (), ())


def test_without_nvidia_smi_there_is_no_answer(monkeypatch):
    monkeypatch.setattr(gpu, "_find_smi", lambda: None)
    assert gpu.nvidia_smi.__wrapped__() == (False, (), ())


def test_the_real_probe_fits_the_facts(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    tf = SimpleNamespace(
        config=SimpleNamespace(list_physical_devices=lambda kind: []),
        test=SimpleNamespace(is_built_with_cuda=lambda: True),
    )
    facts = gpu.probe_gpu(tf)
    assert (facts.tensorflow_gpus, facts.visible) == (0, "-1")
    assert isinstance(diagnose_gpu(facts), tuple)
