"""`tlcourse pretrain NETWORK …`: train one of the bundled networks again, from its recipe."""

import argparse
import importlib

# network -> module of its recipe, imported when it is asked for
RECIPES = {"photonet": "tlcourse.recipes.photonet"}


def main(argv: list[str]) -> int:
    """Run the recipe of the network that `argv` starts with; the rest is the recipe's own.

    Returns:
        The recipe's exit status.
    """
    parser = argparse.ArgumentParser(
        prog="tlcourse pretrain",
        usage="tlcourse pretrain NETWORK [--help] [options]",
        description="Train one of the bundled networks again.",
        epilog=f"networks: {', '.join(RECIPES)}",
    )
    parser.add_argument("network", choices=RECIPES, metavar="NETWORK", help="one of those below")
    network = parser.parse_args(argv[:1]).network
    return importlib.import_module(RECIPES[network]).main(argv[1:])
