"""A sandbox for code that is not trusted: bubblewrap's command line, and a watch over it.

The kernel of Linux does the fencing (https://github.com/containers/bubblewrap). What it has no
limit for, the memory and the number of processes of a whole tree, a thread looks after.
"""

import contextlib
import functools
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HOME = "/home/student"
LOOK_SECONDS = 0.2
_MIB = 2**20
# Of /etc, only what libraries look up: no users, no hosts, no keys.
_ETC = ("ld.so.cache", "fonts", "alternatives", "localtime")


@dataclass(frozen=True)
class Limits:
    """Most that a sandbox may use: seconds in all, MiB, processes, MiB of output."""

    seconds: float = 600
    memory_mib: int = 4096
    disk_mib: int = 256
    processes: int = 64
    output_mib: float = 8


@functools.cache
def why_not() -> str:
    """Why there can be no sandbox here; empty where there can."""
    if not (shutil.which("bwrap") and shutil.which("prlimit")):
        return "bubblewrap (`bwrap`, on Linux only) and `prlimit` are not both installed"
    trial = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    done = subprocess.run(trial, capture_output=True, text=True)
    return done.stderr.strip() or "bwrap does not start" if done.returncode else ""


def system_words(*more_of_etc: str) -> list[str]:
    """Bubblewrap's words for what every program needs of the system, read-only.

    Args:
        more_of_etc: names in /etc beside those that libraries look up; left out where missing.
    """
    line = ["--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev"]
    for name in ("bin", "sbin", "lib", "lib64"):
        path = Path("/", name)
        if path.is_symlink():
            line += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            line += ["--ro-bind", str(path), str(path)]
    for name in (*_ETC, *more_of_etc):
        line += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return line


def command(
    argv: Sequence[str],
    limits: Limits,
    *,
    readable: Sequence[Path] = (),
    files: Sequence[Path] = (),
    sockets: Path | None = None,
    hidden: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> list[str]:
    """The command line that runs `argv` without network, rights, or sight of the rest.

    Args:
        argv: program and arguments.
        limits: of disk space, and, with a margin, of memory and processes.
        readable: folders that it may read, where they are.
        files: copies to put beside it in its home, read-only.
        sockets: a folder that it may write to.
        hidden: a folder that stays empty for it, also where `readable` holds it.
        env: its whole environment, but for HOME and PATH.
    """
    disk = str(limits.disk_mib * _MIB)
    line = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    line += ["--clearenv", *system_words()]
    for folder in ("/tmp", HOME, "/dev/shm"):
        line += ["--size", disk, "--tmpfs", folder]
    for path in dict.fromkeys([*map(Path, (sys.base_prefix, sys.prefix)), *readable]):
        if not path.resolve().is_relative_to("/usr"):
            line += ["--ro-bind-try", str(path), str(path)]
    if hidden and any(hidden.resolve().is_relative_to(path.resolve()) for path in readable):
        line += ["--tmpfs", str(hidden.resolve()), "--remount-ro", str(hidden.resolve())]
    for path in files:
        line += ["--ro-bind", str(path), f"{HOME}/{path.name}"]
    if sockets:
        line += ["--bind", str(sockets), str(sockets)]
    for name, value in {"HOME": HOME, "PATH": "/usr/bin:/bin", **(env or {})}.items():
        line += ["--setenv", name, value]
    line += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", HOME, "--"]
    line += ["prlimit", "--core=0", f"--fsize={disk}", "--nproc=1024"]
    return [*line, f"--data={2 * limits.memory_mib * _MIB}", "--", *argv]


class Watch(threading.Thread):
    """Ends a sandbox that goes beyond its limits, and says in `reason` why."""

    def __init__(self, pid: Callable[[], int | None], limits: Limits, sockets: Path):
        """Watch the process `pid()`, from when it is there, and the folder of its sockets."""
        super().__init__(daemon=True)
        self.reason = ""
        self._pid, self._limits, self._sockets = pid, limits, sockets
        self._over = threading.Event()
        self._until = time.monotonic() + limits.seconds

    def run(self) -> None:
        """Look again and again."""
        while not self._over.wait(LOOK_SECONDS):
            if reason := self._too_much():
                self.end(reason)

    def stop(self) -> None:
        """Look no more."""
        self._over.set()

    def end(self, reason: str) -> None:
        """Kill everything in the sandbox; the first reason stays."""
        import psutil

        self.reason = self.reason or reason
        if pid := self._pid():
            with contextlib.suppress(psutil.NoSuchProcess):
                for process in [*psutil.Process(pid).children(), psutil.Process(pid)]:
                    process.kill()  # with the first of its processes, all of a namespace end

    def _too_much(self) -> str:
        import psutil

        if time.monotonic() > self._until:
            return f"it ran for more than {self._limits.seconds:g} seconds"
        if sum(path.lstat().st_size for path in self._sockets.iterdir()) > _MIB:
            return "it wrote into the folder of its sockets"
        memory = count = 0
        try:
            for process in psutil.Process(self._pid()).children(recursive=True):
                count += 1
                with contextlib.suppress(psutil.NoSuchProcess):
                    memory += process.memory_info().rss
        except psutil.NoSuchProcess:
            return ""
        if count > self._limits.processes:
            return f"it started more than {self._limits.processes} processes"
        if memory > self._limits.memory_mib * _MIB:
            return f"it took more than {self._limits.memory_mib} MiB of memory"
        return ""
