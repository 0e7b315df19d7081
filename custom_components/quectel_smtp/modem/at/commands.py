"""What a command is to the channel: its line, what answers it, and its deadline."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from .syntax import command_name, parameters


class Deadline(float, Enum):
    """Longest time in seconds that we wait for a command's final result.

    Each is the documented maximum and a margin, so that the modem's own limit always
    expires before ours.
    """

    QUICK = 2.0
    """300 ms class; a busy modem takes longer at times."""
    SIM = 6.0
    """``AT+CPIN``: 5 s."""
    REBOOT = 16.0
    """``AT+CFUN``: 15 s."""
    DEACTIVATE = 44.0
    """``AT+QIDEACT``: 40 s."""
    RESOLVE = 62.0
    """``AT+QIDNSGIP``: 60 s."""
    ATTACH = 145.0
    """``AT+CGATT``: 140 s."""
    ACTIVATE = 156.0
    """``AT+QIACT``: 150 s."""


PROMPT_LIMIT: Final = 1460
"""Bytes that the prompt of a TCP command asks for, the most (TCP/IP note 2.4.10)."""

# What the margin over a limit that we hand to the modem is made of: the answer's own
# way, and a modem that is slow to notice.
RESULT_MARGIN: Final = 15.0
INPUT_MARGIN: Final = 15.0
"""Seconds by which a data mode is over for us before it is for the modem."""


@dataclass(frozen=True, slots=True)
class Command:
    """One AT command and the lines that belong to its answer.

    ``prefixes`` are the information lines that are its own; with ``shape`` only those
    whose parameters it accepts, so that an unsolicited line with the same prefix is
    told apart. ``bare`` accepts a line without prefix, such as an IMEI. ``single``
    says that one line is all there is: the next is unsolicited. ``finals`` are results
    that end it beside ``OK`` and the errors. Lines and parameters of a ``secret``
    command never reach a log.
    """

    line: str = field(repr=False)
    prefixes: tuple[str, ...] = ()
    deadline: float = Deadline.QUICK
    shape: Callable[[tuple[str, ...]], bool] | None = None
    bare: Callable[[str], bool] | None = None
    single: bool = True
    secret: bool = False
    finals: tuple[str, ...] = field(default=(), repr=False)

    @property
    def name(self) -> str:
        """The command without its parameters."""
        return command_name(self.line)

    def owns(self, text: str) -> bool:
        """Whether the information line ``text`` answers this command."""
        for prefix in self.prefixes:
            if text.startswith(prefix):
                return self.shape is None or self.shape(parameters(text))
        return self.bare is not None and self.bare(text)
