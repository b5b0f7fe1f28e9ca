"""What is asked of `tlcourse retrain`, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlcourse.data import Task
from tlcourse.photos.check import Finding
from tlcourse.retrain.judge import Judgment, LearningCurve
from tlcourse.retrain.shortcuts import Baseline, suspicion

if TYPE_CHECKING:
    from tlcourse.auditing.report import Report
    from tlcourse.retrain.confidence import Confidence
    from tlcourse.retrain.export import Exported
    from tlcourse.retrain.train import Trained


@dataclass(frozen=True)
class Options:
    """What was asked for; `budget` in seconds, None without end; `size` in pixels, None for any."""

    folder: Path
    output: Path
    backbone: str = "auto"
    validation: float = 0.2
    test: float = 0.2
    seed: int = 0
    budget: float | None = None
    dask: str | None = None
    overwrite: bool = False
    group_by: str = "auto"
    class_weights: str = "auto"
    export: tuple[str, ...] = ()
    size: int | None = None


@dataclass(frozen=True)
class DoubtfulLabel:
    """A photo whose label may be wrong: what it is called, and what it looks like."""

    path: Path
    label: str
    looks_like: str
    own: float
    looks: float


@dataclass(frozen=True)
class GroupsTold:
    """What was kept together, and what that changed.

    Attributes:
        words: of which photos, and why; empty where there were none.
        by_lot: share that a cross-validated probe gets right when each photo goes for itself, and
        in_groups: when it has seen nothing of a photo's group.
        error: standard error of the difference; all three None without groups.
    """

    words: str = ""
    by_lot: float | None = None
    in_groups: float | None = None
    error: float | None = None

    @property
    def change(self) -> str:
        """What it changed, in a sentence; empty where nothing was measured."""
        if self.by_lot is None:
            return ""
        told = (
            f"Cross-validated, a linear probe is {self.by_lot:.1%} right by lot, and "
            f"{self.in_groups:.1%} when it has seen nothing of a photo's group"
        )
        if abs(self.by_lot - self.in_groups) < 2 * self.error:
            return f"{told}: no more than chance can do (standard error {100 * self.error:.1f})."
        return f"{told} (standard error of the difference {100 * self.error:.1f} points)."


@dataclass(frozen=True)
class SizesTold:
    """At which size the network looks at pictures, and what other sizes gave.

    Attributes:
        chosen: height and width in pixels.
        right: by size, the share that a cross-validated probe gets right; empty without others.
        photos: training photos that were asked.
        left_out: sizes for which there was no time.
    """

    chosen: int
    right: Mapping[int, float] = field(default_factory=dict)
    photos: int = 0
    left_out: tuple[int, ...] = ()

    @property
    def words(self) -> str:
        """The same in sentences; empty where there was nothing to choose."""
        told = []
        if self.right:
            of_each = ", ".join(f"{share:.1%} at {size}" for size, share in self.right.items())
            told.append(
                f"Size of the pictures: {self.chosen} pixels. Cross-validated on {self.photos} "
                f"training photos, a linear probe is right on {of_each}."
            )
        if self.left_out:
            sizes = " and ".join(map(str, self.left_out))
            told.append(
                f"Pictures of {sizes} pixels were left out: --time-budget leaves no time for them."
            )
        return " ".join(told)


@dataclass(frozen=True)
class Result:
    """What came of it: all that the report tells.

    Attributes:
        remark: what a better network, which is not here, would bring; else empty.
        task: pictures as the network sees them, memory maps; the paths are in `paths`.
        paths: by split, in the order of the pictures.
        groups: what was kept together, and what that changed.
        sizes: of pictures: which was chosen, and what others gave.
        findings: files that were left out, and why.
        notes: files that were read after a conversion.
        test: how the model does on the test photos.
        weights: (classes,) what a photo of each class counted in training; None for all the same.
        baselines: how far one gets by colors or border alone.
        doubts: labels that are likely wrong, the likeliest first.
        trust: what its probabilities are worth.
        mistakes: (m,) which of the test photos these are: the mistakes it was surest of.
        evidence: float32 (m, size, size), Grad-CAM of each mistake for the class that it said.
        curve: of a linear probe.
        audit: of the model and the task.
        seconds: by step.
        exports: files for programs without Keras, each beside the Keras model.
    """

    options: Options
    backbone: str
    size: int
    remark: str
    task: Task
    paths: dict[str, tuple[Path, ...]]
    groups: "GroupsTold"
    sizes: SizesTold
    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    trained: "Trained"
    test: Judgment
    weights: np.ndarray | None
    baselines: tuple[Baseline, ...]
    doubts: tuple[DoubtfulLabel, ...]
    trust: "Confidence"
    mistakes: np.ndarray
    evidence: np.ndarray
    curve: LearningCurve
    audit: "Report"
    seconds: dict[str, float]
    model_path: Path
    exports: "tuple[Exported, ...]" = ()

    @property
    def suspicion(self) -> str:
        """A sentence where a baseline comes near the model; else empty."""
        return suspicion(self.baselines, self.test.accuracy, self.test.guess)
