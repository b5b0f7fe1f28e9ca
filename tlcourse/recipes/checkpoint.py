"""Checkpoints that survive a kill at any moment. Needs no Keras: a checkpoint is named arrays."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tlcourse.files.assets import atomic_path

NEWEST, PREVIOUS = "checkpoint.npz", "checkpoint.previous.npz"


def save_checkpoint(folder: str | Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write `checkpoint.npz`, keeping the one before; a kill at any moment leaves one of them.

    Raises:
        AssetError: The folder cannot be written, or the disk is full.
    """
    newest, previous = Path(folder) / NEWEST, Path(folder) / PREVIOUS
    with atomic_path(newest) as draft:
        with draft.open("wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        if newest.exists():
            os.replace(newest, previous)


def load_checkpoint(folder: str | Path) -> dict[str, np.ndarray] | None:
    """The newest checkpoint that can be read in full, or None when there is none."""
    for name in (NEWEST, PREVIOUS):
        try:
            # Opened here: at a file that was cut off, np.load alone would leave it open.
            path = Path(folder) / name
            with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
                return {key: file[key] for key in file.files}
        except FileNotFoundError:
            continue
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            print(f"{name} cannot be read ({error}); trying the one before it", flush=True)
    return None
