"""The least modem there is: answers from a table over a pty, as fast as it can.

Run as a process; prints the path of its port, and ends with its standard input.
"""

import os
import pty
import select
import tty
from typing import Final

from . import processors

READ: Final = "AT+CSQ"
"""An ordinary answer: one information line, then OK."""
READ_WITH_URC: Final = "AT+CREG?"
"""A URC stands between the information line and OK."""
BARE: Final = "AT+CGMM"
"""The information line has no prefix, and begins like a final result code."""
READ_WITH_NOISE: Final = "AT+COPS?"
"""Three bytes that are no UTF-8 stand between the information line and OK."""

NOISE: Final = b"\xff\xfe\xe9"
URC: Final = '+QIURC: "pdpdeact",1'
LINES: Final = {
    READ: "+CSQ: 24,99",
    READ_WITH_URC: "+CREG: 0,1",
    BARE: "OKLAHOMA",
    READ_WITH_NOISE: '+COPS: 0,0,"CHN-UNICOM",7',
}
_BETWEEN: Final = {READ_WITH_URC: URC.encode(), READ_WITH_NOISE: NOISE}


def answer(line: bytes) -> bytes:
    """Return what follows the echo of a command line."""
    name = line.decode()
    parts = [LINES[name].encode()] if name in LINES else []
    if name in _BETWEEN:
        parts.append(_BETWEEN[name])
    return b"".join(b"\r\n" + part + b"\r\n" for part in (*parts, b"OK"))


def main() -> None:
    """Answer until standard input ends."""
    processors.take_first()
    master, slave = pty.openpty()
    tty.setraw(slave)
    print(os.ttyname(slave), flush=True)
    answers = {name.encode(): answer(name.encode()) for name in LINES}
    echo, typed = False, b""
    while True:
        ready, _, _ = select.select((master, 0), (), ())
        if 0 in ready and not os.read(0, 1):
            return
        if master not in ready:
            continue
        typed += os.read(master, 4096).replace(b"\n", b"")
        while b"\r" in typed:
            line, _, typed = typed.partition(b"\r")
            echo = {b"ATE0": False, b"ATE1": True}.get(line, echo)
            sent = answers.get(line) or answer(line)
            os.write(master, line + b"\r" + sent if echo else sent)


if __name__ == "__main__":
    main()
