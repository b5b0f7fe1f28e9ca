"""Exercises that answer back: check an answer, ask for a hint, see what is done.

    from tlcourse.exercises import check, choose, hint, progress, solution

One module a lesson (`lessons/lesson01` …) says what is asked and how an answer is judged. The
notebooks in `lessons/exercises` are generated from those in `lessons/solutions` (`make exercises`).
"""

from pathlib import Path

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "asking": ["check", "hint", "progress", "solution"],
        "quiz": ["choose"],
        "lessons.lesson04": ["strange_photographs"],
        "lessons.lesson10": ["collection"],
    },
)

# Until the next release; see `tlcourse/__init__.py`.
__path__.append(str(Path(__file__).parents[1] / "old_names" / "exercises"))
