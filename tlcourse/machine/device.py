"""What computes: finds the GPUs, sets TensorFlow up before it starts, and says what came of it.

Call `setup_device()` in the first cell, before TensorFlow or Keras is imported: most of what it
sets can only be set before TensorFlow starts, and TensorFlow prints while it is imported.
"""

import contextlib
import html
import logging
import os
import platform
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tlcourse.machine.gpu import diagnose_gpu, probe_gpu
from tlcourse.machine.limits import usable_cpus, usable_memory_mib, visible_cpus

RESTART = "restart the kernel (Kernel > Restart Kernel) and call `setup_device` in the first cell"
CHATTER = (
    "WARNING: All log messages before absl",
    "To enable the following",
    "INFO: Created TensorFlow Lite",
    "fully_quantize: ",
)
_determinism_is_on = False  # TensorFlow has no public way to ask


@dataclass(frozen=True)
class DeviceInfo:
    """What computes, as `setup_device` left it; a notebook shows it as a table.

    Attributes:
        kind: "CPU" or "GPU".
        devices: the name of the processor, or of each GPU.
        strategy: a `tf.distribute.Strategy`; build and compile a model in `strategy.scope()`.
            It does nothing special unless there are several GPUs.
        precision: the Keras dtype policy, such as "float32".
        memory_mib: main memory in MiB that this process may use.
        gpu_memory_mib: memory of each GPU that computes, in MiB; empty where unknown.
        threads: how many threads TensorFlow computes with on the CPU.
        seed: of Python's `random`, NumPy and TensorFlow.
        deterministic: whether TensorFlow uses only operations that give the same again.
        notes: what could not be done and how to do it, in plain sentences.
    """

    kind: str
    devices: tuple[str, ...]
    precision: str
    python: str
    tensorflow: str
    keras: str
    memory_mib: int
    gpu_memory_mib: tuple[int, ...]
    threads: int
    seed: int
    deterministic: bool
    notes: tuple[str, ...] = ()
    strategy: Any = field(default=None, compare=False)

    def rows(self) -> list[tuple[str, str]]:
        """The table as (label, text) pairs, in the order to read them."""
        names = list(dict.fromkeys(self.devices))
        what = self.kind if len(self.devices) == 1 else f"{len(self.devices)} {self.kind}s"
        if self.precision != "float32":
            names.append(self.precision)
        sizes = [f"{self.memory_mib / 1024:.1f} GiB"]
        if self.gpu_memory_mib:
            each = " + ".join(f"{mib / 1024:.1f}" for mib in self.gpu_memory_mib)
            sizes.append(f"{each} GiB on the GPU")
        again = "the same numbers each run" if self.deterministic else "numbers may vary a little"
        rows = [
            ("Computes on", ", ".join([what, *names])),
            ("Versions", f"Python {self.python}, TensorFlow {self.tensorflow}, Keras {self.keras}"),
            ("Memory", ", ".join(sizes)),
            ("Threads", str(self.threads)),
            ("Seed", f"{self.seed} ({again})"),
        ]
        return rows + [("Note", note) for note in self.notes]

    def __str__(self) -> str:
        return "\n".join(f"{label:<12} {text}" for label, text in self.rows())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        # One line and no colors of its own: it follows the theme, and one regex can match it.
        left = 'style="text-align: left; vertical-align: top"'
        lines = [
            f'<tr><th scope="row" {left}>{label}</th><td {left}>{_code(text)}</td></tr>'
            for label, text in self.rows()
        ]
        return f'<table class="tlcourse-device">{"".join(lines)}</table>'


