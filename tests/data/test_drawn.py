"""The drawn tasks and their cache: same seed same pictures, and a cache that is never wrong.

Most tests put a quick stand-in in the place of the renderer; test_objects.py tests that one. The
tests may run as root, whom no permission stops from writing: see test_assets.py.
"""

import builtins
import errno
import os
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

from tlcourse.data import drawn, load_task
from tlcourse.drawing import render as objects

# One a line, as the cache names them: seed 0, first number, pictures a class.
KEYS = [
    f"drawn/v{objects.RENDERER_VERSION}/sunglasses-s0-{part}.npy"
    for part in ("0-50", "100-4", "50-50")
]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.delenv("TLCOURSE_SHARED", raising=False)
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def pixel(name, seed, index):
    """What the stand-in draws: which picture it is."""
    classes = objects.SOURCE_CLASSES + objects.TARGET_CLASSES
    return [classes.index(name), seed, index % 256]


@pytest.fixture
def drawings(monkeypatch):
    """The stand-in for the renderer; gives the list of what was drawn."""
    drawn_so_far = []

    def render(name, seed, index):
        drawn_so_far.append((name, seed, index))
        return np.broadcast_to(np.array(pixel(name, seed, index), np.uint8), (64, 64, 3))

    monkeypatch.setattr(objects, "render", render)
    return drawn_so_far


def forbid_drawing(monkeypatch):
    def render(*_):
        raise AssertionError("drawn, though it is in the cache")

    monkeypatch.setattr(objects, "render", render)


def check(task, train=4, seed=0):
    """Every picture of `sunglasses` is there, in order, with its label."""
    for split, first, count in (
        (task.test, 0, 50),
        (task.validation, 50, 50),
        (task.train, 100, train),
    ):
        expected = [
            pixel(name, seed, first + i) for name in objects.TARGET_CLASSES for i in range(count)
        ]
        assert split.images.shape == (6 * count, 64, 64, 3)
        assert split.images.dtype == np.uint8
        assert split.images[:, 5, 7].tolist() == expected
        assert split.labels.tolist() == [k for k in range(6) for _ in range(count)]


