"""Listens to the log of every test: nothing of a person, a SIM or a place may be in it.

What the integration logs, at DEBUG, holds none of the tests' passwords and texts, and
nothing that looks like an address, a PIN, a number of a modem, a SIM or a telephone, or a
place. Nobody else's log has a password.
"""

from collections.abc import Iterator
import logging
import re
from typing import Final

OURS: Final = "custom_components.quectel_smtp"
PASSWORDS: Final = re.compile("(?i)(?:correct|right|left) horse|canary-")
_PRIVATE: Final = re.compile(
    rf"""(?ix)
    (?:{PASSWORDS.pattern.replace(" ", "[ ]").removeprefix("(?i)")})
    | canary | water[ ]in[ ]the
    | [\w.+-]+@[\w-]+\.\w            # an email's address
    | (?<![\w.])\d{{14,20}}(?![\w.]) # IMEI, IMSI, ICCID
    | [+]\d{{8,}}                    # a telephone
    | CPIN="?\d | [+]C(?:E|G|5G)?REG:.*," | (?:lac|tac|ci|cell)=
    | (?<![\d.])(?!127\.0\.0\.)(?:\d{{1,3}}\.){{3}}\d{{1,3}}(?![\d.])
    """
)


def found(text: str, *, ours: bool = True) -> str | None:
    """Return what a text has that is private, None where there is nothing."""
    match = (_PRIVATE if ours else PASSWORDS).search(text)
    return None if match is None else match[0]


class _Listener(logging.Handler):
    """Keeps what is private of all that is logged."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record that has something in it.

        asyncio's debug mode, which tests are in, shows tasks with all their arguments.
        """
        if record.name == "asyncio":
            return
        said = self.format(record)
        word = found(said, ours=record.name.startswith(OURS))
        if word is not None:
            self.heard.append(f"{word!r} in: {record.name}: {said}")


_LISTENER: Final = _Listener()


def listen() -> None:
    """Hear all that is logged from now on, our own at DEBUG."""
    logging.getLogger().addHandler(_LISTENER)
    logging.getLogger(OURS).setLevel(logging.DEBUG)


def heard() -> Iterator[str]:
    """Yield what was heard since it was asked last."""
    while _LISTENER.heard:
        yield _LISTENER.heard.pop(0)
