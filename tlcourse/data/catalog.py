"""The tasks that `load_task` knows, by name."""

from collections.abc import Callable
from importlib import import_module

from tlcourse.data.task import Task
from tlcourse.errors import did_you_mean

# name -> (module with the loader, one line about it)
_TASKS = {
    "objects": ("drawn", "20 everyday things, drawn; the source task of method 1"),
    "sunglasses": ("drawn", "sunglasses and 5 look-alikes, drawn; the target task of method 1"),
    "digits": ("digits", "handwritten digits, scanned (scikit-learn)"),
    "faces": ("faces", "photo crops, face or not (scikit-image)"),
    "textures": ("textures", "crops of photographs of surfaces (scikit-image)"),
}


def list_tasks() -> dict[str, str]:
    """Name and one-line description of every task."""
    return {name: line for name, (_, line) in _TASKS.items()}


def load_task(name: str, **options) -> Task:
    """Load a task by name.

    Args:
        name: one of `list_tasks()`.
        **options: for the drawn tasks `train_per_class` (a training set of any size), `seed`; for
            the others `image_size`. See the loader of the task.

    Raises:
        ValueError: there is no such task; near matches are listed.
        TypeError: the task has no such option.
    """
    if name not in _TASKS:
        hint = " ".join(filter(None, [did_you_mean(name, _TASKS), f"Tasks: {', '.join(_TASKS)}."]))
        raise ValueError(f"There is no task {name!r}. {hint}")
    module, line = _TASKS[name]
    loader: Callable[..., Task] = getattr(import_module(f"tlcourse.data.{module}"), f"load_{name}")
    return loader(description=line, **options)
