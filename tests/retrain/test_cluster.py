"""Feature extraction on a Dask cluster of two processes: bit for bit what one process computes."""

import os
import signal

import numpy as np
import pytest

from tests.helpers.photo_folder import make_folder
from tlcourse import load_backbone, setup_device
from tlcourse.files import assets
from tlcourse.retrain import cluster, stream

pytestmark = pytest.mark.slow
SIZE = 64


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = make_folder(tmp_path_factory.mktemp("photos"), 3, 90, (96, 72))
    return sorted(folder.rglob("*.jpg"))  # 270: eight shards of 32, and a rest


@pytest.fixture(scope="module")
def here(paths):
    setup_device()
    return list(stream.compute_here(paths, load_backbone("photonet"), SIZE))


@pytest.fixture(scope="module")
def client(here):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "usable_cpus", lambda: 2)
        with cluster.connected(cluster.LOCAL) as client:
            client.wait_for_workers(2)
            yield client


def the_same(one, two):
    assert len(one) == len(two)
    for a, b in zip(one, two, strict=True):
        assert np.array_equal(a.pictures, b.pictures)
        assert np.array_equal(a.features, b.features)


def test_two_processes_give_the_bits_of_one(paths, here, client):
    processes = set(client.run(os.getpid).values())
    assert len(processes - {os.getpid()}) == 2
    there = list(cluster.compute_on(client, paths, "photonet", SIZE))
    assert sum(len(shard.features) for shard in there) == 270
    the_same(here, there)


def test_a_killed_worker_is_made_up_for(paths, here, client):
    results = cluster.compute_on(client, paths, "photonet", SIZE)
    there = [next(results)]
    victim = next(iter(client.run(os.getpid).values()))
    os.kill(victim, signal.SIGKILL)
    there += results
    the_same(here, there)
    assert victim not in client.run(os.getpid).values()


def test_a_photo_that_a_worker_cannot_read_is_named(tmp_path, client):
    path = tmp_path / "gone.jpg"
    with pytest.raises(ValueError, match=r"gone\.jpg could be read when it was checked"):
        list(cluster.compute_on(client, [path], "photonet", SIZE))


def test_no_scheduler_at_that_address(monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    with (
        pytest.raises(assets.AssetError, match="No Dask scheduler answers at 127"),
        cluster.connected("127.0.0.1:9"),
    ):
        pass
