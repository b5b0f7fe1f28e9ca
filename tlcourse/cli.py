"""The `tlcourse` command. Each sub-command is a module of `commands` with `main(argv) -> int`.

It raises a `CourseError` for what a person can mend; here, and only here, that becomes a line and
an exit status.
"""

import argparse
import importlib
import os
import sys

from tlcourse.errors import CourseError, Stopped

# name -> what it does; tlcourse/commands/NAME.py is imported when it is asked for
COMMANDS = {
    "doctor": "check that the course can run on this machine",
    "fetch": "get photos, weights or the text encoder, by name",
    "pretrain": "train a bundled network again, such as photonet",
    "retrain": "make a model of a folder of your own photos",
    "audit": "look for the classic mistakes in a saved model and its photos",
    "predict": "say what such a model sees in photos",
    "update": "get the newest lessons without losing your own work",
    "classroom": "hand out and grade the exercises, by nbgrader",
    "room": "fill a folder for a room without a network",
    "slides": "make a deck of a lesson that opens with no network",
}


def main(argv: list[str] | None = None) -> int:
    """Run `tlcourse COMMAND …` and return its exit status.

    Returns:
        What the command gives; 1 after a `CourseError`, 130 where it was stopped by Ctrl-C and has
        a word about that; 141 where nobody reads on. Wrong usage exits with 2.
    """
    argv = sys.argv[1:] if argv is None else argv
    listing = "\n".join(f"  {name:<10} {what}" for name, what in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="tlcourse",
        usage="tlcourse COMMAND [--help] [options]",
        description="Helpers of the transfer-learning course.",
        epilog=f"commands:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="one of those below")
    if not argv:
        parser.print_help(sys.stderr)
        return 2
    command = parser.parse_args(argv[:1]).command  # the rest is the sub-command's own
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # consoles that know few characters
    try:
        status = importlib.import_module(f"tlcourse.commands.{command}").main(argv[1:])
        sys.stdout.flush()
        return status
    except CourseError as error:
        start = "\n" if isinstance(error, Stopped) else ""  # the terminal has written ^C
        print(f"{start}tlcourse {command}: {error}", file=sys.stderr)
        return error.status
    except BrokenPipeError:  # who reads has seen enough, as `| head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the last flush is silent
        return 128 + 13  # what a shell says of a program that SIGPIPE ended


if __name__ == "__main__":
    sys.exit(main())
