"""What happens in a simulated class, student by student, and what is measured of it."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tools.hub_spy import forge, spy
from tools.hub_student import Kernel, Student, StudentError

ROOT = Path(__file__).resolve().parent.parent
# The exercise that is answered, and its points. It trains nothing, so grading is short.
EXERCISE, ANSWERED, POINTS = "13", "13-2", 2.0
FILL = """
import os
from pathlib import Path
os.chdir(Path.home())
with open("filler", "wb", buffering=0) as file:
    for size in (2**20, 4096, 1):
        try:
            while True:
                file.write(bytes(size))
        except OSError as error:
            reason = error.strerror
print(reason)
"""


@dataclass
class Class:
    """What one run has measured: MiB and seconds a student, and what went wrong."""

    students: int
    lesson: str
    load: float = 0.0
    server_mib: list[float] = field(default_factory=list)
    kernel_mib: list[float] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    hub_mib: float = 0.0
    taken_mib: float = 0.0
    graded: int = 0
    lost: list[str] = field(default_factory=list)
    holes: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    grading_seconds: float = 0.0

    @property
    def well(self) -> bool:
        """Nothing lost, nothing seen, nothing left behind."""
        return self.graded == self.students and not (self.lost or self.holes or self.left)


def pss_mib(pid: int) -> float:
    """Memory of a process and all below it; what several share is shared out among them."""
    total = 0
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        with contextlib.suppress(OSError, psutil.NoSuchProcess):
            for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024


def server_of(hub: subprocess.Popen, student: str) -> psutil.Process | None:
    """The fence of a student's server."""
    for process in psutil.Process(hub.pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if any(part.endswith(f"/homes/{student}") for part in process.cmdline()):
                return process
    return None


def ports_of(server: psutil.Process) -> list[int]:
    """The ports on which it listens."""
    found = []
    for process in server.children(recursive=True):
        found += [one.laddr.port for one in process.net_connections() if one.status == "LISTEN"]
    return found


def kernels_of(hub: subprocess.Popen, student: str) -> list[psutil.Process]:
    """The kernels behind it, the oldest first."""
    server = server_of(hub, student)
    below = server.children(recursive=True) if server else []
    found = [one for one in below if any("ipykernel" in part for part in one.cmdline())]
    return sorted(found, key=lambda one: one.create_time())


@dataclass
class Teaching:
    """An hour of a class, in minutes."""

    hub: subprocess.Popen
    students: list[Student]
    folder: Path
    port: int
    result: Class
    upload: int
    disk_fills: bool = False  # the folder has a small file system of its own

    async def all(self) -> None:
        """Let all students in, and note what each has measured, or why they gave up."""
        async with contextlib.AsyncExitStack() as stack:
            for one in self.students:
                await stack.enter_async_context(one)
            await self._hub_is_up()
            self.ready = asyncio.Barrier(len(self.students))
            done = await asyncio.gather(*map(self._attend, self.students), return_exceptions=True)
            for student, error in zip(self.students, done, strict=True):
                if isinstance(error, BaseException):
                    self.result.lost.append(f"{student.name}: {type(error).__name__}: {error}")
            for one in self.students:
                for what, seconds in one.seconds.items():
                    self.result.seconds.setdefault(what, []).append(round(seconds, 1))

    async def _hub_is_up(self) -> None:
        for _ in range(240):
            if self.hub.poll() is not None:
                raise RuntimeError((self.folder / "hub.log").read_text()[-2000:])
            with contextlib.suppress(OSError, StudentError, Exception):
                async with self.students[0].http.get(f"{self.students[0].url}/hub/login") as page:
                    if page.status == 200:
                        return
            await asyncio.sleep(0.5)
        raise RuntimeError("the hub did not start within two minutes")

    async def _attend(self, student: Student) -> None:
        at = self.students.index(student)
        try:
            if await student.log_in("password"):
                self.result.holes.append(f"{student.name} is let in with a guessed password")
            if not await student.log_in():
                raise StudentError(f"{student.name} is not let in")
            await student.start_server()
            self._note(student, "server")
            self.result.server_mib.append(pss_mib(server_of(self.hub, student.name).pid))
            await self._lesson(student, at)
            await self._exercise(student, at)
        except BaseException:
            await self.ready.abort()
            raise

    async def _lesson(self, student: Student, at: int) -> None:
        """Open the lesson and run it to its first figure; then some of what happens in a class."""
        folder = ROOT / "lessons"
        name = next(folder.glob(f"{self.result.lesson}_*.ipynb")).name
        began = time.monotonic()
        notebook = await student.read(f"lessons/{name}")
        cells = [c["source"] for c in notebook["cells"] if c["cell_type"] == "code"]
        kernel = await student.kernel(f"lessons/{name}")
        await self._to_figure(student, kernel, cells, began)
        self._note(student, "figure")
        self.result.kernel_mib.append(pss_mib(kernels_of(self.hub, student.name)[0].pid))
        notebook["metadata"]["marker"] = student.marker
        await student.save(f"lessons/{name}", notebook)
        # Nobody must wait for a machine that is still starting others.
        await self.ready.wait()
        if at == 0:
            self.result.taken_mib = pss_mib(self.hub.pid)
            own = sum(pss_mib(s.pid) for s in psutil.Process(self.hub.pid).children())
            self.result.hub_mib = self.result.taken_mib - own
        await self.ready.wait()
        if at == 0:  # as if the machine had run out of memory
            kernels_of(self.hub, student.name)[0].kill()
            with contextlib.suppress(StudentError):
                await kernel.run("1")
            self._tell("a kernel was killed")
            kernel = await self._again(kernel)
            await kernel.run(cells[0])
        if at == 1 or len(self.students) == 1:
            await student.stop_server()
            self._tell("a server was stopped and started")
            await student.start_server()
            kernel = None
        if at == len(self.students) - 1:
            await student.upload("large.zip", self.upload)
            self._tell(f"{self.upload} MiB were uploaded")
        after = await student.read(f"lessons/{name}")
        if after["metadata"].get("marker") != student.marker:
            self.result.lost.append(f"{student.name}: the saved lesson")
        if kernel:
            await kernel.close()

    async def _to_figure(self, student: Student, kernel: Kernel, cells: list[str], began) -> None:
        for source in cells:
            outputs = await kernel.run(source)
            if outputs:
                student.seconds.setdefault("answer", time.monotonic() - began)
            if any(one["kind"] == "display_data" for one in outputs):
                student.seconds["figure"] = time.monotonic() - began
                return

    async def _again(self, kernel: Kernel) -> Kernel:
        """The kernel that Jupyter has started in the place of one that died."""
        for _ in range(60):
            with contextlib.suppress(Exception):
                await kernel.socket.close()
                await kernel.connect()
                await asyncio.wait_for(kernel.run("1"), 30)
                return kernel
            await asyncio.sleep(1)
        raise StudentError(f"{kernel.student.name}: the kernel was not started again")

    async def _exercise(self, student: Student, at: int) -> None:
        """Fetch the assignment, answer one exercise, see it right, and hand in with all others."""
        which = {"course_id": "transfer_learning", "assignment_id": f"lesson_{EXERCISE}"}
        await student.ask("POST", "/assignments/fetch", json=which)
        name = next((ROOT / "lessons" / "exercises").glob(f"{EXERCISE}_*.ipynb")).name
        path = f"lesson_{EXERCISE}/{name}"
        notebook = await student.read(path)
        solved = json.loads((ROOT / "lessons" / "solutions" / name).read_text("utf-8"))
        marks = {f"{kind}-{ANSWERED}": kind for kind in ("answer", "check")}
        began = time.monotonic()
        kernel = await student.kernel(path)
        for cell in notebook["cells"]:
            id = cell["metadata"].get("nbgrader", {}).get("grade_id")
            if id == f"answer-{ANSWERED}":
                cell["source"] = f"# {student.marker}\n" + _source(solved, id)
            if id in marks or _imports(cell):
                said = await kernel.run(cell["source"])
                if id == f"check-{ANSWERED}" and "Right." not in json.dumps(said):
                    raise StudentError(f"{student.name}: the check says {json.dumps(said)[:300]}")
        student.seconds["exercise"] = time.monotonic() - began
        await student.save(path, notebook)
        if at == 0:
            others = [one.name for one in self.students[1:4]]
            if others:
                await forge(kernel, which["assignment_id"], others[0])
                self._tell("one handed in under another's name")
            servers = {name: server_of(self.hub, name) for name in others}
            pids = [self.hub.pid, os.getpid(), *(one.pid for one in servers.values())]
            ports = {name: ports_of(one) for name, one in servers.items()}
            found = await spy(student, kernel, self.folder, self.port, pids, ports)
            self.result.holes += found
            self._tell("one spied")
        if self.disk_fills:
            await self._full_disk(student, at, kernel, path, which)
        await kernel.close()
        await self.ready.wait()  # and now, all at once
        began = time.monotonic()
        said = await student.ask("POST", "/assignments/submit", json=which)
        student.seconds["hand in"] = time.monotonic() - began
        if not any(one.get("status") == "submitted" for one in said["value"]):
            raise StudentError(f"{student.name}: not handed in: {json.dumps(said)[:500]}")

    async def _full_disk(
        self, student: Student, at: int, kernel: Kernel, path: str, which: dict
    ) -> None:
        """One student fills the disk; all save and hand in, are refused, and lose nothing."""
        notebook = await student.read(path)
        await self.ready.wait()
        if at == 0:
            said = await kernel.run(FILL)
            if "No space left" not in json.dumps(said):
                raise StudentError(f"{student.name}: the disk is not full: {said}")
        await self.ready.wait()
        changed = notebook | {"metadata": notebook["metadata"] | {"later": "x" * 2**16}}
        for what, do in (
            ("saved", lambda: student.save(path, changed)),
            ("handed in", lambda: student.ask("POST", "/assignments/submit", json=which)),
        ):
            try:
                answer = await do()
            except StudentError:
                continue  # the page shows what the server says
            if not (isinstance(answer, dict) and answer.get("success") is False):
                self.result.lost.append(f"{student.name}: {what} on a full disk: {answer}")
        after = await student.read(path)
        if json.dumps(after["cells"]) != json.dumps(notebook["cells"]):
            self.result.lost.append(f"{student.name}: the notebook, on a full disk")
        await self.ready.wait()
        if at == 0:
            await kernel.run("Path('filler').unlink()")
            self._tell("the disk was full, and nobody could save or hand in")
        await self.ready.wait()
        await student.save(path, notebook)

    def _note(self, student: Student, what: str) -> None:
        said = f"{student.name}: {what} after {student.seconds[what]:.0f} s"
        print(f"{time.strftime('%H:%M:%S')} {said}", file=sys.stderr, flush=True)

    def _tell(self, what: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)
        self.result.told.append(what)


def _source(notebook: dict, id: str) -> str:
    return next(
        "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == id
    )


def _imports(cell: dict) -> bool:
    return cell["cell_type"] == "code" and cell["source"].startswith(("import ", "from "))
