"""nbgrader's step that runs a notebook, with its kernel, and nothing else, in a sandbox."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from jupyter_client.manager import AsyncKernelManager
from nbgrader.preprocessors import Execute

from tlcourse.files import assets
from tlcourse.machine import sandbox

# What may be handed on of the grader's environment: settings of the course, no secrets.
_HANDED_ON = (
    "TLCOURSE_SHARED", "TLCOURSE_DATASETS", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS",
    "NBGRADER_EXECUTION",
)  # fmt: skip
_FIXED = {"TLCOURSE_OFFLINE": "1", "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}


class SandboxedKernel(AsyncKernelManager):
    """A kernel in a sandbox; it is spoken to by sockets in a folder of its own."""

    course, limits, submission = Path(), sandbox.Limits(), Path()

    def __init__(self, **settings):
        """Make the folder of its sockets; whoever starts the kernel removes it."""
        super().__init__(**settings)
        self.sockets = Path(tempfile.mkdtemp(prefix="tlc-")).resolve()  # a socket's path is short
        self.transport, self.ip = "ipc", str(self.sockets / "s")
        self.connection_file = str(self.sockets / "kernel.json")

    def format_kernel_cmd(self, extra_arguments=None):
        """Give the command line that starts the kernel, in its sandbox."""
        # A signal would end bubblewrap, not the cell.
        self.kernel_spec.interrupt_mode = "message"
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", self.connection_file]
        keras = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
        readable = [assets.PACKAGE, assets.cache_dir(), keras, *assets.given_dirs()]
        if shared := assets.shared_dir():
            readable.append(shared)
        env = {name: os.environ[name] for name in _HANDED_ON if name in os.environ} | _FIXED
        env |= {"PYTHONPATH": str(assets.PACKAGE.parent), "KERAS_HOME": str(keras)}
        env |= {"TLCOURSE_CACHE": str(assets.cache_dir())}
        beside = [path for path in self.submission.iterdir() if path.suffix != ".ipynb"]
        return sandbox.command(
            [*argv, *(extra_arguments or [])],
            self.limits,
            readable=[path.absolute() for path in readable],
            files=[path.resolve() for path in beside if not path.is_symlink()],
            sockets=self.sockets,
            hidden=self.course,
            env=env,
        )

    async def _async_launch_kernel(self, kernel_cmd, **settings):
        # What is written past Jupyter must not reach the grader's terminal.
        nowhere = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        await super()._async_launch_kernel(kernel_cmd, **(settings | nowhere))


def execute_step(course: Path, submission: Path, limits: sandbox.Limits, reasons: list[str]):
    """A class to take the place of nbgrader's `Execute`, for one submission.

    Args:
        course: folder of the nbgrader course; the kernel sees nothing of it.
        submission: folder that was handed in; files beside the notebook are readable.
        limits: for each notebook.
        reasons: gets why a notebook was ended.
    """

    class Kernel(SandboxedKernel):
        pass

    Kernel.course, Kernel.submission, Kernel.limits = course, submission, limits

    class SandboxedExecute(Execute):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **(kwargs | {"kernel_manager_class": Kernel}))

        def preprocess(self, nb, resources, km=None):
            self.said = 0
            # nbclient starts the kernel here, in place of in a working folder outside.
            manager = Kernel(kernel_name="python3", config=self.config)
            manager.client_class = "jupyter_client.asynchronous.AsyncKernelClient"
            self.watch = sandbox.Watch(
                lambda: getattr(manager.provisioner, "pid", None), limits, manager.sockets
            )
            self.watch.start()
            try:
                return super().preprocess(nb, resources, km=manager)
            finally:
                self.watch.end("")
                self.watch.stop()
                self.watch.join()
                if process := getattr(manager.provisioner, "process", None):
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(timeout=30)  # it has been killed
                if self.kc:
                    self.kc.stop_channels()
                shutil.rmtree(manager.sockets, ignore_errors=True)
                if self.watch.reason:
                    reasons.append(self.watch.reason)

        def process_message(self, msg, cell, cell_index):
            self.said += sum(map(len, msg.get("buffers", []))) + len(repr(msg["content"]))
            if self.said > limits.output_mib * 2**20:
                self.watch.end(f"it printed more than {limits.output_mib:g} MiB")
                return None
            return super().process_message(msg, cell, cell_index)

    return SandboxedExecute
