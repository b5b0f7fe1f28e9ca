"""`machine.device`: every branch with faked devices, and real training in fresh processes."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tlcourse.machine import device
from tlcourse.machine.device import DeviceInfo, set_seed, setup_device
from tlcourse.machine.limits import usable_cpus, usable_memory_mib

INFO = DeviceInfo(
    kind="GPU",
    devices=("NVIDIA T4", "NVIDIA T4"),
    precision="mixed_float16",
    python="3.12.1",
    tensorflow="2.21.0",
    keras="3.15.1",
    memory_mib=16 * 1024,
    gpu_memory_mib=(15 * 1024, 15 * 1024),
    threads=8,
    seed=3,
    deterministic=True,
    notes=('Run `pip install "a<b"`.',),
)


def in_fresh_python(code: str, **environment: str) -> SimpleNamespace:
    """Run code in a new process; `result` is the JSON of its last line of output."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "KERAS_"))}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=inherited | environment,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    return SimpleNamespace(
        printed=lines[:-1], stderr=done.stderr, result=json.loads(lines[-1] if lines else "null")
    )


# ------------------------------------------------------------------------------ the table


def test_text_is_in_the_order_that_a_student_reads():
    assert str(INFO).splitlines() == [
        "Computes on  2 GPUs, NVIDIA T4, mixed_float16",
        "Versions     Python 3.12.1, TensorFlow 2.21.0, Keras 3.15.1",
        "Memory       16.0 GiB, 15.0 + 15.0 GiB on the GPU",
        "Threads      8",
        "Seed         3 (the same numbers each run)",
        'Note         Run `pip install "a<b"`.',
    ]
    assert repr(INFO) == str(INFO)


def test_html_is_one_line_escaped_and_without_colors():
    table = INFO._repr_html_()
    assert table.startswith('<table class="tlcourse-device">')
    assert table.endswith("</table>")
    assert "\n" not in table
    assert "color" not in table
    assert 'Run <code>pip install "a&lt;b"</code>.' in table
    assert table.count("<tr>") == 6


def test_a_memory_without_a_gpu_and_nondeterminism_are_said():
    text = str(replace(INFO, gpu_memory_mib=(), deterministic=False))
    assert "Memory       16.0 GiB\n" in text
    assert "numbers may vary" in text


# ---------------------------------------------------------------------- faked GPUs


class FakeTensorFlow:
    """Two GPUs that only write down what is done to them."""

    def __init__(self, monkeypatch, count: int = 2, capability: tuple[int, int] = (8, 0)):
        import tensorflow as tf

        gpus = [f"gpu{index}" for index in range(count)]
        self.calls: list[tuple] = []
        self.started = False
        self.start_error: Exception | None = None
        self.growth: dict[str, bool] = {}

        def change(*call):
            if self.started:
                raise RuntimeError("cannot be modified after being initialized")
            self.calls.append(call)

        def set_growth(gpu, enable):
            change("growth", gpu, enable)
            self.growth[gpu] = enable

        def set_parts(gpu, parts):
            change("limit", gpu, *[part.memory_limit for part in parts])

        def start(kind):
            if self.start_error:
                raise self.start_error
            return [SimpleNamespace(name=f"/GPU:{index}") for index in range(count)]

        def mirrored(names):
            return SimpleNamespace(mirrored=names)

        patches = {
            "config.list_physical_devices": lambda kind: gpus,
            "config.get_visible_devices": lambda kind: gpus,
            "config.set_visible_devices": lambda devices, kind: change("visible", devices, kind),
            "config.list_logical_devices": start,
            "config.set_logical_device_configuration": set_parts,
            "config.experimental.set_memory_growth": set_growth,
            "config.experimental.get_memory_growth": self.growth.get,
            "config.experimental.enable_op_determinism": lambda: None,
            "config.experimental.get_device_details": lambda gpu: {
                "device_name": f"Fake {gpu}",
                "compute_capability": capability,
            },
            "config.threading.set_intra_op_parallelism_threads": lambda count: None,
            "config.threading.set_inter_op_parallelism_threads": lambda count: None,
            "distribute.MirroredStrategy": mirrored,
        }
        for path, fake in patches.items():
            owner = tf
            *parents, name = path.split(".")
            for parent in parents:
                owner = getattr(owner, parent)
            monkeypatch.setattr(owner, name, fake)


