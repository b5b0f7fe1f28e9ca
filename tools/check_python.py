"""Stop the set-up early, with the fix, when Python is too old, too new or incomplete."""

import sys

if not (3, 11) <= sys.version_info[:2] <= (3, 13):
    sys.exit(
        "The course needs Python 3.11, 3.12 or 3.13 (TensorFlow has no other), and this is "
        + sys.version.split()[0]
        + ". Install one of them and name it: make PYTHON=python3.12"
    )
try:
    import ensurepip  # noqa: F401
    import venv  # noqa: F401
except ImportError:
    sys.exit(
        "This Python cannot make virtual environments. On Debian or Ubuntu: "
        "sudo apt install python3-venv"
    )
