"""`tlcourse doctor`: each piece of advice from faked facts, and the exit status."""

import os
import sys
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tlcourse import assets, cli, doctor
from tlcourse.doctor import Check, GpuFacts, diagnose_gpu, parse_smi

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
        monkeypatch.setattr(doctor, "_find_smi", lambda: script)
        return doctor.nvidia_smi.__wrapped__()

    return pretend


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a script with a first line of its own")
def test_nvidia_smi_is_asked_for_memory_and_others(smi):
    answer = smi(
        "print('100, 8192' if 'gpu=' in sys.argv[1] else f'{os.getppid()}, 50\\n12345, 60')"
    )
    assert answer == (True, ((100, 8192),), ((12345, 60),))  # this program is no other
    assert smi("sys.exit(9)") == (False, (), ())


def test_without_nvidia_smi_there_is_no_answer(monkeypatch):
    monkeypatch.setattr(doctor, "_find_smi", lambda: None)
    assert doctor.nvidia_smi.__wrapped__() == (False, (), ())


def test_the_real_probe_fits_the_facts(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    tf = SimpleNamespace(
        config=SimpleNamespace(list_physical_devices=lambda kind: []),
        test=SimpleNamespace(is_built_with_cuda=lambda: True),
    )
    facts = doctor.probe_gpu(tf)
    assert (facts.tensorflow_gpus, facts.visible) == (0, "-1")
    assert isinstance(diagnose_gpu(facts), tuple)


# ------------------------------------------------------------------------------- checks


@pytest.mark.parametrize(
    ("version", "status"),
    [((3, 10), "FAIL"), ((3, 11), "ok"), ((3, 13), "ok"), ((3, 14), "FAIL")],
)
def test_python_version(version, status):
    check = doctor.check_python(version)
    assert check.status == status
    assert ("install Python 3.13" in check.fix) == (status == "FAIL")


def test_a_processor_without_avx():
    assert doctor.check_cpu("flags\t\t: fpu sse avx avx2\n").status == "ok"
    assert doctor.check_cpu("flags\t\t: fpu sse4_2\n").status == "FAIL"
    assert doctor.check_cpu("").status == "ok"  # not known on this system


def test_a_missing_package_is_named():
    def load(name):
        if name == "skimage":
            raise ModuleNotFoundError("No module named 'skimage'")

    check = doctor.check_packages(load)
    assert check.status == "FAIL"
    assert "skimage (ModuleNotFoundError" in check.text
    assert "make lab" in check.fix
    assert doctor.check_packages(lambda name: None).status == "ok"


def test_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "cache"))
    assert doctor.check_cache().text.startswith(f"{tmp_path / 'cache'}: empty, ")
    (tmp_path / "cache" / "file").write_bytes(bytes(3_000_000))
    assert "1 file, 3 MB" in doctor.check_cache().text
    monkeypatch.setattr(assets, "free_bytes", lambda folder: 199_000_000)
    check = doctor.check_cache()
    assert check.status == "FAIL"
    assert "199 MB of disk left, and the course needs 200 MB" in check.text
    assert "TLCOURSE_CACHE" in check.fix


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "file" / "cache"))
    check = doctor.check_cache()
    assert check.status == "FAIL"
    assert "cannot be written (Not a directory)" in check.text
    assert "TLCOURSE_CACHE" in check.fix


def test_shared_cache(tmp_path, monkeypatch):
    monkeypatch.delenv("TLCOURSE_SHARED", raising=False)
    assert doctor.check_shared().status == "ok"
    monkeypatch.setenv("TLCOURSE_SHARED", str(tmp_path))
    assert doctor.check_shared().text == f"{tmp_path}: empty"
    monkeypatch.setenv("TLCOURSE_SHARED", str(tmp_path / "nowhere"))
    assert doctor.check_shared().status == "note"


