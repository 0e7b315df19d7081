"""A host's end of the wire that hides nothing: raw bytes out, raw bytes in."""

import os
import re
import select
import termios
import time
import tty
from typing import Self

_FINAL = re.compile(rb"\r\n(OK|ERROR|CONNECT|NO CARRIER|\+CM[ES] ERROR: [^\r]*)\r\n")
_PATIENCE = 60.0


class Host:
    """An open pty. What is expected and does not come ends the test."""

    def __init__(self, port: str) -> None:
        """Open the port, in raw mode."""
        self.fd = os.open(port, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.fd)
        self.set_speed(termios.B115200)
        self._read = b""

    def set_speed(self, speed: int) -> None:
        """Choose a speed, by its termios constant."""
        attributes = termios.tcgetattr(self.fd)
        attributes[4] = attributes[5] = speed
        termios.tcsetattr(self.fd, termios.TCSANOW, attributes)

    def close(self) -> None:
        """Close it."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        """It is open already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def write(self, data: bytes) -> None:
        """Send bytes."""
        while data:
            data = data[os.write(self.fd, data) :]

    def read_until(self, *ends: bytes) -> bytes:
        """Everything up to and with the first of `ends`."""
        return self._read_to(re.compile(b"|".join(re.escape(end) for end in ends)))

    def _read_to(self, end: re.Pattern[bytes]) -> bytes:
        deadline = time.monotonic() + _PATIENCE
        while True:
            if found := end.search(self._read):
                taken, self._read = self._read[: found.end()], self._read[found.end() :]
                return taken
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise AssertionError(
                    f"waiting for {end.pattern!r}, there is {self._read!r}"
                )
            data = os.read(self.fd, 65536)
            if not data:
                raise ConnectionError("the port is gone")
            self._read += data

    def command(self, line: str) -> str:
        """Send a command line; its answer to the final result, framing and all."""
        self.write(line.encode("latin-1") + b"\r")
        return self._read_to(_FINAL).decode("latin-1")

    def lines(self, line: str) -> list[str]:
        """Send a command line; the lines of its answer that are not empty."""
        return [text for text in self.command(line).split("\r\n") if text]

    def ok(self, *lines: str) -> None:
        """Send command lines that must each answer OK (echo is off)."""
        for line in lines:
            answer = self.command(line)
            assert answer == "\r\nOK\r\n", f"{line}: {answer!r}"

    def rest(self) -> bytes:
        """What has been read beyond what was asked for."""
        return self._read
