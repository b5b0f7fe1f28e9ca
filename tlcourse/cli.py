"""The `tlcourse` command. Each sub-command is a module with a `main(argv) -> int`."""

import argparse
import importlib
import sys

# name -> (module that holds its main, what it does); the module is imported when it is asked for
COMMANDS = {
    "doctor": ("tlcourse.doctor", "check that the course can run on this machine"),
    "fetch": ("tlcourse.minilm_files", "get the text encoder of lesson 9"),
    "pretrain": ("tlcourse.recipes.pretrain", "train a bundled network again, such as photonet"),
    "retrain": ("tlcourse.retrain.cli", "make a model of a folder of your own photos"),
    "predict": ("tlcourse.retrain.predict", "say what such a model sees in photos"),
    "update": ("tlcourse.update", "get the newest lessons without losing your own work"),
    "classroom": ("tlcourse.classroom", "hand out and grade the exercises, by nbgrader"),
    "room": ("tlcourse.room", "fill a folder for a room without a network"),
}


def main(argv: list[str] | None = None) -> int:
    """Run `tlcourse COMMAND …` and return its exit status (2 for wrong usage)."""
    argv = sys.argv[1:] if argv is None else argv
    listing = "\n".join(f"  {name:<10} {what}" for name, (_, what) in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="tlcourse",
        usage="tlcourse COMMAND [--help] [options]",
        description="Helpers of the transfer-learning course.",
        epilog=f"commands:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="one of those below")
    command = parser.parse_args(argv[:1]).command  # the rest is the sub-command's own
    return importlib.import_module(COMMANDS[command][0]).main(argv[1:])


if __name__ == "__main__":
    sys.exit(main())
