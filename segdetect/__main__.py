"""`python -m segdetect`."""

import sys

from segdetect.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
