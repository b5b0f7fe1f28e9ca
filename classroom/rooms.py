"""For JupyterHub: who may log in, and a server for each student behind a fence of its own."""

import asyncio
import sys

from fence import fence, hold_to
from hub import ROOT, Hub, inside, is_right
from jupyterhub.auth import Authenticator
from jupyterhub.spawner import SimpleLocalProcessSpawner
from traitlets import Instance

from tlcourse.machine.sandbox import HOME


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
            await asyncio.to_thread(hold_to, self.pid, self.mem_limit, self.log)
        return status


_SERVER = [sys.executable, "-m", "jupyterhub.singleuser"]
