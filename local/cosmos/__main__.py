"""`python -m local.cosmos`."""

import sys

from local.cosmos.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
