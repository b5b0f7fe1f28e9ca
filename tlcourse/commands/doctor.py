"""`tlcourse doctor`: whether the course can run on this machine, and how to mend what cannot.

Advice on GPUs comes from `tlcourse.machine.gpu`.
"""

import argparse
import contextlib
import importlib
import importlib.metadata
import os
import re
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tlcourse.files import assets

PYTHON_VERSIONS = ((3, 11), (3, 13))  # first and last that the course supports
PACKAGES = ("tensorflow", "keras", "jupyterlab", "matplotlib", "sklearn", "skimage", "ipywidgets")
HOSTS = ("storage.googleapis.com",)  # where Keras keeps its weights and its data sets
NEEDED_BYTES = 200_000_000
INSTALL = "run `make lab` in the course's folder, or `pip install -e . -c constraints.txt`"


@dataclass(frozen=True)
class Check:
    """One line of the doctor's report; `status` is "ok", "note" or "FAIL" (the course cannot run).

    `fix` says what to do.
    """

    name: str
    status: str
    text: str
    fix: str = ""

    def __str__(self) -> str:
        text = self.text + (f"\nTo mend it: {self.fix}" if self.fix else "")
        return f"{self.status:<5} {self.name:<13} " + text.replace("\n", "\n" + " " * 20)


def check_python(version: tuple[int, int] | None = None) -> Check:
    """Whether this Python is one that the course supports."""
    version = version or sys.version_info[:2]
    first, last = (".".join(map(str, v)) for v in PYTHON_VERSIONS)
    text = f"{version[0]}.{version[1]} (supported: {first} to {last})"
    if PYTHON_VERSIONS[0] <= version <= PYTHON_VERSIONS[1]:
        return Check("Python", "ok", text)
    fix = f"install Python {last} and make the environment again with it: `make lab`"
    return Check("Python", "FAIL", text, fix)


def check_cpu(cpuinfo: str | None = None) -> Check:
    """Whether the CPU has AVX: TensorFlow's packages for x86 end the program where it is missing.

    https://www.tensorflow.org/install/pip#hardware_requirements
    """
    if cpuinfo is None:
        path = Path("/proc/cpuinfo")
        cpuinfo = path.read_text() if path.exists() else ""
    flags = re.search(r"^flags\s*:(.*)$", cpuinfo, flags=re.MULTILINE)
    if flags and "avx" not in flags[1].split():
        fix = "use another computer, or build TensorFlow from source for this one"
        return Check("Processor", "FAIL", "it has no AVX, which TensorFlow needs", fix)
    return Check("Processor", "ok", "it has what TensorFlow needs")


def check_packages(load: Callable[[str], object] = importlib.import_module) -> Check:
    """Whether the packages that every lesson needs can be imported."""
    broken = []
    for name in PACKAGES:
        try:
            load(name)
        except Exception as error:  # a package that is half there fails in many ways
            broken.append(f"{name} ({type(error).__name__}: {error})")
    if broken:
        return Check("Packages", "FAIL", "cannot be imported: " + "; ".join(broken), INSTALL)
    return Check("Packages", "ok", ", ".join(PACKAGES))


def check_cache() -> Check:
    """Whether the course's cache can be written, and has room."""
    folder = assets.cache_dir()
    elsewhere = "set the environment variable TLCOURSE_CACHE to a folder where there is"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"room")
        free = assets.free_bytes(folder)
    except OSError as error:
        text = f"{folder} cannot be written ({error.strerror or error})"
        fix = f"give yourself write permission there (`chmod u+rwx`), or {elsewhere} some"
        return Check("Cache", "FAIL", text, fix)
    if free < NEEDED_BYTES:
        text = (
            f"{folder} has {_size(free)} of disk left, and the course needs {_size(NEEDED_BYTES)}"
        )
        return Check("Cache", "FAIL", text, f"make room on that disk, or {elsewhere} room")
    return Check("Cache", "ok", f"{folder}: {_contents(folder)}, {_size(free)} of disk left")


def check_shared() -> Check:
    """The read-only cache of a classroom server, if there is one."""
    folder = assets.shared_dir()
    if folder is None:
        return Check("Shared cache", "ok", "none (TLCOURSE_SHARED is not set)")
    if folder.is_dir() and os.access(folder, os.R_OK | os.X_OK):
        return Check("Shared cache", "ok", f"{folder}: {_contents(folder)}")
    fix = "set TLCOURSE_SHARED to the right folder, or unset it"
    return Check("Shared cache", "note", f"{folder} is not a folder that can be read", fix)


