"""Data sets of the course, each as a `Task`: train, validation and test pictures with labels.

Sentences with labels are a `TextTask`.

Images are uint8 NHWC in [0, 255] everywhere. The test split is never used to choose anything.
"""

from tlcourse.data.catalog import list_tasks, load_task
from tlcourse.data.check import ImageFolderError, ImageReport, check_images
from tlcourse.data.folder import load_image_folder
from tlcourse.data.imdb import load_imdb
from tlcourse.data.reviews import load_reviews
from tlcourse.data.task import Split, Task
from tlcourse.data.text import TextSplit, TextTask

__all__ = [
    "ImageFolderError",
    "ImageReport",
    "Split",
    "Task",
    "TextSplit",
    "TextTask",
    "check_images",
    "list_tasks",
    "load_image_folder",
    "load_imdb",
    "load_reviews",
    "load_task",
]
