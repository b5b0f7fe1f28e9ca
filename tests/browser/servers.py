"""JupyterLab and voila, each started for real, with folders of its own and no network."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120
# All cells are in the page at once, so that every widget is there to be found.
_SETTINGS = {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}}
# The bell that asks for news would go to the network.
_PAGE = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}


@contextlib.contextmanager
def jupyterlab(folder: Path) -> Iterator[str]:
    """Serve a copy of the lessons from `folder` by JupyterLab; gives the address."""
    settings = folder / "settings"
    _write(settings / "overrides.json", _SETTINGS)
    _write(folder / "config" / "labconfig" / "page_config.json", _PAGE)
    port = _free_port()
    command = [
        *("-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"),
        *("--ServerApp.port_retries=0", "--IdentityProvider.token="),
        *(f"--ServerApp.root_dir={_lessons(folder)}", f"--LabApp.app_settings_dir={settings}"),
        "--LabApp.expose_app_in_browser=True",
    ]
    with _running(command, folder, f"http://127.0.0.1:{port}/api") as _:
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def voila(folder: Path) -> Iterator[str]:
    """Serve a copy of the lessons from `folder` by voila; gives the address."""
    port = _free_port()
    command = ["-m", "voila", str(_lessons(folder)), "--no-browser", f"--port={port}"]
    with _running(command, folder, f"http://127.0.0.1:{port}/voila/tree/"):
        yield f"http://127.0.0.1:{port}"


def _lessons(folder: Path) -> Path:
    copy = folder / "lessons"
    shutil.copytree(ROOT / "lessons", copy, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    return copy


@contextlib.contextmanager
def _running(arguments: list[str], folder: Path, address: str) -> Iterator[None]:
    own = {
        name: str(folder / name.lower())
        for name in ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "TLCOURSE_CACHE")
    }
    # One thread for linear algebra: kernels side by side would fight for the cores.
    fixed = {"TLCOURSE_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    environment = {**os.environ, **own, **fixed, "JUPYTER_CONFIG_DIR": str(folder / "config")}
    log = folder / "server.log"
    with open(log, "w") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env=environment,
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(process, address, log)
            yield
        finally:
            process.terminate()  # its kernels end with it
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen, address: str, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5):
            return
        time.sleep(0.2)
    raise RuntimeError(f"{address} did not answer. Its log ends with:\n{log.read_text()[-3000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _write(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content))
