"""Runs a program that ends, with all that it started, no later than its owner does.

    python leash.py GRACE PROGRAM [ARGUMENT...]

The owner holds the other end of this program's standard input. When the owner closes it,
or ends in whatever way (also killed outright: the system closes it then), the program's
process group gets SIGTERM and, GRACE seconds later, SIGKILL. SIGUSR1 to this program has
it killed outright, as a power cut would end it. The exit status is the program's.
"""

from contextlib import suppress
import os
import select
import signal
import subprocess
import sys
import time
from types import FrameType

_KILL = signal.SIGUSR1
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, _KILL)


def main(grace: float, command: list[str]) -> int:
    """Run `command` until it ends or has to."""
    wake, waker = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(waker, False)
    told: list[int] = []

    def on_signal(number: int, _: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            told.append(number)

    # Before the program starts, so that nothing slips through in between.
    signal.set_wakeup_fd(waker)
    for number in (*_SIGNALS, signal.SIGCHLD):
        signal.signal(number, on_signal)

    program = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, start_new_session=True
    )
    deadline: float | None = None
    while program.poll() is None:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        watched = [wake] if deadline is not None else [wake, sys.stdin]
        readable, _, _ = select.select(watched, [], [], left)
        if wake in readable:
            os.read(wake, 4096)
        if deadline is None and (told or sys.stdin in readable):
            deadline = time.monotonic()
            if _KILL not in told:
                deadline += grace
                _signal_group(program.pid, signal.SIGTERM)
        elif deadline is not None and time.monotonic() >= deadline:
            _signal_group(program.pid, signal.SIGKILL)
            program.wait()
    # What the program itself left behind goes with it.
    _signal_group(program.pid, signal.SIGKILL)
    return program.returncode


def _signal_group(leader: int, number: signal.Signals) -> None:
    # Where nobody is left in it, there is nothing to do.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


if __name__ == "__main__":
    status = main(float(sys.argv[1]), sys.argv[2:])
    # As a shell has it: a program that a signal ended counts from 128.
    sys.exit(status if status >= 0 else 128 - status)
