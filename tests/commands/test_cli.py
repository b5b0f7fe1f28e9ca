"""The one place where an error of a command becomes a line and an exit status."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tlcourse import cli
from tlcourse.errors import AssetError, InputError, Stopped


@pytest.fixture
def command(monkeypatch):
    """Puts a function in the place of `tlcourse doctor`."""

    def put(function):
        monkeypatch.setitem(sys.modules, "tlcourse.commands.doctor", SimpleNamespace(main=function))

    return put


def raises(error):
    def main(argv):
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (AssetError("No file."), 1, "tlcourse doctor: No file.\n"),
        (InputError("No such thing."), 1, "tlcourse doctor: No such thing.\n"),
        (Stopped("Nothing is there."), 130, "\ntlcourse doctor: Nothing is there.\n"),
    ],
)
def test_an_error_of_the_course_is_one_line(command, capsys, error, status, said):
    command(raises(error))
    assert cli.main(["doctor"]) == status
    assert capsys.readouterr() == ("", said)


@pytest.mark.parametrize("error", [ValueError, OSError, RuntimeError, KeyboardInterrupt])
def test_anything_else_is_a_bug_and_keeps_its_traceback(command, error):
    command(raises(error("a bug")))
    with pytest.raises(error, match="a bug"):
        cli.main(["doctor"])


def test_the_status_and_the_arguments_are_passed_on(command):
    command(len)
    assert cli.main(["doctor", "a", "b", "c"]) == 3


PRINT = """
import sys
from types import SimpleNamespace
from tlcourse import cli
main = lambda argv: print("95 % – and more")
sys.modules["tlcourse.commands.doctor"] = SimpleNamespace(main=main)
cli.main(["doctor"])
"""


def test_a_console_that_knows_few_characters_gets_the_rest():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", PRINT], env=environment, capture_output=True)
    assert (done.stdout.splitlines(), done.stderr) == ([b"95 % ? and more"], b"")
