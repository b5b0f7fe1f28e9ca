"""Import paths of the first edition, for copies of its lessons; they go with the next release.

This folder is a second place in which `tlcourse` looks for its modules (see `__path__` there).
"""

import warnings
from collections.abc import Callable, Mapping
from importlib import import_module


def moved(module: str, names: Mapping[str, str]) -> Callable[[str], object]:
    """A `__getattr__` for a module: each old name from where it is now, with a warning.

    Args:
        module: the old path.
        names: old name → where it is now, such as `"tlcourse.set_head"`.
    """

    def find(name: str) -> object:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        home, _, new_name = names[name].rpartition(".")
        warnings.warn(
            f"`from {module} import {name}` is an old path, and goes with the next release: "
            f"write `from {home} import {new_name}`.",
            FutureWarning,
            stacklevel=2,
        )
        return getattr(import_module(home), new_name)

    return find
