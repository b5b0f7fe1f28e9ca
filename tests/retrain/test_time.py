"""`--time-budget` is for all of it, and what cannot be done in time is said soon."""

import time
from pathlib import Path

import numpy as np
import pytest

from tlcourse import load_backbone
from tlcourse.errors import InputError
from tlcourse.retrain import stream


def slow_shards(count, seconds=0.02):
    """Shards of one photo each; the first takes longer, as TensorFlow makes its graph then."""
    for at in range(count):
        time.sleep(seconds * (10 if at == 0 else 1))
        yield stream.Shard(np.zeros((1, 8, 8, 3), np.uint8), np.full((1, 2), at, "float32"))


def test_what_takes_longer_than_there_is_time_is_said_after_a_few_photos(tmp_path, monkeypatch):
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TQDM_DISABLE", "1")
    paths = [Path(f"{at}.jpg") for at in range(32 * 500)]  # 500 shards: ten seconds
    read = []
    with pytest.raises(
        InputError, match=r"takes about \d+ s more, and --time-budget leaves [01] s"
    ):
        stream.extract(
            paths, ["x"] * len(paths), load_backbone("photonet"), 64,
            lambda _: (read.append(1) or shard for shard in slow_shards(500)),
            deadline=time.monotonic() + 1.5,
        )  # fmt: skip
    assert len(read) == stream.PACE + 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_what_is_in_time_is_done():
    done = list(stream._in_time(slow_shards(12), 12, time.monotonic() + 60))
    assert [int(shard.features[0, 0]) for shard in done] == list(range(12))
    # The last of them are waited for, however late it is: nothing is won by giving up.
    assert len(list(stream._in_time(slow_shards(4), 4, time.monotonic()))) == 4
