"""`tlcourse fetch NAME …`: get what the lessons need and the course does not carry."""

import argparse
import sys

from tlcourse.errors import AssetError, Stopped
from tlcourse.files.photo_archives import megabytes
from tlcourse.files.photo_sets import SETS
from tlcourse.machine.device import quiet_tensorflow
from tlcourse.networks.needs import SMALL, bring, check

PICTURES = "\n".join(f"  {name:<26}{megabytes(one.archives[0])}" for name, one in SETS.items())
LISTING = f"""\
pictures:
{PICTURES}
text encoder of lesson 9:
  minilm                    84 MB
Keras's weights, under 35 MB each (any other name of keras.applications will do, too):
  {", ".join(SMALL[:5])},
  {", ".join(SMALL[5:])}

What is here is not loaded again. Archives and weights that lie in a folder are taken from there:
TLCOURSE_DATASETS=FOLDER tlcourse fetch NAME
"""


def main(argv: list[str] | None = None) -> int:
    """`tlcourse fetch NAME …`; returns 0 when all of it is here, 1 when some could not be had."""
    parser = argparse.ArgumentParser(
        prog="tlcourse fetch",
        description="Get what the lessons need and the course does not carry, once.",
        epilog=LISTING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="+", metavar="NAME", help="one of those below")
    names = parser.parse_args(argv).names
    if any(name[:1].isupper() for name in names):  # a network of Keras: that imports TensorFlow
        with quiet_tensorflow():
            import keras  # noqa: F401
    for name in names:
        check(name)
    failed = False
    for name in names:
        try:
            print(bring(name), flush=True)
        except AssetError as error:
            if len(names) == 1:
                raise
            print(f"{name}: {error}", file=sys.stderr)
            failed = True
        except KeyboardInterrupt:
            raise Stopped(
                "Stopped. Nothing is half-written; run it again, and it goes on."
            ) from None
    return int(failed)
