"""What is wrong with this machine, and how to mend it: advice on GPUs, and `tlcourse doctor`.

Each piece of advice is a small function of plain facts, so that it can be tested without the
machine that it is about. Only `probe_gpu` and the `check_…` functions look at the real machine.
"""

import argparse
import contextlib
import functools
import importlib
import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tlcourse import assets

PYTHON_VERSIONS = ((3, 11), (3, 13))  # first and last that the course supports
PACKAGES = ("tensorflow", "keras", "jupyterlab", "matplotlib", "sklearn", "skimage", "ipywidgets")
HOSTS = ("storage.googleapis.com",)  # where Keras keeps its weights and its data sets
NEEDED_BYTES = 200_000_000
INSTALL = "run `make lab` in the course's folder, or `pip install -e . -c constraints.txt`"

# ------------------------------------------------------------------ a GPU that is not used


@dataclass(frozen=True)
class GpuFacts:
    """What decides whether TensorFlow can use an NVIDIA GPU here.

    `memory` holds (used, total) in MiB for each GPU, and `others` (process id, MiB) for each
    other program that computes on one, both as they were before this program took any.
    """

    system: str = "Linux"  # as platform.system() says it
    machine: str = "x86_64"
    driver: bool = False  # an NVIDIA driver, or its nvidia-smi, is installed
    driver_answers: bool = False  # nvidia-smi lists a GPU
    tensorflow_gpus: int = 0
    cuda_build: bool = True
    missing_libraries: tuple[str, ...] = ()
    visible: str | None = None  # CUDA_VISIBLE_DEVICES
    memory: tuple[tuple[int, int], ...] = ()
    others: tuple[tuple[int, int | None], ...] = ()


def probe_gpu(tf) -> GpuFacts:
    """Look at this machine; `tf` is the imported TensorFlow. Takes 6 s at the very most."""
    answers, memory, others = nvidia_smi()
    return GpuFacts(
        system=platform.system(),
        machine=platform.machine(),
        driver=_find_smi() is not None
        or any(Path(path).exists() for path in ("/proc/driver/nvidia", "/dev/nvidia0")),
        driver_answers=answers,
        tensorflow_gpus=len(tf.config.list_physical_devices("GPU")),
        cuda_build=tf.test.is_built_with_cuda(),
        missing_libraries=_missing_cuda_packages(),
        visible=os.environ.get("CUDA_VISIBLE_DEVICES"),
        memory=memory,
        others=others,
    )


def diagnose_gpu(facts: GpuFacts) -> tuple[str, ...]:
    """Sentences that say what is wrong with the GPU and the exact fix; none when all is well."""
    if facts.tensorflow_gpus:
        return crowded(facts)
    for cause in (_on_mac, _on_windows, _hidden, _driver_silent, _no_cuda):
        if advice := cause(facts):
            return (advice, *crowded(facts))
    return ()


def _on_mac(facts: GpuFacts) -> str | None:
    if facts.system != "Darwin":
        return None
    return "TensorFlow has no GPU support on macOS. Every lesson is made to run on the CPU."


def _on_windows(facts: GpuFacts) -> str | None:
    if facts.system != "Windows" or not facts.driver:
        return None
    return (
        "This computer has an NVIDIA GPU, but TensorFlow 2.11 and later cannot use it from native "
        "Windows. To use it: run `wsl --install` in PowerShell, open Ubuntu (WSL2), and install "
        'the course there with `pip install -e ".[gpu]" -c constraints.txt`.'
    )


def _hidden(facts: GpuFacts) -> str | None:
    if not facts.driver or facts.visible not in ("", "-1"):
        return None
    return (
        f'The environment variable CUDA_VISIBLE_DEVICES is "{facts.visible}", which hides every '
        "GPU. To use the GPU: run `unset CUDA_VISIBLE_DEVICES` in the shell, then start Jupyter "
        "again from it."
    )


def _driver_silent(facts: GpuFacts) -> str | None:
    if not facts.driver or facts.driver_answers:
        return None
    return (
        "An NVIDIA driver is installed but lists no GPU. Run `nvidia-smi` in a shell: when it "
        "reports an error, restart the computer or install the driver again (inside a container, "
        "start it with `--gpus all`)."
    )