def test_keras_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "a.h5").write_bytes(bytes(2_000_000))
    check = doctor.check_keras_cache()
    assert check.text == f"{tmp_path}; models: 1 file, 2 MB, datasets: empty"


def test_network_is_asked_in_parallel_and_never_fails(monkeypatch):
    monkeypatch.delenv("TLCOURSE_OFFLINE", raising=False)
    release = threading.Event()

    def reach(host, seconds):
        if host == "broken":
            raise OSError("no route")
        if host == "slow":
            release.wait(5)

    start = time.monotonic()
    check = doctor.check_network(["fine", "broken", "slow"], seconds=0.2, reach=reach)
    assert time.monotonic() - start < 1
    release.set()
    assert check.status == "note"
    assert "broken cannot be reached (no route); slow cannot be reached (no answer" in check.text
    assert "fine cannot" not in check.text
    assert doctor.check_network(["fine"], reach=reach).status == "ok"


def test_offline_leaves_the_network_alone(monkeypatch):
    monkeypatch.setenv("TLCOURSE_OFFLINE", "1")
    check = doctor.check_network(reach=lambda host, seconds: pytest.fail("asked"))
    assert (check.status, check.text) == ("ok", "not asked (TLCOURSE_OFFLINE is set)")


# ---------------------------------------------------------------------------- the command

CHECKS = [name for name in vars(doctor) if name.startswith("check_")]


@pytest.fixture
def healthy(monkeypatch):
    for name in CHECKS:
        monkeypatch.setattr(doctor, name, lambda name=name: Check(name, "ok", "well"))
    return monkeypatch


def test_a_healthy_machine_exits_zero(healthy, capsys):
    assert cli.main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert all(f"{name} " in printed for name in CHECKS)
    assert printed.endswith("\nThe course can run here.\n")


@pytest.mark.parametrize("name", CHECKS)
def test_any_failure_exits_non_zero_with_its_fix(healthy, capsys, name):
    healthy.setattr(doctor, name, lambda: Check("Thing", "FAIL", "is broken", "do this"))
    assert cli.main(["doctor"]) == 1
    printed = capsys.readouterr().out
    assert "FAIL  Thing         is broken\n" in printed
    assert "To mend it: do this" in printed
    assert "cannot run here yet. To mend: Thing" in printed


def test_a_note_is_no_failure(healthy):
    healthy.setattr(doctor, "check_network", lambda: Check("Network", "note", "gone", "look"))
    assert cli.main(["doctor"]) == 0


def test_without_avx_tensorflow_is_not_imported(healthy):
    healthy.setattr(doctor, "check_cpu", lambda: Check("Processor", "FAIL", "old", "new"))
    healthy.setattr(doctor, "check_device", lambda: pytest.fail("imported TensorFlow"))
    assert cli.main(["doctor"]) == 1


def test_a_tensorflow_that_does_not_start_is_a_failure(monkeypatch):
    def broken():
        raise ImportError("DLL load failed")

    monkeypatch.setattr("tlcourse.device.setup_device", broken)
    check = doctor.check_device()
    assert (check.status, check.fix) == ("FAIL", doctor.INSTALL)
    assert "DLL load failed" in check.text


def test_bundled_data_that_cannot_be_read_is_a_failure(monkeypatch):
    fake = SimpleNamespace(load_task=lambda name: name)
    monkeypatch.setitem(sys.modules, "tlcourse.data", fake)
    assert doctor.check_bundled().status == "ok"
    monkeypatch.setattr(fake, "load_task", lambda name: 1 / 0)
    check = doctor.check_bundled()
    assert check.status == "FAIL"
    assert "ZeroDivisionError" in check.text


def test_help_lists_the_commands_and_goes_to_them(capsys):
    for argv, word in ((["--help"], "doctor     check that"), (["doctor", "--help"], "else 0")):
        with pytest.raises(SystemExit, match="0"):
            cli.main(argv)
        assert word in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        cli.main(["docto"])
