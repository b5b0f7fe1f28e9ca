"""What the recipes that train on Tiny ImageNet share on the command line."""

import argparse
import json
from pathlib import Path

import keras

from tlcourse.files.assets import atomic_path


def options_parser(name: str, what: str, epochs: int | None = None) -> argparse.ArgumentParser:
    """The options of a recipe on Tiny ImageNet; with `--epochs` where there is a default for it."""
    parser = argparse.ArgumentParser(prog=name, description=what)
    parser.add_argument("--data", required=True, type=Path, help="the Tiny ImageNet zip")
    parser.add_argument("--out", required=True, type=Path, help="folder for checkpoints")
    parser.add_argument("--cache", type=Path, help="folder for decoded pixels (default: in --out)")
    if epochs:
        parser.add_argument(
            "--epochs", type=int, default=epochs,
            help="may be lowered when going on: the run then cools down early",
        )  # fmt: skip
    parser.add_argument("--threads", type=int, help="CPU threads (PyTorch only)")
    return parser


def set_up_torch(threads: int | None = None) -> None:
    """Where Keras computes with PyTorch: its threads, and channels first, 1.1 x faster there."""
    if keras.backend.backend() == "torch":
        import torch

        if threads:
            torch.set_num_threads(threads)
        keras.config.set_image_data_format("channels_first")


def write_figures(path: Path, figures: dict[str, object]) -> None:
    """Put what was measured into a JSON file, and show it."""
    text = json.dumps(figures, indent=1)
    with atomic_path(path) as draft:
        draft.write_text(text, encoding="utf-8")
    print(text, flush=True)
