"""Exercises that answer back: check an answer, ask for a hint, see what is done.

    from tlcourse.exercises import check, choose, hint, progress, solution

One module a lesson (`lesson01` …) says what is asked and how an answer is judged. The notebooks
in `lessons/exercises` are generated from those in `lessons/solutions` (`make exercises`).
"""

from tlcourse.exercises.core import check, hint, solution
from tlcourse.exercises.quiz import choose
from tlcourse.exercises.record import progress

__all__ = ["check", "choose", "hint", "progress", "solution"]
