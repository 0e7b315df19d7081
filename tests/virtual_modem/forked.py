"""`python -m tests.virtual_modem.forked DESCRIPTOR`: a modem for each request."""

import json
import os
import sys

from ..fork_server import forked
from .options import parse
from .process import main

if __name__ == "__main__":
    arguments = json.loads(forked(int(sys.argv[1])))
    code = main(parse(arguments))
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    # It has tidied up by now: the interpreter's own end is a third of its time.
    os._exit(code)
