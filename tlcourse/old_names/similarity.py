"""Moved."""

from tlcourse.old_names import moved

__getattr__ = moved(
    __name__,
    {
        "cka_matrix": "tlcourse.cka_matrix",
        "linear_cka": "tlcourse.linear_cka",
        "nearest_neighbors": "tlcourse.nearest_neighbors",
    },
)
