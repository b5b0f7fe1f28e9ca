"""Every lesson's exercises through nbgrader: the solution gets all points, the empty one none."""

import shutil
from pathlib import Path

import pytest

from tlcourse.commands import classroom
from tlcourse.exercises import asking as core

LESSONS = Path(__file__).resolve().parents[2] / "lessons"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class") / "course"
    classroom.make_course(folder)
    for kind in ("solutions", "exercises"):
        for path in (LESSONS / kind).glob("[0-9]*.ipynb"):
            target = folder / "submitted" / kind / f"lesson_{path.name[:2]}"
            target.mkdir(parents=True)
            shutil.copy(path, target)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("lesson", core.lessons())
def test_the_solution_gets_all_points_and_the_empty_exercise_none(course, lesson):
    if lesson == "09":
        from tlcourse.errors import AssetError
        from tlcourse.files.minilm_files import find_folder

        try:
            find_folder()
        except AssetError as error:
            pytest.skip(str(error))
    graded = {one.student: one for one in classroom.grade(course, f"lesson_{lesson}")}
    most = graded["solutions"].most
    assert most >= len(core.exercises(lesson))
    assert graded["solutions"].points == most
    assert graded["exercises"].points == 0
