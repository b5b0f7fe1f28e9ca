"""For JupyterHub: who may log in, and a server for each student behind a fence of its own."""

import asyncio
import contextlib
import os
import sys
from pathlib import Path

import psutil
from hub import COURSE_ID, ROOT, Hub, inside, is_right
from jupyterhub.auth import Authenticator
from jupyterhub.spawner import SimpleLocalProcessSpawner
from traitlets import Instance

from tlcourse.machine.sandbox import HOME

_MIB = 2**20
_ETC = ("ld.so.cache", "fonts", "alternatives", "localtime", "ssl/certs")
# Settings of nbgrader and of the server, for all students.
SETTINGS = Path(__file__).resolve().parent / "student"


class PasswordFile(Authenticator):
    """Names and passwords of `hub.py … add`. Nobody can sign up, and there is no default."""

    room = Instance(Hub).tag(config=True)

    async def authenticate(self, handler, data):
        """Give the name back if the password is right; a wrong one costs a second."""
        name, password = data["username"], data["password"]
        if await asyncio.to_thread(is_right, self.room, name, password):
            return name
        await asyncio.sleep(1)
        return None


class FencedSpawner(SimpleLocalProcessSpawner):
    """A student's server in bubblewrap: it sees the course, its own home, and no other.

    All servers run as the user who runs the hub; what keeps them apart are namespaces of the
    kernel. They share the machine's network, on which each server asks for its student's token;
    kernels talk over sockets in folders of their own (`student/`).
    """

    room = Instance(Hub).tag(config=True)

    async def start(self):
        """Make the student's folders, then start the server behind its fence."""
        name = self.user.name
        await asyncio.to_thread(inside, self.room, name)
        self.home_dir = str(self.room.home(name))
        self.cmd = [*fence(self.room, name), *_SERVER]
        return await super().start()

    def user_env(self, env):
        """The names and places that the server finds inside its fence."""
        return super().user_env(env) | {
            "HOME": HOME,
            "LOGNAME": self.user.name,
            "TLCOURSE_SHARED": "/srv/shared",
            "TLCOURSE_OFFLINE": "1",
            "PYTHONPATH": str(ROOT),
            "JUPYTER_CONFIG_PATH": "/etc/jupyter",
        }

    async def poll(self):
        """Whether it still runs. A student's largest process ends if all together take too much."""
        status = await super().poll()
        if status is None and self.pid and self.mem_limit:
            await asyncio.to_thread(_hold_to, self.pid, self.mem_limit, self.log)
        return status


_SERVER = [sys.executable, "-m", "jupyterhub.singleuser"]


def fence(hub: Hub, student: str) -> list[str]:
    """Bubblewrap's words before the server's command."""
    line = ["bwrap", "--unshare-all", "--share-net", "--die-with-parent", "--cap-drop", "ALL"]
    line += ["--unshare-user", "--uid", "1000", "--gid", "1000"]  # also where root runs the hub
    line += ["--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev"]
    for name in ("bin", "sbin", "lib", "lib64"):
        path = Path("/", name)
        if path.is_symlink():
            line += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            line += ["--ro-bind", str(path), str(path)]
    for name in _ETC:
        line += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
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
    line += ["--bind", str(own.parent), "/srv/exchange"]
    line += ["--ro-bind", str(hub.outbound), f"/srv/exchange/{COURSE_ID}/outbound"]
    line += ["--ro-bind", str(own / "feedback"), f"/srv/exchange/{COURSE_ID}/feedback"]
    line += ["--ro-bind", str(own / "feedback"), f"{HOME}/feedback"]
    return [*line, "--remount-ro", "/", "--chdir", HOME, "--", "prlimit", "--core=0", "--"]


def why_not() -> str:
    """Why there can be no fence here, or nothing."""
    from tlcourse.machine import sandbox

    return sandbox.why_not()


def _hold_to(pid: int, limit: int, log) -> None:
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
