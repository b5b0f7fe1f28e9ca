"""Data sets of the course, each as a `Task`: train, validation and test pictures with labels.

Sentences with labels are a `TextTask`.

Images are uint8 NHWC in [0, 255] everywhere. The test split is never used to choose anything.
"""

from tlcourse.data.catalog import list_tasks, load_task
from tlcourse.data.imdb import load_imdb
from tlcourse.data.lost_property import write_lost_property
from tlcourse.data.photographs import cut, load_photographs, middle
from tlcourse.data.real import list_photos, photo_credit, write_photos
from tlcourse.data.reviews import load_reviews
from tlcourse.data.studies import (
    load_adapted,
    load_distance,
    load_ladder,
    load_real_tasks,
    load_surface,
)
from tlcourse.data.task import Split, Task
from tlcourse.data.text import TextSplit, TextTask
from tlcourse.data.words import load_named_features

__all__ = [
    "Split",
    "Task",
    "TextSplit",
    "TextTask",
    "cut",
    "list_photos",
    "list_tasks",
    "load_adapted",
    "load_distance",
    "load_imdb",
    "load_ladder",
    "load_named_features",
    "load_photographs",
    "load_real_tasks",
    "load_reviews",
    "load_surface",
    "load_task",
    "middle",
    "photo_credit",
    "write_lost_property",
    "write_photos",
]
