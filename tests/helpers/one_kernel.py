"""Run many notebooks in one kernel, where starting TensorFlow anew would take most of the time."""

import contextlib
import os
from collections.abc import Callable, Iterator
from unittest import mock

EMPTIED = """
%reset -f
import os
os.environ.pop("NBGRADER_EXECUTION", None)
os.environ.update({settings})
del os
"""


@contextlib.contextmanager
def one_kernel() -> Iterator[Callable[[], contextlib.AbstractContextManager]]:
    """Gives a context in which nbgrader runs all its notebooks in one kernel.

    Each notebook finds the namespace empty, and the environment that nbgrader has set for it. What
    only a fresh kernel can tell, whether a notebook runs alone, `make notebooks` tells of each.
    """
    from jupyter_client import KernelManager
    from nbformat.v4 import new_code_cell
    from nbgrader.preprocessors import Execute

    manager = KernelManager(kernel_name="python3")
    manager.client_class = "jupyter_client.asynchronous.AsyncKernelClient"  # as nbclient wants it
    manager.start_kernel()
    plain = Execute.preprocess

    def preprocess(self, notebook, resources, km=None):
        settings = {k: v for k, v in os.environ.items() if k.startswith("NBGRADER_")}
        notebook.cells.insert(0, new_code_cell(EMPTIED.format(settings=settings)))
        try:
            return plain(self, notebook, resources, km=manager)
        finally:
            self.kc.stop_channels()
            emptied = notebook.cells.pop(0)
            assert not emptied.outputs, emptied.outputs

    try:
        yield lambda: mock.patch.object(Execute, "preprocess", preprocess)
    finally:
        manager.shutdown_kernel(now=True)
