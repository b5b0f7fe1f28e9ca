"""Folders of their own for all tests; and notebook tests whose numbers have a tolerance.

nbval has no tolerance of its own, so its `sanitize` gives back strings whose `==` lets numbers
differ a little. Numbers move by that between processors, even with fixed seeds.
"""

import os
import shutil
import tempfile
from pathlib import Path

OURS = "TLCOURSE_TEST_FOLDERS"  # set in the first process, inherited by its workers and kernels


def own_folders() -> str | None:
    """Give this run an empty cache, Keras folder and record; gives what is to be removed.

    A picture that an earlier renderer drew must not hide that it draws another one today, and
    whoever runs the tests must not find the exercises done. Only minilm, which the set-up fetched
    and whose digests are checked, is taken over.
    """
    if OURS in os.environ:
        return None
    from tlcourse.errors import AssetError
    from tlcourse.files.minilm_files import find_folder

    place = Path(tempfile.mkdtemp(prefix="tlcourse-tests-"))
    (place / "cache").mkdir()
    try:
        minilm = find_folder()
        try:
            (place / "cache" / "minilm").symlink_to(minilm, target_is_directory=True)
        except OSError:  # Windows lets not everybody make links
            shutil.copytree(minilm, place / "cache" / "minilm")
    except AssetError:
        pass  # the tests that need it say so
    names = {"TLCOURSE_CACHE": "cache", "KERAS_HOME": "keras", "TLCOURSE_DATA": "data"}
    os.environ.update({name: str(place / folder) for name, folder in names.items()})
    os.environ.pop("TLCOURSE_SHARED", None)
    os.environ[OURS] = str(place)
    return str(place)


def pytest_configure(config):
    config.tlcourse_folders = own_folders()
    if not config.pluginmanager.hasplugin("nbval"):
        return
    from nbval.plugin import IPyNbCell

    from tests.helpers.tolerance import Tolerant

    plain = IPyNbCell.sanitize
    if getattr(plain, "tolerant", False):
        return

    def sanitize(self, text):
        result = plain(self, text)
        return Tolerant(result) if isinstance(result, str) else result

    sanitize.tolerant = True
    IPyNbCell.sanitize = sanitize


def pytest_unconfigure(config):
    if config.tlcourse_folders:
        shutil.rmtree(config.tlcourse_folders, ignore_errors=True)


def pytest_collection_modifyitems(items):
    """Skip the lesson on text, with the reason, where the text encoder could not be had."""
    cells = [item for item in items if item.nodeid.split("::")[0].endswith("09_text.ipynb")]
    if not cells:
        return
    import pytest

    from tlcourse.errors import AssetError
    from tlcourse.files.minilm_files import find_folder

    try:
        find_folder()
    except AssetError as error:
        for cell in cells:
            cell.add_marker(pytest.mark.skip(reason=str(error)))


def pytest_terminal_summary(terminalreporter):
    """Tell how long each notebook took, the start of its kernel included."""
    seconds: dict[str, float] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            name = getattr(report, "nodeid", "").split("::")[0]
            if name.endswith(".ipynb"):
                seconds[name] = seconds.get(name, 0.0) + getattr(report, "duration", 0.0)
    if seconds:
        terminalreporter.section("time of each notebook, with the start of its kernel")
        for name, total in sorted(seconds.items()):
            terminalreporter.line(f"{total:5.0f} s  {name}")
