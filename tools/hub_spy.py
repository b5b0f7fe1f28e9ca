"""What a curious student tries against the others, from a kernel and from a browser.

Everything is tried; what succeeds is a hole and is named. A try that must succeed is among them,
so that an empty list is no sign of a spy who never ran.
"""

import json
from itertools import chain
from pathlib import Path

from tools.hub_student import Student, StudentError

# Runs in the student's kernel. Each try is a line of Python; it is a hole if it does not stop.
_PROBE = """
import json, os, pathlib, signal, socket, urllib.request
def look(path):
    path = pathlib.Path(path)
    return list(path.iterdir()) if path.is_dir() else path.read_bytes()
def add(folder):
    target = pathlib.Path(folder) / "spy.txt"
    target.write_text("was here")
    target.unlink()
def call(url, token=""):
    asked = urllib.request.Request(url, headers={{"Authorization": "token " + token}})
    urllib.request.urlopen(asked, timeout=5).read()
def others():
    opened = []
    for port in {ports!r}:
        for name in {others!r}:
            try:
                call(f"http://127.0.0.1:{{port}}/user/{{name}}/api/contents", token)
                opened.append((port, name))
            except Exception:
                pass
    assert opened
token = os.environ.get("JUPYTERHUB_API_TOKEN", "")
holes = []
for what, source in {tries!r}.items():
    try:
        eval(source)
        holes.append(what)
    except Exception:
        pass
print(json.dumps(holes))
"""
ALLOWED = "its own home"


async def spy(
    student: Student,
    kernel,
    folder: Path,
    port: int,
    pids: list[int],
    others: dict[str, list[int]],
) -> list[str]:
    """What a student can reach and must not.

    Args:
        student: who tries; logged in, server running.
        kernel: one of theirs.
        folder: of the hub, as it lies on the machine.
        port: of the hub's interface; the proxy's is the next one.
        pids: processes of the hub and of other students.
        others: names of other students, with the ports on which their servers listen.
    """
    tries = {ALLOWED: "look(os.path.expanduser('~'))"}
    secret = ["passwords.json", "jupyterhub.sqlite", "jupyterhub_cookie_secret", "cookie_secret"]
    secret += ["course", "course/gradebook.db", "course/source", "course/submitted", "homes", ""]
    secret += [f"homes/{name}" for name in others] + [f"exchange/{name}" for name in others]
    root = Path(__file__).resolve().parent.parent
    places = [*(folder / name for name in secret), root / "lessons", root / "tools"]
    tries |= {f"looks at {path}": f"look({str(path)!r})" for path in places}
    tries |= {"looks at all homes": "look('/home/student/..')[1]"}
    inside = ["/srv/exchange/transfer_learning/outbound", "/srv/shared"]
    inside += ["/srv/exchange/transfer_learning/feedback", str(root / "tlcourse"), "/usr", "/etc"]
    tries |= {f"writes to {path}": f"add({path!r})" for path in inside}
    inbound = "/srv/exchange/transfer_learning/inbound"
    tries["puts a link in the place of its inbound folder"] = (
        f"(os.rename({inbound!r}, {inbound + '.away'!r}), "
        f"os.symlink({str(folder / 'exchange')!r}, {inbound!r}))"
    )
    for pid in pids:
        tries[f"reads the environment of process {pid}"] = f"look('/proc/{pid}/environ')"
        tries[f"reaches process {pid}"] = f"os.kill({pid}, 0)"
    api = f"http://127.0.0.1:{port}/hub/api"
    tries["lists all users"] = f"call('{api}/users', token)"
    tries |= {f"asks the hub about {n}": f"call('{api}/users/{n}', token)" for n in others}
    tries["asks the proxy"] = f"call('http://127.0.0.1:{port + 1}/api/routes')"
    tries["asks the proxy with a token"] = (
        f"call('http://127.0.0.1:{port + 1}/api/routes', os.environ['CONFIGPROXY_AUTH_TOKEN'])"
    )
    tries["asks other servers with its token"] = "others()"
    said = await kernel.run(
        _PROBE.format(others=list(others), ports=[*chain(*others.values())], tries=tries)
    )
    holes = json.loads("".join(one.get("text", "") for one in said))
    if ALLOWED not in holes:
        raise StudentError("The spy could not even look at its own home: nothing was tried.")
    holes.remove(ALLOWED)
    for name in others:
        for path in ("api/contents", "lab", "api/kernels"):
            async with student.http.get(f"{student.url}/user/{name}/{path}") as page:
                if page.status == 200 and f"/user/{name}/" in str(page.url):
                    holes.append(f"opens /user/{name}/{path} in its browser")
    async with student.http.get(f"{student.url}/hub/admin") as page:
        if page.status == 200:
            holes.append("opens the admin's page")
    return holes


async def forge(kernel, assignment: str, other: str) -> None:
    """Hand in what was fetched under another's name, with nbgrader's own command."""
    await kernel.run(
        "import os, subprocess, sys\n"
        f"done = subprocess.run([sys.executable, '-m', 'nbgrader', 'submit', {assignment!r},\n"
        f"    '--CourseDirectory.student_id={other}'],\n"
        "    cwd=os.path.expanduser('~'), capture_output=True, text=True)\n"
        "assert done.returncode == 0, done.stderr[-800:]"
    )
