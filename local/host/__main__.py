"""`python -m local.host --app DIR`."""

import sys

from local.host import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
