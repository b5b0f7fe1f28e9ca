"""JupyterHub for a class on one machine.

    TLCOURSE_HUB=/srv/class jupyterhub -f classroom/jupyterhub_config.py

Settings are environment variables: `TLCOURSE_HUB` (the folder that `hub.py` has made),
`TLCOURSE_HUB_URL` (default `http://127.0.0.1:8000`; any other host needs `https`, and then
`TLCOURSE_HUB_CERT` and `TLCOURSE_HUB_KEY`), `TLCOURSE_HUB_MEMORY` (of a student, default `4G`),
`TLCOURSE_HUB_THREADS` (of a kernel, default 1), `TLCOURSE_HUB_PORT` (of the hub's own interface,
default 8081; the proxy's is the next one).
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import rooms  # noqa: E402
from hub import Hub, why_not  # noqa: E402

c = get_config()  # noqa: F821

hub = Hub(Path(os.environ.get("TLCOURSE_HUB", "build/hub")).resolve())
url = os.environ.get("TLCOURSE_HUB_URL", "http://127.0.0.1:8000")
port = int(os.environ.get("TLCOURSE_HUB_PORT", "8081"))
certificate, key = (os.environ.get(f"TLCOURSE_HUB_{name}", "") for name in ("CERT", "KEY"))

if reason := why_not(hub, url, bool(certificate and key)):
    sys.exit(reason)

c.JupyterHub.bind_url = url
c.JupyterHub.ssl_cert, c.JupyterHub.ssl_key = certificate, key
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{port}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{port + 1}"
c.ConfigurableHTTPProxy.command = [str(hub.proxy)]
c.JupyterHub.db_url = f"sqlite:///{hub.folder / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(hub.folder / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(hub.folder / "proxy.pid")
c.JupyterHub.cleanup_servers = True

c.JupyterHub.authenticator_class = rooms.PasswordFile
c.PasswordFile.room = hub
c.Authenticator.allowed_users = set(hub.students())

c.JupyterHub.spawner_class = rooms.FencedSpawner
c.FencedSpawner.room = hub
c.Spawner.mem_limit = os.environ.get("TLCOURSE_HUB_MEMORY", "4G")
# A class runs a lesson at the same moment: kernels of many threads would fight for the cores.
threads = os.environ.get("TLCOURSE_HUB_THREADS", "1")
c.Spawner.environment = {"OMP_NUM_THREADS": threads, "TF_NUM_INTRAOP_THREADS": threads}
c.Spawner.poll_interval = 10
c.Spawner.start_timeout = c.Spawner.http_timeout = 300
c.Spawner.default_url = "/lab/tree/lessons/00_start_here.ipynb"
# A class comes at the same moment: nobody is sent away, all wait a little longer.
c.JupyterHub.concurrent_spawn_limit = 100
