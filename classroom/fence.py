"""A fence around a student's server: bubblewrap's words, and a hold on its memory."""

import contextlib
import sys
from pathlib import Path

import psutil
from hub import COURSE_ID, ROOT, Hub

from tlcourse.machine.sandbox import HOME, system_words

_MIB = 2**20
# Settings of nbgrader and of the server, for all students.
SETTINGS = Path(__file__).resolve().parent / "student"


def fence(hub: Hub, student: str) -> list[str]:
    """Bubblewrap's words before the server's command."""
    line = ["bwrap", "--unshare-all", "--share-net", "--die-with-parent", "--cap-drop", "ALL"]
    line += ["--unshare-user", "--uid", "1000", "--gid", "1000"]  # also where root runs the hub
    line += system_words("ssl/certs")
    line += ["--ro-bind", str(SETTINGS), "/etc/jupyter"]
    line += ["--ro-bind", str(hub.account(student)), "/etc/passwd"]
    for folder in ("/tmp", "/dev/shm", "/run"):
        line += ["--size", str(512 * _MIB), "--tmpfs", folder]
    # Of Python's path only the packages: it may also hold the checkout, which has the solutions,
    # or the folder that the hub was started in.
    packages = [Path(path) for path in sys.path if Path(path).name == "site-packages"]
    python = [Path(sys.base_prefix), Path(sys.prefix), *packages]
    for path in dict.fromkeys([*python, ROOT / "tlcourse", ROOT / "datasets"]):
        if not path.resolve().is_relative_to("/usr"):
            line += ["--ro-bind", str(path), str(path)]
    own = hub.exchange(student)
    line += ["--ro-bind", str(hub.shared), "/srv/shared"]
    line += ["--bind", str(hub.home(student)), HOME]
    # Of the exchange, the inbound folder alone can be written to. It is a mount of its own: nobody
    # can put a link in its place, for the collector to follow.
    line += ["--size", str(_MIB), "--tmpfs", "/srv/exchange"]
    line += ["--bind", str(own / "inbound"), f"/srv/exchange/{COURSE_ID}/inbound"]
    line += ["--ro-bind", str(hub.outbound), f"/srv/exchange/{COURSE_ID}/outbound"]
    line += ["--ro-bind", str(own / "feedback"), f"/srv/exchange/{COURSE_ID}/feedback"]
    line += ["--ro-bind", str(own / "feedback"), f"{HOME}/feedback"]
    return [*line, "--remount-ro", "/", "--chdir", HOME, "--", "prlimit", "--core=0", "--"]


def hold_to(pid: int, limit: int, log) -> None:
    """End the largest process of a server's tree if the tree takes more bytes than the limit."""
    sizes = {}
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                sizes[process] = process.memory_info().rss
    if sum(sizes.values()) > limit:
        largest = max(sizes, key=sizes.get)
        log.warning("%d takes %d MiB, with the rest too much: it ends", largest.pid,
                    sizes[largest] // _MIB)  # fmt: skip
        with contextlib.suppress(psutil.NoSuchProcess):
            largest.kill()
