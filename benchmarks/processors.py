"""Which processor a process runs on.

A modem is another device: it never shares our processor. Where the two processes may run
is left to chance, an answer takes four times as long at one time as at another.
"""

import os


def take_first() -> None:
    """Stay on the first processor: the modem's side."""
    _take(0)


def take_last() -> None:
    """Stay on the last processor: the side that is measured."""
    _take(-1)


def _take(place: int) -> None:
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[place]})
