"""Why a GPU is not used, and the exact fix.

Each piece of advice is a small function of plain facts, so that it can be tested without the
machine that it is about. Only `probe_gpu` looks at the real machine.
"""

import functools
import importlib
import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


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
