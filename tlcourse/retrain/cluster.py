"""Feature extraction on a Dask cluster: the machines need the photos' folder, and nothing else.

Extracting features is where the time goes, and no photo has to know of another. So a shard of
photos is a task; each worker loads the backbone once; a task whose worker is lost is done again by
another, as Dask does it. The results land in the cache of this machine, bit for bit those that
one process computes.

Training itself stays on one machine: `tf.distribute.MultiWorkerMirroredStrategy`, which would
spread it, does not work with Keras 3 (issue 20585 of keras-team/keras, open).
"""

import contextlib
import functools
import logging
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from tlcourse.errors import AssetError
from tlcourse.machine.device import setup_device
from tlcourse.machine.limits import usable_cpus
from tlcourse.retrain.backbone import load
from tlcourse.retrain.stream import Shard, compute_shard, shards

LOCAL = "local"
PATIENCE = 10  # seconds for a scheduler to answer
_LOADING = threading.Lock()


@contextlib.contextmanager
def connected(address: str) -> Iterator:
    """A Dask client of a scheduler, or of a cluster started here for the time being.

    Args:
        address: such as `tcp://10.0.0.5:8786`; `"local"` starts one worker a core.

    Raises:
        AssetError: Dask is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise AssetError(
            "--dask needs Dask, which is not installed: pip install 'tlcourse[dask]', or "
            'pip install -c constraints.txt -e ".[dask]" in a checkout.'
        ) from None
    with contextlib.ExitStack() as stack:
        if address == LOCAL:
            address = stack.enter_context(
                LocalCluster(
                    n_workers=usable_cpus(),
                    threads_per_worker=1,
                    dashboard_address=None,
                    silence_logs=logging.CRITICAL,
                )
            )
        try:
            client = stack.enter_context(Client(address, timeout=PATIENCE, set_as_default=False))
        except (OSError, ValueError) as error:
            raise AssetError(
                f"No Dask scheduler answers at {address} ({error}). Start one with `dask "
                "scheduler`, and workers with `dask worker ADDRESS`; or give no address, for a "
                "cluster on this machine."
            ) from error
        yield client


def compute_on(client, paths: Sequence[Path], name: str, size: int) -> Iterator[Shard]:
    """The shards of photos in order, computed by the workers of a cluster.

    A few tasks a worker are under way at a time, so that results do not pile up.

    Args:
        client: of Dask.
        paths: the photos; the workers find them under the same absolute paths.
        name: of the backbone.
        size: height and width at which it looks at pictures.
    """
    waiting: deque = deque()
    ahead = 4 * max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
    for chunk in shards([Path(path).resolve() for path in paths]):
        waiting.append(client.submit(_task, chunk, name, size, pure=False))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _task(paths: Sequence[Path], name: str, size: int) -> Shard:
    with _LOADING:  # a worker may have several threads
        backbone = _backbone(name, size)
    return compute_shard(paths, backbone, size)


@functools.cache
def _backbone(name: str, size: int):
    setup_device()
    return load(name, size)
