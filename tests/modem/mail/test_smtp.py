"""One email through the SMTP commands: its outcome is typed, whatever is lost."""

import asyncio

import pytest

from custom_components.quectel_smtp.modem.at.codes import SmtpError, SmtpReply
from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.errors import (
    DataModeError,
    InvalidValueError,
    ModemError,
    NoAnswerError,
    PortLostError,
)
from custom_components.quectel_smtp.modem.mail import smtp
from custom_components.quectel_smtp.modem.mail.message import Message
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from tests.modem.scripted_modem import body
from tests.modem.scripted_port import (
    ERROR,
    OK,
    Answer,
    Data,
    Late,
    ScriptedPort,
    frame,
    open_port,
)
from tests.modem.virtual_time import virtual_time

MESSAGE = Message("Hello", "Body", ("a@example.com",))
BODY_LINE = "AT+QSMTPBODY=0,6,30"
PUT_LINE = "AT+QSMTPPUT=300"
DOUBTFUL = {651, 654, 656, 658, 660, 661, 662, 663}


def result(error: object, reply: object = 0) -> bytes:
    """Return the URC that ends a send."""
    return f"\r\n+QSMTPPUT: {error},{reply}\r\n".encode()


@virtual_time
async def test_the_content_is_handed_over_in_the_notes_order() -> None:
    port = open_port()
    port.answers[BODY_LINE] = body(6)
    assert await smtp.prepare(port.channel, MESSAGE) is None
    assert port.lines == [
        'AT+QSMTPDST=1,1,"a@example.com"',
        'AT+QSMTPSUB=0,"Hello"',
        BODY_LINE,
    ]
    assert port.taken == [b"Body\r\n"]


@virtual_time
async def test_a_body_beyond_ascii_is_announced_as_utf_8_in_bytes() -> None:
    port = open_port()
    port.answers["AT+QSMTPBODY=1,6,30"] = body(6)
    message = Message("Hello", "😀", ("a@example.com",))
    assert await smtp.prepare(port.channel, message) is None
    assert port.taken == ["😀\r\n".encode()]


@pytest.mark.parametrize(
    "line", ['AT+QSMTPDST=1,1,"a@example.com"', 'AT+QSMTPSUB=0,"Hello"', BODY_LINE]
)
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (ERROR, None),
        (b"\r\n+CME ERROR: 652\r\n", SmtpError.BUSY),
        (b"\r\n+CME ERROR: 999\r\n", 999),
    ],
)
@virtual_time
async def test_a_command_that_the_modem_refuses_is_a_refusal(
    line: str, answer: bytes, code: int | None
) -> None:
    port = open_port()
    port.answers[line] = answer
    outcome = await smtp.prepare(port.channel, MESSAGE)
    assert outcome == Outcome(Result.REFUSED, code)


@pytest.mark.parametrize("then", [frame("+QSMTPBODY: 5"), OK])
@virtual_time
async def test_a_body_of_another_length_is_not_sent(then: bytes) -> None:
    port = open_port()
    port.answers[BODY_LINE] = Data(6, then)
    with pytest.raises(DataModeError):
        await smtp.prepare(port.channel, MESSAGE)


@pytest.mark.parametrize("error", range(651, 683))
@virtual_time
async def test_each_code_after_ok_is_refused_or_doubtful(error: int) -> None:
    port = open_port()
    port.answers[PUT_LINE] = OK + result(error)
    expected = Result.DOUBTFUL if error in DOUBTFUL else Result.REFUSED
    assert await smtp.put(port.channel, 300) == Outcome(expected, SmtpError.of(error))


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        (result(0, 0), Outcome(Result.SENT)),
        (result(0, 250), Outcome(Result.SENT, reply=SmtpReply.OK)),
        (
            result(677, 535),
            Outcome(Result.REFUSED, SmtpError.AUTH_FAILED, SmtpReply.AUTH_FAILED),
        ),
        (result(682, 599), Outcome(Result.REFUSED, SmtpError.TRANSACTION_FAILED, 599)),
        (result(700, 0), Outcome(Result.DOUBTFUL, 700)),
        (result(-5, 0), Outcome(Result.DOUBTFUL, -5)),
        (result("x", 0), Outcome(Result.DOUBTFUL)),
        (result(654, "x"), Outcome(Result.DOUBTFUL, SmtpError.NETWORK)),
        # It may be cut short, of 0 and a reply, or say less than a success does.
        (b"\r\n+QSMTPPUT: 0\r\n", Outcome(Result.DOUBTFUL)),
        (result(0, ""), Outcome(Result.DOUBTFUL)),
        (result(0, "x"), Outcome(Result.DOUBTFUL)),
        # A firmware's own fault with an attachment, told in the server's place.
        (result(682, 661), Outcome(Result.DOUBTFUL, SmtpError.FILE_OPEN)),
        (result(682, 662), Outcome(Result.DOUBTFUL, SmtpError.ATTACHMENT_MEMORY)),
        (result(682, 669), Outcome(Result.DOUBTFUL, SmtpError.STORAGE_SHORT)),
        (result(660, 663), Outcome(Result.DOUBTFUL, SmtpError.ATTACHMENT_SAVE)),
        (b"\r\n+QSMTPPUT:\r\n", Outcome(Result.DOUBTFUL)),
    ],
)
@virtual_time
async def test_a_result_keeps_its_numbers_known_or_not(
    line: bytes, outcome: Outcome
) -> None:
    port = open_port()
    port.answers[PUT_LINE] = OK + line
    assert await smtp.put(port.channel, 300) == outcome