def check_keras_cache() -> Check:
    """What Keras has downloaded before: `KERAS_HOME`, or `.keras` in the home directory."""
    folder = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras").expanduser()
    parts = [f"{name}: {_contents(folder / name)}" for name in ("models", "datasets")]
    if folder.exists() and not os.access(folder, os.W_OK):
        fix = "give yourself write permission there, or set KERAS_HOME to another folder"
        return Check("Keras cache", "note", f"{folder} cannot be written; {', '.join(parts)}", fix)
    return Check("Keras cache", "ok", f"{folder}; {', '.join(parts)}")


def check_bundled() -> Check:
    """Whether the data that comes with the course can be read: loads the smallest task."""
    try:
        from tlcourse.data import load_task

        load_task("digits")
    except Exception as error:  # whatever it is, the course cannot run with it
        text = f"the bundled data cannot be read ({type(error).__name__}: {error})"
        return Check("Course data", "FAIL", text, INSTALL)
    return Check("Course data", "ok", "the task `digits` loads")


def check_network(
    hosts: Iterable[str] = HOSTS,
    seconds: float = 2.0,
    reach: Callable[[str, float], None] | None = None,
) -> Check:
    """Whether the hosts of data and weights answer, all asked at once, `seconds` in all.

    The lessons need no network: an unreachable host is a note, never a failure.
    """
    if assets.offline():
        return Check("Network", "ok", "not asked (TLCOURSE_OFFLINE is set)")
    reach = reach or _reach
    trouble = dict.fromkeys(hosts, "no answer in time")

    def ask(host: str) -> None:
        try:
            reach(host, seconds)
            trouble.pop(host)
        except OSError as error:
            trouble[host] = str(getattr(error, "reason", error))

    # Daemon threads: a name server that never answers must not hold the program back at its end.
    threads = [threading.Thread(target=ask, args=(host,), daemon=True) for host in hosts]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    silent = dict(trouble)
    if silent:
        text = "; ".join(f"{host} cannot be reached ({why})" for host, why in silent.items())
        text += ". The lessons run without it; Keras's own weights and data sets need it once"
        return Check("Network", "note", text, "check the connection, a proxy (HTTPS_PROXY) first")
    return Check("Network", "ok", ", ".join(hosts))


def _reach(host: str, seconds: float) -> None:
    request = urllib.request.Request(f"https://{host}/", method="HEAD")
    with contextlib.suppress(urllib.error.HTTPError):  # an answer all the same
        urllib.request.urlopen(request, timeout=seconds).close()


def check_device() -> Check:
    """The table that `setup_device` shows in a notebook."""
    try:
        from tlcourse.machine.device import setup_device

        return Check("Device", "ok", str(setup_device()))
    except Exception as error:  # a broken TensorFlow fails in many ways
        return Check("Device", "FAIL", f"TensorFlow does not start ({error})", INSTALL)


def _contents(folder: Path) -> str:
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    if not files:
        return "empty"
    plural = "s" if len(files) > 1 else ""
    return f"{len(files)} file{plural}, {_size(sum(path.stat().st_size for path in files))}"


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


def main(argv: list[str] | None = None) -> int:
    """Print the report of `tlcourse doctor`; returns 1 when the course cannot run here, else 0."""
    parser = argparse.ArgumentParser(prog="tlcourse doctor", description=main.__doc__)
    parser.parse_args(argv)
    checks = [check_python(), check_cpu()]
    print(*checks, sep="\n", flush=True)
    # The device comes first: it silences TensorFlow before the packages are imported.
    slow = [check_device, check_packages, check_bundled]
    if checks[-1].status == "FAIL":
        slow = []  # without AVX, importing TensorFlow would end this program without a word
    for check in [*slow, check_cache, check_shared, check_keras_cache, check_network]:
        checks.append(check())
        print(checks[-1], flush=True)
    failures = [check for check in checks if check.status == "FAIL"]
    if failures:
        names = ", ".join(check.name for check in failures)
        print(f"\nThe course cannot run here yet. To mend: {names} (see above).")
        return 1
    print("\nThe course can run here.")
    return 0
