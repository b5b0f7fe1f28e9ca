"""Folders of their own for all tests; and notebook tests whose numbers have a tolerance.

nbval has no tolerance of its own, so its `sanitize` gives back strings whose `==` lets numbers
differ a little. Numbers move by that between processors, even with fixed seeds.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

OURS = "TLCOURSE_TEST_FOLDERS"  # set in the first process, inherited by its workers and kernels


def own_folders() -> str | None:
    """Give this run an empty cache, Keras folder and record; gives what is to be removed.

    A picture that an earlier renderer drew must not hide that it draws another one today, and
    whoever runs the tests must not find the exercises done. Only minilm, which the set-up fetched
    and whose digests are checked, is taken over.
    """
    if OURS in os.environ:
        return None
    from tests.helpers.what_is_here import take_over
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
    take_over(place / "cache")
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
    """Skip the notebooks that need what is not here, each with that reason."""
    from tests.helpers.what_is_here import lacking

    for path in sorted({item.path for item in items if item.path.suffix == ".ipynb"}):
        if reason := lacking(path):
            for item in items:
                if item.path == path:
                    item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    return no_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return no_skip((yield))


def no_skip(report):
    """With `TLCOURSE_REQUIRE=all`, what is skipped has failed.

    Not so where a container forbids namespaces: that can be mended by no package and no file.
    """
    skipped = report.skipped and not hasattr(report, "wasxfail")
    skipped = skipped and "no namespaces on this machine" not in str(report.longrepr)
    if skipped and os.environ.get("TLCOURSE_REQUIRE") == "all":
        report.outcome = "failed"
        report.longrepr = f"TLCOURSE_REQUIRE=all, but it was skipped: {reason_of(report)}"
    return report


def reason_of(report) -> str:
    given = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return given.removeprefix("Skipped: ")


def not_tested(reports) -> list[str]:
    """A line for each file and reason of what was skipped; a notebook's cells are one thing."""
    counts: dict[tuple[str, str], int] = {}
    for report in reports:
        row = (report.nodeid.split("::")[0], reason_of(report))
        counts[row] = counts.get(row, 0) + 1
    return [
        f"{name}\t{'all' if name.endswith('.ipynb') else count}\t{reason}"
        for (name, reason), count in sorted(counts.items())
    ]


def pytest_terminal_summary(terminalreporter):
    """Tell what was not tested, and how long each notebook took, its kernel's start included."""
    if lines := not_tested(terminalreporter.stats.get("skipped", ())):
        terminalreporter.section("what was not tested")
        for line in lines:
            terminalreporter.line("  ".join(line.split("\t")))
        if "TLCOURSE_NOT_TESTED" in os.environ:  # `make test` gathers those of several runs
            with open(os.environ["TLCOURSE_NOT_TESTED"], "a", encoding="utf-8") as file:
                file.write("".join(f"{line}\n" for line in lines))
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