@virtual_time
async def test_an_error_instead_of_ok_is_a_refusal() -> None:
    port = open_port()
    port.answers[PUT_LINE] = b"\r\n+CME ERROR: 659\r\n"
    outcome = await smtp.put(port.channel, 300)
    assert outcome == Outcome(Result.REFUSED, SmtpError.NO_RECIPIENT)


@virtual_time
async def test_the_result_is_waited_for_as_long_as_the_modem_may_take() -> None:
    port = open_port()
    port.answers[PUT_LINE] = lambda: sent_after(port, 299)
    assert (await smtp.put(port.channel, 300)).result is Result.SENT


def sent_after(port: ScriptedPort, seconds: float) -> bytes:
    """Answer OK, and let the result come after ``seconds``."""
    asyncio.get_running_loop().call_later(seconds, port.receive, result(0))
    return OK


@pytest.mark.parametrize(
    "answer",
    [OK, None, b"\r\nRDY\r\n", OK + b"\r\nRDY\r\n", Late(30, OK)],
    ids=["no result", "no OK", "reboot", "reboot after OK", "late OK"],
)
@virtual_time
async def test_a_lost_result_is_an_unknown_outcome(answer: Answer) -> None:
    port = open_port()
    port.answers[PUT_LINE] = answer
    assert await smtp.put(port.channel, 300) == Outcome(Result.UNKNOWN)
    assert port.lines.count(PUT_LINE) == 1


@virtual_time
async def test_a_lost_ok_does_not_lose_the_result() -> None:
    port = open_port()
    port.answers[PUT_LINE] = Late(100, result(0, 250))
    outcome = await smtp.put(port.channel, 300)
    assert outcome == Outcome(Result.SENT, reply=SmtpReply.OK)


@pytest.mark.parametrize("when", [0, 1, 200])
@virtual_time
async def test_a_port_lost_after_the_command_leaves_the_outcome_unknown(
    when: float,
) -> None:
    port = open_port()
    await port.channel.execute(Command("AT"))
    task = asyncio.create_task(smtp.put(port.channel, 300))
    await asyncio.sleep(when)
    port.lose(OSError(5, "gone"))
    assert await task == Outcome(Result.UNKNOWN)


@virtual_time
async def test_a_port_lost_before_the_command_means_that_nothing_was_sent() -> None:
    port = open_port()
    port.lose(None)
    await asyncio.sleep(0.1)
    with pytest.raises(PortLostError):
        await smtp.put(port.channel, 300)


@virtual_time
async def test_a_modem_that_does_not_resync_was_sent_nothing() -> None:
    port = open_port()
    port.silent = True
    port.channel.dirty = True
    with pytest.raises(NoAnswerError):
        await smtp.put(port.channel, 300)
    assert PUT_LINE not in port.lines


@pytest.mark.parametrize("timeout", [59, 65536])
@virtual_time
async def test_a_time_limit_outside_the_notes_range_is_refused(timeout: int) -> None:
    with pytest.raises(InvalidValueError):
        await smtp.put(open_port().channel, timeout)


@virtual_time
async def test_clearing_is_one_command() -> None:
    port = open_port()
    await smtp.clear(port.channel)
    assert port.lines == ["AT+QSMTPCLR"]


def test_every_error_of_the_layer_has_a_key_for_its_translation() -> None:
    def tree(error: type[ModemError]) -> list[type[ModemError]]:
        return [error, *(leaf for sub in error.__subclasses__() for leaf in tree(sub))]

    keys = [error.key for error in tree(ModemError)]
    assert len(set(keys)) == len(keys)
