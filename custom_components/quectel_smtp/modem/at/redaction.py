"""Keeps what passes over the port out of every log, the transport's own included.

Our own channel logs the names of commands only. The serial libraries log each piece of
bytes at DEBUG, where a password may be cut anywhere, so that no pattern would find it:
while a channel is open their DEBUG records are dropped as a whole.
"""

from collections.abc import Callable
import logging
from typing import Final

# serialx logs the bytes itself; behind ``esphome://`` aioesphomeapi logs the messages
# that carry them.
_FAMILIES: Final = ("serialx", "aioesphomeapi")


class _DropDebug(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG


_DROP_DEBUG: Final = _DropDebug()
_open_channels = 0


def _transport_loggers() -> list[logging.Logger]:
    names = [
        name
        for name in logging.root.manager.loggerDict
        if name.partition(".")[0] in _FAMILIES
    ]
    return [logging.getLogger(name) for name in names]


def hush_transport() -> Callable[[], None]:
    """Drop the transports' DEBUG records until the returned function is called.

    Call it again once the port is open: opening may load another transport's module.
    Each call is undone by its own function, in any order.
    """
    global _open_channels  # noqa: PLW0603  # loggers are global too
    _open_channels += 1
    for logger in _transport_loggers():
        logger.addFilter(_DROP_DEBUG)
    undone = False

    def undo() -> None:
        nonlocal undone
        global _open_channels  # noqa: PLW0603
        if undone:
            return
        undone = True
        _open_channels -= 1
        if _open_channels == 0:
            for logger in _transport_loggers():
                logger.removeFilter(_DROP_DEBUG)

    return undo