def files_in(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_default_sizes(drawings):
    source, target = load_task("objects"), load_task("sunglasses")
    assert repr(source).endswith("20 classes, 64×64 pixels, 4,000 / 1,000 / 1,000 images to train "
                                 "/ validate / test")  # fmt: skip
    assert repr(target).endswith(
        "6 classes, 64×64 pixels, 600 / 300 / 300 images to train / validate / test"
    )
    assert source.class_names[0] == "backpack"
    assert target.class_names[0] == "sunglasses"
    assert not set(source.class_names) & set(target.class_names)
    assert len(set(drawings)) == len(drawings) == 7200  # no picture in two splits, none twice


def test_the_same_seed_gives_the_same_real_pictures(cache, monkeypatch):
    monkeypatch.setattr(drawn, "TEST_PER_CLASS", 1)
    monkeypatch.setattr(drawn, "VALIDATION_PER_CLASS", 1)
    first = load_task("sunglasses", train_per_class=2, seed=5)
    monkeypatch.setenv("TLCOURSE_CACHE", str(cache / "other"))
    again = load_task("sunglasses", train_per_class=2, seed=5)
    other = load_task("sunglasses", train_per_class=2, seed=6)
    for split in ("train", "validation", "test"):
        images = getattr(first, split).images
        assert np.array_equal(images, getattr(again, split).images)
        assert not np.array_equal(images, getattr(other, split).images)
    assert np.array_equal(first.test.images[0], objects.render("sunglasses", 5, 0))
    assert np.array_equal(first.validation.images[1], objects.render("eyeglasses", 5, 1))
    assert np.array_equal(first.train.images[3], objects.render("eyeglasses", 5, 3))


def test_the_second_time_it_is_read_by_memory_map(cache, drawings, monkeypatch):
    check(load_task("sunglasses", train_per_class=4))
    assert files_in(cache) == KEYS
    forbid_drawing(monkeypatch)
    task = load_task("sunglasses", train_per_class=4)
    check(task)
    assert isinstance(task.train.images, np.memmap)
    assert task.train.images.mode == "r"
    with pytest.raises(ValueError, match="read-only"):
        task.train.images[0] = 0
    assert np.bincount(task.few_shot(2).train.labels).tolist() == [2] * 6


def test_a_training_set_of_any_size_keeps_the_other_splits(cache, drawings):
    load_task("sunglasses", train_per_class=4)
    before = len(drawings)
    check(load_task("sunglasses", train_per_class=7), train=7)
    # Only the training pictures are new, and they never come from the numbers of the other splits.
    assert len(drawings) - before == 6 * 7
    assert min(index for _, _, index in drawings[before:]) == 100
    check(load_task("sunglasses", train_per_class=1), train=1)
    check(load_task("sunglasses", train_per_class=4, seed=3), seed=3)
    assert len(files_in(cache)) == 8


@pytest.mark.parametrize("number", [0, -3])
def test_too_small_a_training_set(number):
    with pytest.raises(ValueError, match=f"train_per_class must be at least 1, not {number}"):
        load_task("objects", train_per_class=number)


def test_another_version_of_the_renderer_has_its_own_cache(cache, drawings, monkeypatch):
    load_task("sunglasses", train_per_class=4)
    monkeypatch.setattr(objects, "RENDERER_VERSION", objects.RENDERER_VERSION + 1)
    before = len(drawings)
    load_task("sunglasses", train_per_class=4)
    assert len(drawings) == 2 * before


@pytest.mark.parametrize("kind", ["truncated", "header", "empty", "noise", "shape", "type"])
def test_a_wrong_cache_file_is_made_again(cache, drawings, kind):
    load_task("sunglasses", train_per_class=4)
    path = cache / KEYS[1]
    content = path.read_bytes()
    wrong = {
        "truncated": content[: len(content) // 2],
        "header": content[:20],
        "empty": b"",
        "noise": bytes(range(256)) * 100,
    }
    path.unlink()
    if kind == "shape":
        np.save(path, np.zeros((24, 32, 32, 3), np.uint8))
    elif kind == "type":
        np.save(path, np.zeros((24, 64, 64, 3), np.float32))
    else:
        path.write_bytes(wrong[kind])
    check(load_task("sunglasses", train_per_class=4))
    assert path.read_bytes() == content


def test_the_shared_cache_is_read_first_and_never_written(cache, drawings, tmp_path, monkeypatch):
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "shared"))
    load_task("sunglasses", train_per_class=4)
    monkeypatch.setenv("TLCOURSE_CACHE", str(cache))
    monkeypatch.setenv("TLCOURSE_SHARED", str(tmp_path / "shared"))
    before = len(drawings)
    task = load_task("sunglasses", train_per_class=4)
    check(task)
    assert len(drawings) == before
    assert not cache.exists()
    assert str(task.test.images.filename).startswith(str(tmp_path / "shared"))

    load_task("sunglasses", train_per_class=5)  # not in the shared one: goes to the own
    assert files_in(tmp_path / "shared") == KEYS
    assert files_in(cache) == [KEYS[1].replace("100-4", "100-5")]


def test_a_damaged_shared_file_is_passed_over_for_the_own_one(
    cache, drawings, tmp_path, monkeypatch
):
    load_task("sunglasses", train_per_class=4)
    shared = tmp_path / "shared" / KEYS[1]
    shared.parent.mkdir(parents=True)
    shared.write_bytes(b"damaged")
    monkeypatch.setenv("TLCOURSE_SHARED", str(tmp_path / "shared"))
    forbid_drawing(monkeypatch)
    check(load_task("sunglasses", train_per_class=4))
    assert shared.read_bytes() == b"damaged"


def test_no_write_permission_warns_once_and_gives_the_pictures(cache, drawings):
    cache.write_text("a file where the folder should be")
    with pytest.warns(UserWarning, match="Could not write") as caught:
        task = load_task("sunglasses", train_per_class=4)
    check(task)
    (warning,) = caught
    assert str(warning.message).startswith(f"Could not write {cache}")
    assert "set TLCOURSE_CACHE to another folder" in str(warning.message)
    assert str(warning.message).endswith("will be drawn again next time.")
    assert warning.filename == __file__  # it points at the caller's line


def test_full_disk_warns_and_gives_the_pictures(cache, drawings, monkeypatch):
    def save(file, images):
        file.write(b"the first bytes fit")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(np, "save", save)
        with pytest.warns(UserWarning, match=r"No space left on device\. Make room on the disk"):
            check(load_task("sunglasses", train_per_class=4))
    assert files_in(cache) == []
    check(load_task("sunglasses", train_per_class=4))  # there is room again
    assert files_in(cache) == KEYS


