"""`tlcourse doctor`: each check, and the exit status."""

import sys
import threading
import time
from types import SimpleNamespace

import pytest

from tlcourse import cli
from tlcourse.commands import doctor
from tlcourse.commands.doctor import Check
from tlcourse.files import assets


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

    monkeypatch.setattr("tlcourse.machine.device.setup_device", broken)
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
