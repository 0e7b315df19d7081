"""Asks the ports of one modem, one after the other, which of them takes commands."""

import asyncio
from collections.abc import Iterable
from typing import Final

from ..modem.at.errors import (
    ModemError,
    NoAnswerError,
    PortBusyError,
    PortPermissionError,
)
from ..modem.at.port import PortSettings
from ..ports import make_modem

ASKED_FOR: Final = 8.0
"""Seconds that a port is asked for at most: a log is written without end, and one that
another program left half-way in a transfer wants 5 s."""


class NoAtPortError(ModemError):
    """None of the modem's ports takes commands: start it anew, or choose one by hand."""

    key = "no_at_port"


async def find_at_port(ports: Iterable[str]) -> str:
    """Return the first of the ports that a modem answers on and says who it is.

    Where none does, ``PortBusyError`` or ``PortPermissionError`` if that is what kept
    one of them from being asked, else ``NoAtPortError``.
    """
    failures: list[ModemError] = []
    for port in ports:
        try:
            await _ask(port)
        except ModemError as err:
            failures.append(err)
        else:
            return port
    for kind in (PortBusyError, PortPermissionError):
        for failure in failures:
            if isinstance(failure, kind):
                raise failure
    raise NoAtPortError


async def _ask(port: str) -> None:
    modem = make_modem(PortSettings(port))
    try:
        async with asyncio.timeout(ASKED_FOR):
            await modem.open()
            await modem.identify()
    except TimeoutError as err:
        raise NoAnswerError("AT") from err
    finally:
        await modem.close()
