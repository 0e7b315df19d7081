"""One email through DST, SUB, BODY, ATT, PUT and CLR, and its typed outcome.

SMTP note, chapter 2.3.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ..at.channel import AtChannel
from ..at.codes import CmeCode, SmtpError, SmtpReply
from ..at.commands import INPUT_MARGIN, RESULT_MARGIN, Command, Deadline
from ..at.errors import (
    CommandError,
    DataModeError,
    ModemError,
    NoAnswerError,
    UnexpectedAnswerError,
)
from ..at.exchange import Expectation
from ..at.syntax import integer, number, parameters
from . import attachments
from .attachments import NotAttached
from .message import Message, TextCharset, body_bytes

PUT_TIME_MIN: Final = 60
PUT_TIME_MAX: Final = 65535

_RESULT: Final = "+QSMTPPUT:"


class Result(StrEnum):
    """What became of an email that was handed to the modem."""

    SENT = "sent"
    REFUSED = "refused"
    """Reported before, or instead of, acceptance by the server."""
    DOUBTFUL = "doubtful"
    """A reported error that may follow acceptance by the server."""
    UNKNOWN = "unknown"
    """The result was lost."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The typed end of one send.

    ``code`` is the modem's, a member of the code tables or an unknown number; None
    after a plain ``ERROR`` and when the result was lost or can't be read. ``reply`` is
    the server's own, None where the modem gave none.
    """

    result: Result
    code: CmeCode | None = None
    reply: SmtpReply | int | None = None


LOST: Final = Outcome(Result.UNKNOWN)
"""The end of an email that may have left, and whose result has not come."""

# After a fault with an attachment a firmware may end what it has sent of the email as if
# that were all, and a server may take it.
_DOUBTFUL: Final = frozenset(
    {
        SmtpError.FILE_OPEN,
        SmtpError.ATTACHMENT_MEMORY,
        SmtpError.ATTACHMENT_SAVE,
        SmtpError.UNKNOWN,
        SmtpError.NETWORK,
        SmtpError.CLOSED_BY_PEER,
        SmtpError.TIMEOUT,
        SmtpError.SEND_FAILED,
    }
)


def parse_result(line: str) -> Outcome:
    """Return what ``+QSMTPPUT: <err>,<protocol_error>`` says (note 2.3.7).

    A code that no table knows may follow acceptance as well as not: it is doubtful. So
    is a line without a number in it, which says that the send ended, not how, and a
    success that is not said in full.

    A sister firmware reports a fault with an attachment as 682 with a code of its own
    where the server's reply should be. That code is then what happened.
    """
    found = parameters(line)
    error = number(found[0]) if found else None
    reply = number(found[1]) if len(found) > 1 else None
    if error is None or (error == 0 and reply is None):
        return Outcome(Result.DOUBTFUL)
    server = SmtpReply.of(reply) if reply else None
    if error == 0:
        return Outcome(Result.SENT, reply=server)
    code = SmtpError.of(error)
    local = None if reply is None else SmtpError.of(reply)
    if isinstance(local, SmtpError):
        return Outcome(Result.DOUBTFUL, local)
    refused = isinstance(code, SmtpError) and code not in _DOUBTFUL
    return Outcome(Result.REFUSED if refused else Result.DOUBTFUL, code, server)


async def prepare(
    channel: AtChannel, message: Message, names: Sequence[str] = ()
) -> Outcome | NotAttached | None:
    """Hand the email's content to the modem; None when it took all of it.

    ``names`` are those of the files that its attachments were stored as. A refusal by
    the modem is an outcome. Any other ``ModemError`` tells that nothing was sent
    either; ``InvalidValueError``, before anything is, that it takes no so long a text
    or address, or not so many.
    """
    destinations = message.destination_commands()
    body = body_bytes(message.body, message.charset)
    try:
        for line in destinations:
            await channel.execute(Command(line, secret=True))
        await channel.execute(Command(message.subject_command(), secret=True))
        await _write_body(channel, body, message.charset)
    except CommandError as err:
        return Outcome(Result.REFUSED, err.code)
    return await attachments.attach(channel, names)


async def _write_body(channel: AtChannel, body: bytes, encoded: TextCharset) -> None:
    charset = TextCharset.ASCII if body.isascii() else encoded
    # Ten times what a line of 9,600 bit/s needs, and time to settle.
    seconds = 30 + len(body) // 100
    lines = await channel.transfer(
        Command(
            f"AT+QSMTPBODY={int(charset)},{len(body)},{seconds}",
            prefixes=("+QSMTPBODY:",),
        ),
        body,
        timeout=seconds - INPUT_MARGIN,
    )
    if not lines or number(parameters(lines[0])[0]) != len(body):
        raise DataModeError("AT+QSMTPBODY")


async def put(
    channel: AtChannel, timeout: int, handed_over: Callable[[], None] = lambda: None
) -> Outcome:
    """Send the prepared email; ``timeout`` is 60-65535 s (note 2.3.7).

    ``handed_over`` is called right before the first byte is written, and the waiter
    stands before that. Until then an exception tells that nothing was sent; from then
    on the email may leave, and a lost answer is an outcome. Only a cancellation leaves
    by another way, and the email in doubt.
    """
    seconds = integer(timeout, "timeout", PUT_TIME_MIN, PUT_TIME_MAX)
    command = Command(f"AT+QSMTPPUT={seconds}", deadline=Deadline.SIM)
    written = False
    with channel.expect(_RESULT) as result:

        def begin() -> None:
            nonlocal written
            written = True
            handed_over()
            result.begin()

        try:
            await channel.execute(command, written=begin)
        except CommandError as err:
            return Outcome(Result.REFUSED, err.code)
        except ModemError:
            if not written:
                raise
        # Where OK was lost, the result may come all the same.
        return await _await_result(result, timeout)


async def _await_result(result: Expectation, timeout: int) -> Outcome:
    try:
        return parse_result(await result.wait(timeout + RESULT_MARGIN))
    except ModemError:
        return LOST


async def still_sending(channel: AtChannel) -> bool | None:
    """Ask whether the modem is sending an email; None if it can't tell.

    It takes a body only while it sends none, and says 652 otherwise (note 2.3.4, chapter
    5). What is written here is no email's: each begins with ``clear``.
    """
    asking = Command(
        f"AT+QSMTPBODY={int(TextCharset.ASCII)},1,1", prefixes=("+QSMTPBODY:",)
    )
    try:
        await channel.transfer(asking, b".", timeout=1 + RESULT_MARGIN)
    except CommandError as err:
        return True if err.code == SmtpError.BUSY else None
    except DataModeError, NoAnswerError, UnexpectedAnswerError:
        return None
    return False


async def clear(channel: AtChannel) -> None:
    """Remove recipients, subject, body and attachments (note 2.3.6)."""
    await channel.execute(Command("AT+QSMTPCLR"))
