"""What a person at the console is told who can't get at a modem."""

from typing import Final

from .at.errors import (
    ModemError,
    NoAnswerError,
    NotAModemError,
    PortBusyError,
    PortError,
    PortInvalidError,
    PortLostError,
    PortNotFoundError,
    PortPermissionError,
)

# What happened, and what to do about it; the first class that fits.
_ADVICE: Final[tuple[tuple[type[ModemError], str], ...]] = (
    (
        PortNotFoundError,
        "There is no such port.\nCheck the cable. On Linux, the ports that there are "
        "stand in /dev/serial/by-id.",
    ),
    (
        PortBusyError,
        "Another program holds this port.\nStop that program first. If it is Home "
        "Assistant, disable the integration's entry meanwhile.",
    ),
    (
        PortPermissionError,
        "This user may not open the port.\nOn Linux, become a member of the group that "
        "owns it (often dialout), or run this as root.",
    ),
    (PortInvalidError, "This is no serial port, nor a URL of one.\nCorrect the name."),
    (
        PortLostError,
        "The port went away.\nCheck cable and power supply, then start again.",
    ),
    (
        PortError,
        "The port could not be opened.\nCheck its name and that its device is on.",
    ),
    (
        NoAnswerError,
        "Nothing answered.\nA modem has several ports, of which one or two take "
        "commands: try the next one. On a UART, try another speed with --baudrate.",
    ),
    (
        NotAModemError,
        "Something answered, but not as a modem does.\nA modem has several ports, of "
        "which one or two take commands: try the next one.",
    ),
    (ModemError, "The modem did not answer as expected.\nSwitch it off and on again."),
)


def advice(error: ModemError) -> str:
    """Return what happened, and what to do about it."""
    return next(text for kind, text in _ADVICE if isinstance(error, kind))
