"""Which failures are the path's, so that the recovery ladder has something to mend."""

from typing import Final

from ...modem.at.codes import EquipmentError, FileError, SmtpError, SmtpReply, TcpError
from ...modem.at.errors import (
    CommandError,
    DataModeError,
    ModemError,
    NoAnswerError,
    NotRegisteredError,
    PdpError,
    ServerNameError,
    ServerUnreachableError,
    SimFailureError,
    UnexpectedAnswerError,
)
from ...modem.mail.smtp import Outcome
from .outcomes import Kind, classify
from .policy import needs_person

# The failures of the path to the server that the recovery ladder may mend (SMTP note 4.2
# to 4.4). A number that no table knows is one of them: it may be anything.
_PATH_CODES: Final[frozenset[int]] = frozenset(
    {
        SmtpError.UNKNOWN,
        SmtpError.BUSY,
        SmtpError.DNS,
        SmtpError.NETWORK,
        SmtpError.CLOSED_BY_PEER,
        SmtpError.PDP_DEACTIVATED,
        SmtpError.TIMEOUT,
        SmtpError.SEND_FAILED,
        EquipmentError.PHONE_FAILURE,
        EquipmentError.NO_CONNECTION,
        EquipmentError.NOT_ALLOWED,
        EquipmentError.SIM_FAILURE,
        EquipmentError.SIM_BUSY,
        EquipmentError.MEMORY_FAILURE,
        EquipmentError.NO_NETWORK,
        EquipmentError.NETWORK_TIMEOUT,
        EquipmentError.EMERGENCY_ONLY,
        EquipmentError.COMMAND_ABORTED,
        EquipmentError.NOT_ATTACHED,
        EquipmentError.UNKNOWN,
        EquipmentError.INITIALISING,
        FileError.TIMEOUT,
        FileError.DATA_MODE_LEFT,
        *(
            set(TcpError)
            - {
                TcpError.INVALID_PARAMETERS,
                TcpError.NOT_SUPPORTED,
                TcpError.APN_NOT_CONFIGURED,
            }
        ),
    }
)
_KNOWN_CODES: Final[frozenset[int]] = frozenset(
    {*SmtpError, *TcpError, *FileError, *EquipmentError}
)
_PATH_ERRORS: Final = (
    DataModeError,
    NoAnswerError,
    NotRegisteredError,
    PdpError,
    ServerNameError,
    ServerUnreachableError,
    # A SIM that does not answer may do so once the radio, or the modem, is restarted.
    SimFailureError,
    UnexpectedAnswerError,
)


def climbs(failure: Outcome | ModemError) -> bool:
    """Whether the path failed, so that the recovery ladder has something to mend.

    Not: what the mail server itself replied, login and TLS, faults of our own, a port
    that is absent, a modem or SIM that wants a person.
    """
    if isinstance(failure, Outcome):
        return _outcome_climbs(failure)
    if isinstance(failure, CommandError):
        return _is_path_code(failure.code)
    return isinstance(failure, _PATH_ERRORS) and not needs_person(failure)


def _outcome_climbs(outcome: Outcome) -> bool:
    match classify(outcome):
        case Kind.LOST:
            return True
        case Kind.DOUBTFUL:
            # It has gone all the way where the server said 421 before it closed.
            gone = outcome.reply == SmtpReply.SERVICE_UNAVAILABLE
            return not gone and _is_path_code(outcome.code)
        case Kind.RETRY:
            return _is_path_code(outcome.code)
        case _:
            return False


def _is_path_code(code: int | None) -> bool:
    return code is None or code in _PATH_CODES or code not in _KNOWN_CODES
