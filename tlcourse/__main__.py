"""`python -m tlcourse` is the same as the `tlcourse` command."""

import sys

from tlcourse.cli import main

sys.exit(main())
