"""A student as the classroom's server sees one: a browser's requests and a notebook's messages."""

import asyncio
import base64
import json
import time
import uuid
from dataclasses import dataclass, field

import aiohttp

CELL_SECONDS = 900


class StudentError(RuntimeError):
    """Something that a student would complain about."""


@dataclass
class Student:
    """One account, its session with the hub, and what it has measured, in seconds."""

    name: str
    password: str
    url: str
    http: aiohttp.ClientSession = None
    seconds: dict[str, float] = field(default_factory=dict)
    marker: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def home(self) -> str:
        """Address of the student's own server."""
        return f"{self.url}/user/{self.name}"

    async def __aenter__(self):
        """Open a browser."""
        limit = aiohttp.ClientTimeout(total=CELL_SECONDS)
        jar = aiohttp.CookieJar(unsafe=True)  # cookies of an address without a name
        self.http = aiohttp.ClientSession(cookie_jar=jar, timeout=limit)
        return self

    async def __aexit__(self, *_):
        """Close it."""
        await self.http.close()

    def xsrf(self, path: str) -> dict[str, str]:
        """The token that a page of this path sends with each request that changes something."""
        cookies = self.http.cookie_jar.filter_cookies(aiohttp.client.URL(self.url + path))
        token = cookies["_xsrf"].value if "_xsrf" in cookies else ""
        return {"X-XSRFToken": token, "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}

    async def log_in(self, password: str = "") -> bool:
        """Fill the form in. Says whether the hub let the student in."""
        async with self.http.get(f"{self.url}/hub/login") as page:
            await page.read()
        token = self.xsrf("/hub/").get("X-XSRFToken", "")
        form = {"username": self.name, "password": password or self.password, "_xsrf": token}
        page = await self.http.post(f"{self.url}/hub/login", data=form, allow_redirects=False)
        return page.status == 302

    async def start_server(self) -> None:
        """Ask for the server, wait until it is ready, and open JupyterLab in it."""
        began = time.monotonic()
        await self.http.get(f"{self.url}/hub/home")
        address = f"{self.url}/hub/api/users/{self.name}/server"
        async with self.http.post(address, headers=self.xsrf("/hub/"), json={}) as asked:
            if asked.status not in (201, 202, 400):  # 400: it runs already
                raise StudentError(f"{self.name}: no server: {asked.status} {await asked.text()}")
        while True:
            async with self.http.get(f"{self.home}/lab", allow_redirects=True) as page:
                text = await page.text()
                if page.status == 200 and "jupyter-config-data" in text:
                    break
            if time.monotonic() - began > CELL_SECONDS:
                raise StudentError(f"{self.name}: the server did not start: {page.status}")
            await asyncio.sleep(0.5)
        self.seconds.setdefault("server", time.monotonic() - began)

    async def stop_server(self) -> None:
        """Stop it, as *Hub Control Panel* does."""
        await self.http.get(f"{self.url}/hub/home")
        address = f"{self.url}/hub/api/users/{self.name}/server"
        async with self.http.delete(address, headers=self.xsrf("/hub/")) as asked:
            if asked.status not in (202, 204):
                raise StudentError(f"{self.name}: not stopped: {asked.status}")
        for _ in range(240):
            own = f"{self.url}/hub/api/users/{self.name}"
            async with self.http.get(own, headers=self.xsrf("/hub/")) as page:
                model = await page.json()
                if not model.get("server") and not model.get("pending"):
                    return
            await asyncio.sleep(0.5)
        raise StudentError(f"{self.name}: the server does not stop")

    async def ask(self, method: str, path: str, **named) -> dict | list | str | None:
        """A request to the student's server, as JupyterLab makes it."""
        headers = self.xsrf(f"/user/{self.name}/")
        async with self.http.request(method, self.home + path, headers=headers, **named) as page:
            text = await page.text()
            if page.status >= 400:
                raise StudentError(f"{self.name}: {method} {path}: {page.status} {text[:200]}")
            # nbgrader's answers are JSON, and say that they are HTML.
            return json.loads(text) if text.startswith(("{", "[")) else text

    async def read(self, path: str) -> dict:
        """A notebook's content."""
        return (await self.ask("GET", f"/api/contents/{path}?content=1"))["content"]

    async def save(self, path: str, notebook: dict) -> None:
        """Save it."""
        model = {"type": "notebook", "format": "json", "content": notebook}
        await self.ask("PUT", f"/api/contents/{path}", json=model)

    async def upload(self, path: str, mib: int) -> None:
        """Upload a file of zeros as JupyterLab does, in pieces."""
        size = 4
        for number in range(1, mib // size + 1):
            last = number == mib // size
            model = {
                "type": "file",
                "format": "base64",
                "chunk": -1 if last else number,
                "content": base64.b64encode(bytes(size * 2**20)).decode(),
            }
            await self.ask("PUT", f"/api/contents/{path}", json=model)

    async def kernel(self, path: str) -> "Kernel":
        """Open a notebook's kernel."""
        model = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
        session = await self.ask("POST", "/api/sessions", json=model)
        kernel = Kernel(self, session["kernel"]["id"], session["id"])
        await kernel.connect()
        return kernel


@dataclass
class Kernel:
    """A kernel, spoken to over a websocket."""

    student: Student
    id: str
    session: str
    socket: aiohttp.ClientWebSocketResponse = None

    async def connect(self) -> None:
        """Open the websocket."""
        address = f"{self.student.home}/api/kernels/{self.id}/channels?session_id={self.session}"
        headers = self.student.xsrf(f"/user/{self.student.name}/")
        headers |= {"Sec-Fetch-Mode": "websocket", "Origin": self.student.url}
        self.socket = await self.student.http.ws_connect(
            address.replace("http", "ws", 1), headers=headers, max_msg_size=0, heartbeat=60
        )

    async def run(self, source: str) -> list[dict]:
        """Run a cell; gives what it put out.

        Raises:
            StudentError: it stopped with an error, or the kernel died.
        """
        id, outputs = uuid.uuid4().hex, []
        header = {"msg_id": id, "msg_type": "execute_request", "session": self.session}
        header |= {"version": "5.3", "date": "2026-01-01T00:00:00Z", "username": "student"}
        content = {"code": source, "silent": False, "store_history": True, "stop_on_error": True}
        content |= {"user_expressions": {}, "allow_stdin": False}
        message = {"header": header, "content": content, "channel": "shell"}
        message |= {"parent_header": {}, "metadata": {}, "buffers": []}
        await self.socket.send_json(message)
        while True:
            said = await self.socket.receive(timeout=CELL_SECONDS)
            if said.type is not aiohttp.WSMsgType.TEXT:
                raise StudentError(f"{self.student.name}: the kernel is gone ({said.type.name})")
            heard = json.loads(said.data)
            kind, content = heard["header"]["msg_type"], heard["content"]
            if kind == "status" and content["execution_state"] in ("restarting", "dead"):
                raise StudentError(f"{self.student.name}: the kernel died")
            if heard["parent_header"].get("msg_id") != id:
                continue
            if kind == "error":
                raise StudentError(f"{self.student.name}: {content['ename']}: {content['evalue']}")
            if kind in ("stream", "execute_result", "display_data"):
                outputs.append(content | {"kind": kind})
            if kind == "status" and content["execution_state"] == "idle":
                return outputs

    async def close(self) -> None:
        """End the kernel with its session, as *Shut Down* does."""
        await self.socket.close()
        await self.student.ask("DELETE", f"/api/sessions/{self.session}")
