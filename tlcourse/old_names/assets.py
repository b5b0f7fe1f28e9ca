"""Moved."""

from tlcourse.old_names import moved

__getattr__ = moved(__name__, {"AssetError": "tlcourse.AssetError"})