@pytest.fixture
def fake(monkeypatch):
    import keras

    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    monkeypatch.setattr(device, "_determinism_is_on", False)
    monkeypatch.setattr(
        "tlcourse.machine.gpu.nvidia_smi", lambda: (True, ((0, 1024), (0, 1024)), ())
    )
    policy = keras.config.dtype_policy()
    yield FakeTensorFlow(monkeypatch)
    keras.config.set_dtype_policy(policy)


def test_growth_is_set_on_all_gpus_alike(fake):
    info = setup_device()
    assert fake.calls == [("growth", "gpu0", True), ("growth", "gpu1", True)]
    assert (info.kind, info.devices) == ("GPU", ("Fake gpu0", "Fake gpu1"))
    assert info.gpu_memory_mib == (1024, 1024)
    assert info.strategy.mirrored == ["/GPU:0", "/GPU:1"]


def test_growth_can_be_switched_off(fake):
    setup_device(memory_growth=False)
    assert fake.calls == [("growth", "gpu0", False), ("growth", "gpu1", False)]


def test_a_limit_takes_the_place_of_growth(fake):
    setup_device(memory_limit_mb=512)
    assert fake.calls == [("limit", "gpu0", 512), ("limit", "gpu1", 512)]


def test_a_limit_switches_off_growth_that_was_set_before(fake):
    fake.growth |= {"gpu0": True, "gpu1": True}
    setup_device(memory_limit_mb=512)
    assert fake.growth == {"gpu0": False, "gpu1": False}
    assert [call[0] for call in fake.calls] == ["growth", "limit"] * 2


def test_a_started_gpu_is_left_alone_and_the_note_says_how(fake):
    fake.started = True
    info = setup_device(memory_limit_mb=512)
    assert fake.calls == []
    assert info.kind == "GPU"
    (note,) = [note for note in info.notes if "memory_limit_mb" in note]
    assert "restart the kernel" in note


def test_one_gpu_needs_no_mirrored_strategy(monkeypatch, fake):
    import tensorflow as tf

    FakeTensorFlow(monkeypatch, count=1)
    assert setup_device().strategy is tf.distribute.get_strategy()


def test_a_gpu_that_does_not_start_leaves_the_cpu(fake):
    fake.start_error = RuntimeError("out of memory\nlong traceback")
    info = setup_device()
    assert info.kind == "CPU"
    assert ("visible", [], "GPU") in fake.calls
    assert any("(out of memory)" in note and "shut down" in note for note in info.notes)


def test_gpu_determinism_warns_of_operations_that_raise(fake):
    assert any("UnimplementedError" in note for note in setup_device().notes)


def test_determinism_cannot_be_switched_off_again(fake):
    assert not setup_device(deterministic=False).deterministic
    assert setup_device().deterministic
    info = setup_device(deterministic=False)
    assert info.deterministic
    assert any("deterministic operations (on)" in note for note in info.notes)


@pytest.mark.parametrize(("capability", "policy"), [((7, 5), "mixed_float16"), ((6, 1), "float32")])
def test_mixed_precision_on_a_gpu(monkeypatch, fake, capability, policy):
    FakeTensorFlow(monkeypatch, capability=capability)
    info = setup_device(mixed_precision=True)
    assert info.precision == policy
    assert any("no faster" in note for note in info.notes) == (policy == "float32")
    assert setup_device().precision == "float32"


@pytest.mark.parametrize(("flags", "policy"), [("avx512_bf16", "mixed_bfloat16"), ("", "float32")])
def test_mixed_precision_on_a_cpu(monkeypatch, fake, flags, policy):
    FakeTensorFlow(monkeypatch, count=0)
    monkeypatch.setattr(device, "_cpuinfo", lambda: f"model name : Fake CPU\nflags : {flags}\n")
    info = setup_device(mixed_precision=True)
    assert (info.kind, info.devices, info.precision) == ("CPU", ("Fake CPU",), policy)