def _no_cuda(facts: GpuFacts) -> str | None:
    if not facts.driver:
        return None
    if facts.machine.lower() not in ("x86_64", "amd64"):
        return (
            f"TensorFlow's packages for {facts.machine} have no GPU support: only those for "
            "x86_64 have it. The GPU stays unused."
        )
    fix = (
        '`pip install "tensorflow[and-cuda]"` (or, in the course\'s folder, '
        '`pip install -e ".[gpu]" -c constraints.txt`), then restart the kernel.'
    )
    if not facts.cuda_build:
        return (
            "There is a GPU, but this TensorFlow was built for the CPU only. To use the GPU: "
            f"`pip uninstall tensorflow-cpu`, then {fix}"
        )
    if facts.missing_libraries:
        count = len(facts.missing_libraries)
        some = ", ".join(facts.missing_libraries[:3]) + (", …" if count > 3 else "")
        return (
            f"There is a GPU, but the CUDA libraries that TensorFlow needs are missing ({some}). "
            f"To use it: {fix}"
        )
    if facts.visible is not None:
        return (
            f'CUDA_VISIBLE_DEVICES is "{facts.visible}", and TensorFlow finds no such GPU. '
            "`nvidia-smi -L` lists the numbers that there are; to use all of them, run "
            "`unset CUDA_VISIBLE_DEVICES` in the shell, then start Jupyter again from it."
        )
    return (
        "There is a GPU and the CUDA libraries are installed, but TensorFlow cannot use it: most "
        "often the driver is too old for them, or LD_LIBRARY_PATH points at others. To use it: "
        "update the NVIDIA driver, and run `unset LD_LIBRARY_PATH` before starting Jupyter."
    )


def crowded(facts: GpuFacts) -> tuple[str, ...]:
    """Advice when other programs hold the GPU: half of its memory, or any of it while computing."""
    full = [(used, total) for used, total in facts.memory if used > 0.5 * total]
    if not full and not facts.others:
        return ()
    pids = ", ".join(str(pid) for pid, _ in facts.others)
    who = f"Other programs compute on the GPU (process {pids})" if pids else "The GPU is in use"
    used, total = max(full or facts.memory or [(0, 0)])
    share = (
        f": {used / 1024:.1f} of {total / 1024:.1f} GiB of its memory are taken" if total else ""
    )
    return (
        f"{who}{share}. If memory runs out, shut down the other kernels (JupyterLab: Kernel > Shut "
        "Down All Kernels), or give each a part with `setup_device(memory_limit_mb=2048)`.",
    )


def _find_smi() -> str | None:
    """Path of nvidia-smi; under WSL it is often not on the PATH."""
    wsl = "/usr/lib/wsl/lib/nvidia-smi"
    return shutil.which("nvidia-smi") or (wsl if os.path.exists(wsl) else None)


@functools.cache  # asked once: later answers would count the memory that this program took itself
def nvidia_smi() -> tuple[bool, tuple[tuple[int, int], ...], tuple[tuple[int, int | None], ...]]:
    """Whether nvidia-smi answers, memory (used, total) in MiB, and other computing programs."""
    smi = _find_smi()
    if smi is None:
        return False, (), ()

    def ask(query: str) -> str | None:
        command = [smi, query, "--format=csv,noheader,nounits"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=3)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout if done.returncode == 0 else None

    answer = ask("--query-gpu=memory.used,memory.total")
    if answer is None:
        return False, (), ()
    memory = tuple((u, t) for u, t in parse_smi(answer) if u is not None and t is not None)
    others = parse_smi(ask("--query-compute-apps=pid,used_memory") or "")
    others = [(pid, mib) for pid, mib in others if pid is not None and pid != os.getpid()]
    return bool(answer.strip()), memory, tuple(others)


def parse_smi(text: str) -> list[tuple[int | None, int | None]]:
    """Pairs of numbers from nvidia-smi's csv; None where it writes `[N/A]` and the like."""
    rows = [line.split(",") for line in text.splitlines() if line.count(",") == 1]
    number = re.compile(r"\d+")
    pairs = [tuple(number.fullmatch(cell.strip()) for cell in row) for row in rows]
    return [tuple(int(cell[0]) if cell else None for cell in pair) for pair in pairs]


def _missing_cuda_packages() -> tuple[str, ...]:
    """Packages of TensorFlow's own `and-cuda` extra that are not installed here."""
    try:
        wanted = importlib.metadata.requires("tensorflow") or []
    except importlib.metadata.PackageNotFoundError:
        return ()
    names = [re.match(r"[\w.-]+", line)[0] for line in wanted if "and-cuda" in line]
    return tuple(name for name in names if not _installed(name))


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


# --------------------------------------------------------------------- can the course run?


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
        from tlcourse.device import setup_device

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
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # consoles that know few characters
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
