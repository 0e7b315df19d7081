"""One small exception tree; each class says what a caller can do about it.

``key`` names the failure for translations. No message carries what was sent or
received: a line of the modem may hold a secret.
"""

from typing import ClassVar

from .codes import CmeCode, TcpError, meaning_of


class ModemError(Exception):
    """Anything that kept the modem layer from doing what it was asked."""

    key: ClassVar[str] = "modem_error"


class UnexpectedError(ModemError):
    """A defect of ours, whose trace is in the log: nothing of it was foreseen."""

    key = "unexpected_error"


class PortError(ModemError):
    """The serial port can't be used: reopen it later."""

    key = "port_error"


class PortNotFoundError(PortError):
    """No such port: check the cable or choose another port."""

    key = "port_not_found"


class PortBusyError(PortError):
    """Another program holds the port: stop it, or choose another port."""

    key = "port_busy"


class PortPermissionError(PortError):
    """The system doesn't let us open the port: give access to it."""

    key = "port_permission"


class PortInvalidError(PortError):
    """The path or URL is no serial port: correct it."""

    key = "port_invalid"


class PortLostError(PortError):
    """The open port went away: every waiter fails once with this; reopen the port."""

    key = "port_lost"


class NoAnswerError(ModemError):
    """The modem did not answer in time: resynchronise, then reopen or reboot."""

    key = "no_answer"


class NotAModemError(ModemError):
    """Something answers, but not as a modem does: choose another port."""

    key = "not_a_modem"


class ModemRebootedError(ModemError):
    """The modem restarted and forgot its settings: initialise it, then start over."""

    key = "modem_rebooted"


class WrongModemError(ModemError):
    """Another modem than ours is on the port: put ours back, or choose its port."""

    key = "wrong_modem"


class UnsupportedModemError(ModemError):
    """The firmware has neither SMTP nor TCP commands: another one is needed."""

    key = "unsupported_modem"


class OldGsmModemError(UnsupportedModemError):
    """A GSM module, whose SMTP commands are others: an LTE module is needed."""

    key = "old_gsm_modem"


class UnexpectedAnswerError(ModemError):
    """The answer doesn't have the form its specification gives: try again once."""

    key = "unexpected_answer"


class DataModeError(ModemError):
    """A transfer in data mode ended short: clear what the modem kept, then retry."""

    key = "data_mode"


class CommandError(ModemError):
    """The modem answered a command with an error: act on ``code``.

    ``code`` is None after a plain ``ERROR`` and after a text no table knows.
    """

    key = "command_error"

    def __init__(self, command: str, code: CmeCode | None = None) -> None:
        """Take the command's name, without its parameters, and the code."""
        self.command = command
        self.code = code
        reason = "ERROR" if code is None else f"{int(code)}, {meaning_of(code)}"
        super().__init__(f"{command}: {reason}")


class InvalidValueError(ModemError, ValueError):
    """A value can't be given to the modem: correct the field.

    ``field`` names the value, ``reason`` is one of ``too_long`` (``limit`` is the
    most that is allowed, in bytes or as counted by the field), ``not_ascii``,
    ``forbidden_character``, ``out_of_range``, ``empty`` and ``invalid``; who reads what
    a person typed may have others. ``hidden`` is a character that can't be seen, such
    as ``U+00A0``, and its position, counted from 1.
    """

    key = "invalid_value"

    def __init__(
        self,
        field: str,
        reason: str,
        limit: int | None = None,
        *,
        hidden: tuple[str, int] | None = None,
    ) -> None:
        """Name the field and the reason, never the value itself."""
        self.field = field
        self.reason = reason
        self.limit = limit
        self.hidden = hidden
        super().__init__(
            f"{field}: {reason}" + ("" if limit is None else f" ({limit})")
        )


class SimError(ModemError):
    """The SIM can't be used."""

    key = "sim_error"


class SimMissingError(SimError):
    """No SIM is inserted: insert one."""

    key = "sim_missing"


class SimFailureError(SimError):
    """The SIM does not answer: take it out, clean it, or replace it."""

    key = "sim_failure"


class SimNotReadyError(SimFailureError):
    """The SIM is not ready yet, and has judged no PIN: ask again later."""

    key = "sim_not_ready"


class NetworkLockedError(SimError):
    """The modem works with another operator's SIM only: use one, or have it unlocked."""

    key = "network_locked"


class PinRequiredError(SimError):
    """The SIM asks for its PIN: ``tries`` are left, None where it isn't told."""

    key = "pin_required"

    def __init__(self, tries: int | None) -> None:
        """Take the number of tries left."""
        self.tries = tries
        super().__init__(f"tries left: {'unknown' if tries is None else tries}")


class PinRefusedError(PinRequiredError):
    """The SIM refused the PIN, which must never be sent again."""

    key = "pin_refused"


class PinUnjudgedError(PinRequiredError):
    """Nobody tells whether the SIM refused the PIN: a person decides on another try."""

    key = "pin_unjudged"


class PinTriesExhaustingError(PinRequiredError):
    """Two tries are left, which only a person may risk, or fewer, which nobody may here.

    Unlock the SIM in a phone.
    """

    key = "pin_tries_low"


class PukRequiredError(SimError):
    """The SIM is locked and asks for its PUK: unlock it in a phone."""

    key = "puk_required"


class NotRegisteredError(ModemError):
    """The modem is not registered with a network: wait, or check antenna and SIM."""

    key = "not_registered"


class RegistrationDeniedError(NotRegisteredError):
    """The network refuses this SIM: ask its operator."""

    key = "registration_denied"


class RoamingError(ModemError):
    """The SIM is in another operator's network, where no data connection may be made."""

    key = "roaming"


class PdpError(ModemError):
    """The PDP context could not be activated or deactivated: ``code`` says why."""

    key = "pdp_failed"

    def __init__(self, code: TcpError | int | None) -> None:
        """Take the code of ``AT+QIGETERROR``, None where it gave none."""
        self.code = code
        super().__init__(
            "no code" if code is None else f"{int(code)}, {meaning_of(code)}"
        )


class ApnMissingError(PdpError):
    """The APN is not configured or refused: correct it."""

    key = "apn_missing"


class ServerUnreachableError(ModemError):
    """The mail server's port can't be reached: correct it, or mend the connection."""

    key = "server_unreachable"

    def __init__(self, code: TcpError | int) -> None:
        """Take the code of the connection."""
        self.code = code
        super().__init__(f"{int(code)}, {meaning_of(code)}")


class ConnectionLostError(ModemError):
    """The TCP connection to the server is gone: open another one."""

    key = "connection_lost"


class ServerNameError(ModemError):
    """The mail server's name has no address: correct it, or mend the connection."""

    key = "server_name"

    def __init__(self, code: TcpError | int) -> None:
        """Take the code of the name service."""
        self.code = code
        super().__init__(f"{int(code)}, {meaning_of(code)}")
