"""`python -m tests.virtual_modem`."""

import sys

from .options import parse
from .process import main

if __name__ == "__main__":
    sys.exit(main(parse(sys.argv[1:])))
