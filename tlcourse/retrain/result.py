"""What is asked of `tlcourse retrain`, and what comes of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlcourse.data import Task
from tlcourse.photos.check import Finding
from tlcourse.retrain.judge import Judgment, LearningCurve

if TYPE_CHECKING:
    from tlcourse.auditing.report import Report
    from tlcourse.retrain.train import Trained


@dataclass(frozen=True)
class Options:
    """What was asked for; `budget` in seconds, None without end."""

    folder: Path
    output: Path
    backbone: str | None = None
    validation: float = 0.2
    test: float = 0.2
    seed: int = 0
    budget: float | None = None
    dask: str | None = None
    overwrite: bool = False


@dataclass(frozen=True)
class Result:
    """What came of it: all that the report tells.

    Attributes:
        task: pictures as the network sees them, memory maps; the paths are in `paths`.
        paths: by split, in the order of the pictures.
        findings: files that were left out, and why.
        notes: files that were read after a conversion.
        test: how the model does on the test photos.
        mistakes: (m,) which of the test photos these are: the mistakes it was surest of.
        evidence: float32 (m, size, size), Grad-CAM of each mistake for the class that it said.
        curve: of a linear probe.
        audit: of the model and the task.
        seconds: by step.
    """

    options: Options
    backbone: str
    size: int
    task: Task
    paths: dict[str, tuple[Path, ...]]
    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    trained: "Trained"
    test: Judgment
    mistakes: np.ndarray
    evidence: np.ndarray
    curve: LearningCurve
    audit: "Report"
    seconds: dict[str, float]
    model_path: Path
