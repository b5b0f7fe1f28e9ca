"""Moved."""

from tlcourse.old_names import moved

__getattr__ = moved(
    __name__,
    {
        "FloorScaler": "tlcourse.FloorScaler",
        "linear_probe": "tlcourse.linear_probe",
        "set_head": "tlcourse.set_head",
    },
)