@pytest.mark.parametrize("bad", [{"seed": -1}, {"seed": 2**32}, {"memory_limit_mb": 0}])
def test_arguments_out_of_range_are_named(bad):
    with pytest.raises(ValueError, match=f"{next(iter(bad))} must be .* Received: "):
        setup_device(**bad)


def test_set_seed_repeats_numbers():
    import numpy as np

    set_seed(5)
    first = np.random.rand(3)
    set_seed(5)
    assert (np.random.rand(3) == first).all()
    with pytest.raises(ValueError, match="seed must be"):
        set_seed(-1)


def test_quiet_tensorflow_keeps_chatter_back_and_the_rest_not(capfd, monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    with device.quiet_tensorflow():
        os.write(2, b"I0000 00:00:1795477394.8    5129 cudart_stub.cc:31] no drivers\nmine\n")
    assert capfd.readouterr().err == "mine\n"

    def fails():
        with device.quiet_tensorflow():
            os.write(2, b"E0000 00:00:1795477394.8    5129 x.cc:31] why\n")
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert "x.cc:31] why" in capfd.readouterr().err


VERSION_1 = {"cpu/cpu.cfs_quota_us": "200000", "cpu/cpu.cfs_period_us": "100000"}


@pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")
@pytest.mark.parametrize(
    ("affinity", "files", "expected"),
    [
        (8, {}, 8),
        (3, {}, 3),
        (8, {"cpu.max": "max 100000"}, 8),
        (8, {"cpu.max": "200000 100000"}, 2),
        (1, {"cpu.max": "200000 100000"}, 1),
        (8, {"cpu.max": "120000 100000"}, 2),
        (8, {"cpu.max": "1000 100000"}, 1),
        (8, VERSION_1, 2),
        (8, VERSION_1 | {"cpu/cpu.cfs_quota_us": "-1"}, 8),
    ],
)
def test_a_limit_of_cores(tmp_path, monkeypatch, affinity, files, expected):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{text}\n")

    def moved(path):
        return str(path).replace("/sys/fs/cgroup", str(tmp_path))

    plain_open, plain_exists = open, os.path.exists
    monkeypatch.setattr("builtins.open", lambda path, *rest: plain_open(moved(path), *rest))
    monkeypatch.setattr("os.path.exists", lambda path: plain_exists(moved(path)))
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(affinity)))
    monkeypatch.delenv("LOKY_MAX_CPU_COUNT", raising=False)
    assert usable_cpus() == expected


@pytest.mark.parametrize("name", ["memory.max", "memory/memory.limit_in_bytes"])
def test_a_limit_of_memory(tmp_path, name):
    (tmp_path / "memory").mkdir()
    all_of_it = usable_memory_mib(tmp_path)
    (tmp_path / name).write_text("max\n")
    assert usable_memory_mib(tmp_path) == all_of_it
    (tmp_path / name).write_text(f"{512 * 2**20}\n")
    assert usable_memory_mib(tmp_path) == 512


# ------------------------------------------------------------------------- real processes

TRAIN = """
import json, numpy as np
def train(strategy, batch=16):
    import keras
    from tlcourse import set_seed
    set_seed(1)
    x = np.random.rand(64, 8, 8, 3).astype("float32")
    y = np.arange(64) % 3
    with strategy.scope():
        model = keras.Sequential([
            keras.layers.Input((8, 8, 3)), keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.Flatten(), keras.layers.Dense(3)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss)
    losses = model.fit(x, y, batch_size=batch, epochs=3, verbose=0).history["loss"]
    return losses, np.concatenate([w.ravel() for w in model.get_weights()])
"""


