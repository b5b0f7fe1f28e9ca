"""Where the time of a run goes."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from tlcourse.machine.limits import release_memory


@dataclass
class Clock:
    """Where the time goes."""

    seconds: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    @contextlib.contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        """Note how long the block takes, under the name of a step."""
        start = time.monotonic()
        yield
        release_memory()
        self.seconds[step] = time.monotonic() - start
