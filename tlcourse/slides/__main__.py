"""`python -m tlcourse.slides`."""

import sys

from tlcourse.slides import main

sys.exit(main())
