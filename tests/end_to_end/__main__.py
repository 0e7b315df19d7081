"""Starts the demo, so that Ctrl-C is quiet even while it is being loaded."""

import signal
import sys

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from tests.end_to_end.demo import main

    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main())
