"""Moved."""

from tlcourse.old_names import moved

__getattr__ = moved(__name__, {"strange_photographs": "tlcourse.exercises.strange_photographs"})