# A process whose files may not grow beyond 100 kB: a real short write, as on a full disk.
SMALL_FILES = """
import resource, warnings
import numpy as np
from tlcourse.data import load_task
from tlcourse.drawing import render as objects
objects.render = lambda name, seed, index: np.full((64, 64, 3), index, np.uint8)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
with warnings.catch_warnings(record=True) as caught:
    task = load_task("sunglasses", train_per_class=4)
print(task.train.images[-1, 0, 0].tolist(), len(caught))
print(caught[0].message)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit on Windows")
def test_a_write_that_falls_short(cache):
    output = subprocess.check_output([sys.executable, "-c", SMALL_FILES], text=True)
    assert output.startswith("[103, 103, 103] 1\nCould not write ")
    assert "the disk may be full" in output or "File too large" in output
    assert files_in(cache) == []


def test_a_file_that_another_process_wrote_meanwhile_is_taken(cache, drawings, monkeypatch):
    # Windows lets no one replace a file that is memory-mapped elsewhere.
    plain = os.replace

    def replace(source, target):
        plain(source, target)
        raise PermissionError(errno.EACCES, "Access is denied", str(target))

    monkeypatch.setattr(os, "replace", replace)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        task = load_task("sunglasses", train_per_class=4)
    check(task)
    assert isinstance(task.train.images, np.memmap)


def test_an_unreadable_cache_file(cache, drawings, monkeypatch):
    load_task("sunglasses", train_per_class=4)
    plain, before = builtins.open, len(drawings)

    def forbidden(path, mode="r", *rest, **options):
        if str(path).endswith(".npy") and "r" in mode:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return plain(path, mode, *rest, **options)

    monkeypatch.setattr(builtins, "open", forbidden)
    check(load_task("sunglasses", train_per_class=4))
    assert len(drawings) == 2 * before


# A process that fills the cache. With "stop" it stops for ever in the middle of the second file.
FILL = """
import sys, time
import numpy as np
from tlcourse.data import load_task
from tlcourse.drawing import render as objects
CLASSES = objects.SOURCE_CLASSES + objects.TARGET_CLASSES
def render(name, seed, index):
    return np.broadcast_to(np.array([CLASSES.index(name), seed, index], np.uint8), (64, 64, 3))
objects.render = render
if sys.argv[1] == "stop":
    plain = np.save
    def save(file, images):
        if len(images) == 300 and images[0, 0, 0, 2] == 50:
            file.write(b"half of it")
            file.flush()
            print("stopped", flush=True)
            time.sleep(60)
        plain(file, images)
    np.save = save
task = load_task("sunglasses", train_per_class=4)
print(int(task.train.images.sum()), int(task.test.images.sum()))
"""


def start_fill(how):
    command = [sys.executable, "-c", FILL, how]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL on Windows")
def test_a_killed_generation_leaves_nothing_wrong(cache, drawings):
    with start_fill("stop") as process:
        assert process.stdout.readline() == "stopped\n"
        process.send_signal(signal.SIGKILL)
    left = files_in(cache)
    assert KEYS[0] in left
    assert KEYS[2] not in left
    (partial,) = cache.rglob("*.part")
    assert partial.read_bytes() == b"half of it"

    check(load_task("sunglasses", train_per_class=4))
    assert len(drawings) == 6 * 54  # the first file was whole, and is used
    yesterday = time.time() - 25 * 3600
    os.utime(partial, (yesterday, yesterday))
    load_task("sunglasses", train_per_class=5)
    assert not partial.exists()  # swept away by a later run


def test_two_processes_fill_the_cache_at_once(cache, drawings, monkeypatch):
    first, second = start_fill("go"), start_fill("go")
    with first, second:
        outputs = [process.communicate(timeout=60) for process in (first, second)]
    forbid_drawing(monkeypatch)
    task = load_task("sunglasses", train_per_class=4)
    check(task)
    sums = f"{int(task.train.images.sum())} {int(task.test.images.sum())}\n"
    assert outputs == [(sums, ""), (sums, "")]
    assert files_in(cache) == KEYS


@pytest.mark.parametrize(("disabled", "bar"), [("", True), ("0", True), ("1", False)])
def test_the_progress_bar_can_be_switched_off(monkeypatch, capsys, disabled, bar):
    """Stored notebooks hold no bar, so their tests must not draw one either."""
    monkeypatch.setenv("TQDM_DISABLE", disabled)
    monkeypatch.setattr(objects, "render", lambda *_: np.zeros((64, 64, 3), np.uint8))
    load_task("objects", train_per_class=100)
    assert ("Drawing objects" in capsys.readouterr().err) == bar
