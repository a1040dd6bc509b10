"""`python -m local.host --app DIR`."""

import sys

from local.host import main
from local.private import keep_private

if __name__ == "__main__":
    keep_private()
    sys.exit(main(sys.argv[1:]))