@pytest.fixture(scope="module")
def notebook():
    """What a fresh notebook does: set up, train twice, set up again in other ways."""
    code = """
import os, sys
import tlcourse.machine.device
lazy = "tensorflow" not in sys.modules
from tlcourse import setup_device
first = setup_device()
a, b = train(first.strategy), train(first.strategy)
train(first.strategy, batch=128)  # TensorFlow logs a harmless "error" for one short batch
again = setup_device()
os.environ["TF_NUM_INTRAOP_THREADS"] = "3"
changed = setup_device(deterministic=False)
print(json.dumps({
    "lazy": lazy, "same_info": first == again, "notes": first.notes, "threads": first.threads,
    "same_bits": a[0] == b[0] and bool((a[1] == b[1]).all()), "fell": a[0][-1] < a[0][0],
    "changed": [changed.threads, changed.deterministic, *changed.notes]}))
"""
    return in_fresh_python(TRAIN + code, CUDA_VISIBLE_DEVICES="-1", TF_NUM_INTRAOP_THREADS="2")


@pytest.mark.slow
def test_nothing_is_printed(notebook):
    assert notebook.printed == []
    assert notebook.stderr == ""


@pytest.mark.slow
def test_importing_the_module_leaves_tensorflow_alone(notebook):
    assert notebook.result["lazy"]


@pytest.mark.slow
def test_two_seeded_runs_are_bit_equal(notebook):
    assert notebook.result["same_bits"]
    assert notebook.result["fell"]


@pytest.mark.slow
def test_a_second_call_is_safe_and_the_same(notebook):
    assert notebook.result["same_info"]
    assert notebook.result["threads"] == 2


@pytest.mark.slow
def test_a_later_call_says_what_stays(notebook):
    threads, deterministic, *notes = notebook.result["changed"]
    assert (threads, deterministic) == (2, True)
    assert "threads (2 instead of 3); deterministic operations (on)" in notes[-1]
    assert "restart the kernel" in notes[-1]


@pytest.fixture(scope="module")
def two_devices():
    """A notebook that starts TensorFlow before setup_device, with two CPUs passed off as GPUs."""
    code = """
from unittest import mock
import tensorflow as tf
config = tf.config
cpu = config.list_physical_devices("CPU")[0]
config.set_logical_device_configuration(cpu, [config.LogicalDeviceConfiguration()] * 2)
config.threading.set_intra_op_parallelism_threads(1)
tf.constant(1) + 1
one, cpus = tf.distribute.get_strategy(), config.list_logical_devices("CPU")
from tlcourse import setup_device
fakes = [
    (config, "list_physical_devices", lambda kind: ["a", "b"]),
    (config, "get_visible_devices", lambda kind: ["a", "b"]),
    (config, "list_logical_devices", lambda kind: cpus),
    (config.experimental, "get_device_details", lambda gpu: {}),
]
for owner, name, fake in fakes:
    mock.patch.object(owner, name, fake).start()
info = setup_device()
mock.patch.stopall()
a, b = train(one), train(info.strategy)
print(json.dumps({
    "strategy": type(info.strategy).__name__, "replicas": info.strategy.num_replicas_in_sync,
    "losses": [a[0], b[0]], "apart": float(np.abs(a[1] - b[1]).max()),
    "threads": info.threads, "notes": info.notes}))
"""
    environment = {"CUDA_VISIBLE_DEVICES": "-1", "TF_NUM_INTRAOP_THREADS": "2"}
    return in_fresh_python(TRAIN + code, **environment).result


@pytest.mark.slow
def test_two_devices_train_as_one_does(two_devices):
    """MirroredStrategy, as setup_device picks it, gives the losses and weights of one device."""
    assert (two_devices["strategy"], two_devices["replicas"]) == ("MirroredStrategy", 2)
    one, two = two_devices["losses"]
    assert one == pytest.approx(two, abs=1e-5)
    assert one[-1] < one[0]
    assert two_devices["apart"] < 1e-5


@pytest.mark.slow
def test_first_call_after_tensorflow_has_started(two_devices):
    assert two_devices["threads"] == 1
    notes = two_devices["notes"]
    assert any("imported before" in note and "restart" in note for note in notes)
    (stays,) = [note for note in notes if "stay as they are" in note]
    assert "threads (1 instead of 2); how GPU memory is taken" in stays
    assert "restart the kernel" in stays
