"""`tlcourse fetch NAME`: get what the lessons need and the course does not carry."""

import argparse
import sys

from tlcourse.errors import AssetError
from tlcourse.files.minilm_files import fetch


def main(argv: list[str] | None = None) -> int:
    """`tlcourse fetch minilm`: 0 when the files are here, 1 when they could not be had."""
    parser = argparse.ArgumentParser(
        prog="tlcourse fetch", description=fetch.__doc__.split("\n")[0]
    )
    parser.add_argument("name", choices=["minilm"], help="the text encoder of lesson 9, 84 MB")
    parser.parse_args(argv)
    try:
        print(f"minilm is in {fetch()}")
    except AssetError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. Nothing is half-written; run it again.", file=sys.stderr)
        return 130
    return 0
