"""A process that has imported everything, and forks one more for each start.

Starting Python and importing cost most of the processor time of a start. A run starts a
thousand modems, and a long one thousands of couriers. What is forked is a process of its
own: nothing was opened and no thread was started before, so that it shares nothing but
what was imported.
"""

import atexit
from contextlib import suppress
from functools import cache
import gc
import os
from pathlib import Path
import socket
import subprocess
import sys
import threading
from typing import Self

_ROOT = Path(__file__).resolve().parents[1]
_STANDARD = (0, 1, 2)
_LONGEST_REQUEST = 1 << 16


class ForkServer:
    """The owner's side: one of a module for each process that wants what it forks."""

    def __init__(self, module: str) -> None:
        """Start the process; it ends with the one that started it.

        module: is run with the descriptor that ``forked`` needs.
        """
        # A modem may be started in any thread.
        self._lock = threading.Lock()
        # Each request, and each answer, is one packet.
        self._requests, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                (sys.executable, "-m", module, str(theirs.fileno())),
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                # Ctrl-C is for whoever started it, who then ends what was forked, too.
                process_group=0,
                pass_fds=(theirs.fileno(),),
            )
        atexit.register(self._close)

    @classmethod
    @cache
    def running(cls, module: str) -> Self:
        """Return the one of this process, started when it is first needed."""
        return cls(module)

    @property
    def pid(self) -> int:
        """The process that forks."""
        return self._process.pid

    def start(self, request: bytes, stdin: int, stdout: int, stderr: int) -> int:
        """Fork a process with these streams; returns a pidfd of it.

        request: what ``forked`` returns there.
        """
        with self._lock:
            socket.send_fds(self._requests, [request], [stdin, stdout, stderr])
            _, (pidfd,), _, _ = socket.recv_fds(self._requests, 1, 1)
        return pidfd

    def _close(self) -> None:
        self._requests.close()
        self._process.wait()


def forked(descriptor: int) -> bytes:
    """Fork a child for each request, and return in each child, with its request.

    descriptor: the socket that requests come by. In the server itself this returns never.
    """
    assert threading.active_count() == 1
    # What was imported stays in pages that no child's collector writes to.
    gc.freeze()
    with socket.socket(fileno=descriptor) as requests:
        while True:
            request, streams, _, _ = socket.recv_fds(requests, _LONGEST_REQUEST, 3)
            if not request:
                sys.exit()
            child = os.fork()
            if not child:
                for stream, standard in zip(streams, _STANDARD, strict=True):
                    os.dup2(stream, standard)
            for stream in streams:
                os.close(stream)
            if not child:
                return request
            # Until it is waited for, its number is nobody else's.
            pidfd = os.pidfd_open(child)
            socket.send_fds(requests, [b"."], [pidfd])
            os.close(pidfd)
            _bury()


def _bury() -> None:
    """Wait for the children that have ended."""
    # Raised where there is none left.
    with suppress(ChildProcessError):
        while os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG):
            pass
