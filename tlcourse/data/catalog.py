"""The tasks that `load_task` knows, by name."""

import inspect
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from tlcourse.data.task import Task
from tlcourse.errors import did_you_mean
from tlcourse.files.photo_archives import not_here
from tlcourse.files.photo_files import can_be_had
from tlcourse.files.photo_sets import SETS

# name -> (module with the loader, one line about it)
_TASKS = {
    "objects": ("drawn", "20 everyday things, drawn; the source task of method 1"),
    "sunglasses": ("drawn", "sunglasses and 5 look-alikes, drawn; the target task of method 1"),
    "digits": ("digits", "handwritten digits, scanned (scikit-learn)"),
    "faces": ("faces", "photo crops, face or not (scikit-image)"),
    "textures": ("textures", "crops of photographs of surfaces (scikit-image)"),
    "flowers": ("real", "photographs of 5 kinds of flowers"),
    "satellite": ("real", "10 kinds of land use, seen from space"),
    "blood_cells": ("real", "8 kinds of blood cells under a microscope"),
    "blood_cells_other_series": ("real", "7 of these kinds, in other colors"),
    "recycling": ("real", "photographs of rubbish, 6 kinds"),
}


def list_tasks() -> dict[str, str]:
    """Name and one-line description of every task; those that are not here say how to get them."""
    return {
        name: f"{line} ({not_here(name)})" if name in SETS and not can_be_had(name) else line
        for name, (_, line) in _TASKS.items()
    }


def load_task(
    name: str,
    *,
    train_per_class: int | None = None,
    image_size: int | None = None,
    seed: int | None = None,
    folder: str | Path | None = None,
    split_by: str | None = None,
) -> Task:
    """Load a task by name.

    Args:
        name: one of `list_tasks()`.
        train_per_class: training pictures a class, as many as asked for; None is 200 for
            `objects`, 100 for `sunglasses`. For the drawn tasks, these two.
        image_size: height and width of the pictures, in pixels; None is 64. For the others.
        seed: of the drawn tasks: another one gives other pictures, in all splits; None is 0.
        folder: of the tasks of real photos: where their archives lie, when they are not in the
            cache; None is `TLCOURSE_DATASETS`, and, without that, the address of the authors.
        split_by: of `recycling`: `"number"` (None) keeps pictures of one thing together, `"lot"`
            does not.

    Raises:
        ValueError: there is no such task; near matches are listed.
        TypeError: the task has no such option; the message says which it has.
        AssetError: the pictures of a task of real photos are not here, and cannot be had.
    """
    if name not in _TASKS:
        hint = " ".join(filter(None, [did_you_mean(name, _TASKS), f"Tasks: {', '.join(_TASKS)}."]))
        raise ValueError(f"There is no task {name!r}. {hint}")
    module, line = _TASKS[name]
    loader: Callable[..., Task] = getattr(import_module(f"tlcourse.data.{module}"), f"load_{name}")
    options = {"train_per_class": train_per_class, "image_size": image_size, "seed": seed}
    options |= {"folder": folder, "split_by": split_by}
    options = {key: value for key, value in options.items() if value is not None}
    taken = [key for key in inspect.signature(loader).parameters if key != "description"]
    if wrong := [key for key in options if key not in taken]:
        raise TypeError(f"The task {name!r} takes {' and '.join(taken)}, not {' or '.join(wrong)}.")
    return loader(description=line, **options)