def _code(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def setup_device(
    *,
    seed: int = 0,
    deterministic: bool = True,
    memory_growth: bool = True,
    memory_limit_mb: int | None = None,
    mixed_precision: bool = False,
) -> DeviceInfo:
    """Set TensorFlow up and say what will compute. Safe to call again, at any time.

    What can no longer be changed because TensorFlow runs already is left as it is, and the notes
    say so. A GPU that cannot be used is explained there too, and the CPU computes.

    Args:
        seed: 0 to 4294967295, for `random`, NumPy and TensorFlow.
        deterministic: use only operations that give the same bits in each run on this machine
            (not on another one, nor with other `threads`). Some GPU operations have no such
            version and raise `tf.errors.UnimplementedError`; then restart the kernel and pass
            False. https://www.tensorflow.org/api_docs/python/tf/config/experimental/enable_op_determinism
        memory_growth: take GPU memory as needed, so that several kernels fit on one GPU, instead
            of nearly all of it at once.
        memory_limit_mb: MiB that each GPU may give at most. It takes the place of
            `memory_growth`: TensorFlow then takes that much at once.
        mixed_precision: compute in 16 bits where that is faster, that is on a GPU of compute
            capability 7.0 or more (`mixed_float16`) or on a CPU with AVX512-BF16
            (`mixed_bfloat16`). https://www.tensorflow.org/guide/mixed_precision

    Raises:
        ValueError: `seed` or `memory_limit_mb` is out of range.

    To see TensorFlow's own messages, set the environment variable TF_CPP_MIN_LOG_LEVEL=0 before
    Jupyter starts. TF_NUM_INTRAOP_THREADS sets the number of threads.
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed must be from 0 to {2**32 - 1}. Received: {seed!r}")
    if memory_limit_mb is not None and memory_limit_mb <= 0:
        raise ValueError(f"memory_limit_mb must be positive, in MiB. Received: {memory_limit_mb!r}")
    notes = []
    if "tensorflow" in sys.modules and "TF_CPP_MIN_LOG_LEVEL" not in os.environ:
        notes.append(
            f"TensorFlow was imported before, so its messages could not be silenced: {RESTART}."
        )
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # whatever the user's keras.json says
    with quiet_tensorflow():
        import keras
        import tensorflow as tf

        facts = probe_gpu(tf)
        notes += diagnose_gpu(facts)
        stuck = []  # what TensorFlow would no longer let us change
        threads = _set_threads(tf, stuck)
        _set_determinism(tf, deterministic, stuck)
        gpus = tf.config.get_visible_devices("GPU")
        if facts.tensorflow_gpus and not gpus:
            notes.append(f"The GPU was hidden from TensorFlow earlier. To use it: {RESTART}.")
        _set_memory(tf, gpus, memory_growth, memory_limit_mb, stuck)
        gpus, logical = _start_gpus(tf, gpus, notes)
        strategy = choose_strategy(tf, logical)
        precision = _set_precision(tf, keras, gpus, mixed_precision, notes)
        keras.utils.set_random_seed(seed)
        # Keras says so of every tf.data.Dataset, though nobody passed it: it is fit's default.
        warnings.filterwarnings("ignore", message="`shuffle=True` was passed, but will be ignored")
        devices = tuple(_gpu_name(tf, gpu) for gpu in gpus) or (_cpu_name(),)

    if stuck:
        notes.append(
            "TensorFlow runs already, so these stay as they are: "
            f"{'; '.join(stuck)}. To change them: {RESTART}."
        )
    if gpus and _determinism_is_on:
        notes.append(
            "Some GPU operations cannot give the same numbers each run, and raise "
            f"UnimplementedError instead. If you meet one: {RESTART}, with `deterministic=False`."
        )
    if keras.backend.backend() != "tensorflow":
        notes.append(
            f"Keras computes with {keras.backend.backend()}, and this course needs TensorFlow: set "
            f"the environment variable KERAS_BACKEND=tensorflow, then {RESTART}."
        )
    return DeviceInfo(
        kind="GPU" if gpus else "CPU",
        devices=devices,
        precision=precision,
        python=platform.python_version(),
        tensorflow=tf.__version__,
        keras=keras.__version__,
        memory_mib=usable_memory_mib(),
        # nvidia-smi lists hidden GPUs too, and then does not say which ones TensorFlow sees
        gpu_memory_mib=tuple(mib for _, mib in facts.memory)
        if len(facts.memory) == len(gpus)
        else (),
        threads=threads,
        seed=seed,
        deterministic=_determinism_is_on,
        notes=tuple(notes),
        strategy=strategy,
    )


def set_seed(seed: int) -> None:
    """Seed Python's `random`, NumPy and TensorFlow: the next numbers are those of `seed` again.

    Raises:
        ValueError: `seed` is not from 0 to 4294967295.
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed must be from 0 to {2**32 - 1}. Received: {seed!r}")
    with quiet_tensorflow():
        import keras

        keras.utils.set_random_seed(seed)


@contextlib.contextmanager
def quiet_tensorflow() -> Iterator[None]:
    """Keep back what TensorFlow prints while it is imported and looks for devices.

    TF_CPP_MIN_LOG_LEVEL alone does not do: some lines are written before TensorFlow reads it,
    straight to file descriptor 2. That is turned aside meanwhile; what is not such a line, and
    everything when an error is raised, is written out afterwards.
    """
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") == "0":
        yield  # somebody wants to see it all
        return
    with tempfile.TemporaryFile() as aside:
        try:
            saved = os.dup(2)
        except OSError:  # a program without a standard error
            yield
            return
        failed = True
        os.dup2(aside.fileno(), 2)
        try:
            import tensorflow as tf
            from absl import logging as absl_logging

            tf.get_logger().setLevel(logging.ERROR)
            absl_logging.set_verbosity(absl_logging.ERROR)
            yield
            failed = False
        finally:
            with contextlib.suppress(Exception):
                sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
            aside.seek(0)
            lines = aside.read().decode(errors="replace").splitlines(keepends=True)
            kept = "".join(line for line in lines if failed or not _is_chatter(line))
            if kept and sys.stderr is not None:
                sys.stderr.write(kept)


def _is_chatter(line: str) -> bool:
    """Whether a line is one of TensorFlow's C++ log: `I0000 00:00:17… file.cc:31] …`."""
    return bool(
        re.match(r"[IWE]\d{4} \d\d:\d\d:|\d{4}-\d\d-\d\d \d\d:\d\d:[\d.]+: [IWE] ", line)
        or line.startswith(CHATTER)
    )


def choose_strategy(tf, devices: list) -> Any:
    """`MirroredStrategy` over several logical devices, else TensorFlow's default strategy.

    Each device then computes a part of every batch: a batch of 32 on two GPUs is 16 on each.
    """
    if len(devices) > 1:
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    return tf.distribute.get_strategy()


def _set_threads(tf, stuck: list[str]) -> int:
    """Use the cores that this process may use: TensorFlow does not see a container's limit."""
    asked = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
    wanted = int(asked) if re.fullmatch(r"[1-9]\d*", asked) else usable_cpus()
    threading = tf.config.threading
    try:
        threading.set_intra_op_parallelism_threads(wanted)
        threading.set_inter_op_parallelism_threads(wanted)
        return wanted
    except RuntimeError:
        # 0 stands for as many as there are cores
        now = threading.get_intra_op_parallelism_threads() or visible_cpus()
        if now != wanted:
            stuck.append(f"threads ({now} instead of {wanted})")
        return now


def _set_determinism(tf, wanted: bool, stuck: list[str]) -> None:
    global _determinism_is_on
    if wanted:
        tf.config.experimental.enable_op_determinism()
        _determinism_is_on = True
    elif _determinism_is_on:
        stuck.append("deterministic operations (on)")


def _set_memory(tf, gpus: list, growth: bool, limit: int | None, stuck: list[str]) -> None:
    """The same on all GPUs: TensorFlow refuses growth on some only."""
    experimental = tf.config.experimental
    try:
        for gpu in gpus:
            if limit is None:
                experimental.set_memory_growth(gpu, growth)
                continue
            if experimental.get_memory_growth(gpu):
                experimental.set_memory_growth(gpu, False)  # never both
            part = tf.config.LogicalDeviceConfiguration(memory_limit=limit)
            tf.config.set_logical_device_configuration(gpu, [part])
    except (RuntimeError, ValueError):
        stuck.append("how GPU memory is taken (`memory_growth`, `memory_limit_mb`)")


def _start_gpus(tf, gpus: list, notes: list[str]) -> tuple[list, list]:
    """Start the GPUs; where that fails go on with the CPU. Returns physical and logical GPUs."""
    if not gpus:
        return [], []
    try:
        return gpus, tf.config.list_logical_devices("GPU")
    except Exception as error:  # the driver fails in many ways, a full memory among them
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        with contextlib.suppress(RuntimeError, ValueError):
            tf.config.set_visible_devices([], "GPU")
        notes.append(
            f"The GPU did not start ({reason}), so the CPU computes. Most often another kernel "
            f"holds its memory: shut down the other kernels, then {RESTART}."
        )
        return [], []


def _set_precision(tf, keras, gpus: list, mixed: bool, notes: list[str]) -> str:
    policy = "float32"
    if mixed and gpus:
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        if all(detail.get("compute_capability", (0, 0)) >= (7, 0) for detail in details):
            policy = "mixed_float16"
    elif mixed and "avx512_bf16" in _cpuinfo():
        policy = "mixed_bfloat16"
    if mixed and policy == "float32":
        notes.append("`mixed_precision` would be no faster on this device: it computes in float32.")
    keras.config.set_dtype_policy(policy)
    return policy


def _gpu_name(tf, gpu) -> str:
    return tf.config.experimental.get_device_details(gpu).get("device_name", "unnamed")


def _cpuinfo() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text() if path.exists() else ""


def _cpu_name() -> str:
    name = re.search(r"^model name\s*:\s*(.+)$", _cpuinfo(), flags=re.MULTILINE)
    return name[1].strip() if name else platform.processor() or platform.machine()
