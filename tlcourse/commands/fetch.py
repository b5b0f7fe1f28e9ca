"""`tlcourse fetch NAME`: get what the lessons need and the course does not carry."""

import argparse

from tlcourse.errors import Stopped
from tlcourse.files.minilm_files import fetch


def main(argv: list[str] | None = None) -> int:
    """`tlcourse fetch minilm`; returns 0 when the files are here."""
    parser = argparse.ArgumentParser(
        prog="tlcourse fetch", description=fetch.__doc__.split("\n")[0]
    )
    parser.add_argument("name", choices=["minilm"], help="the text encoder of lesson 9, 84 MB")
    parser.parse_args(argv)
    try:
        print(f"minilm is in {fetch()}")
    except KeyboardInterrupt:
        raise Stopped("Stopped. Nothing is half-written; run it again.") from None
    return 0
