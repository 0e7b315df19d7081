"""A picture of 100 KB with all that a line may misread arrives by either way as it was."""

from collections.abc import Generator
from email.message import EmailMessage
from random import Random

import pytest

from custom_components.quectel_smtp.modem.mail.attachments import Attachment
from custom_components.quectel_smtp.modem.mail.message import Message
from custom_components.quectel_smtp.modem.mail.smtp import Result
from tests.virtual_modem.fault_model import Action, Fault, Moment
from tests.virtual_modem.observations import TransferEnd
from tests.virtual_modem.profiles import MailClient

from .bench import Bench

SIZE = 100_000
_BLOCK = 1024
_GUARD = 1.1
"""Seconds: longer than the silence that makes an escape of ``+++`` (SMTP note 1.3)."""


def picture() -> bytes:
    """Return a JPEG as no camera makes it, but might."""
    data = bytearray(Random(7).randbytes(SIZE))
    data[:4] = b"\xff\xd8\xff\xe0"
    data[-2:] = b"\xff\xd9"
    for place, run in (
        (2_000, b"\xff" * 3_000),
        (6_000, b"\x11\x13" * 500),
        (8_000, bytes(range(256)) * 8),
        (12_000, b"+" * 1_500),
        (15_000, b"\r\nOK\r\nERROR\r\n+CME ERROR: 3\r\nCONNECT\r\n> \r\nRDY\r\n"),
        (16_000, b"\r\nAT+CFUN=0\r\nATH\r\nAT+QPOWD\r\n\x1a\x1b"),
        (17_000, b"A" * 2_048),
        (20_000, b"\r\n.\r\nQUIT\r\n"),
    ):
        data[place : place + len(run)] = run
    # At the end of each block that an acknowledgement follows, and at the beginning of
    # the next one; and where a write ends.
    for number in range(30, 90):
        end = number * _BLOCK
        data[end - 3 + number % 4 : end + number % 4] = b"+++"
        data[end + 509 : end + 514] = b"x+++y"
    return bytes(data)


PICTURE = picture()


@pytest.fixture(params=MailClient, scope="module")
def bench(request: pytest.FixtureRequest) -> Generator[Bench]:
    """Give a modem and a server, with each of the modem's mail clients."""
    with Bench(request.param) as running:
        yield running


def email(data: bytes) -> Message:
    """Return an email with the picture."""
    attachment = Attachment("door.jpg", data, "image/jpeg")
    return Message("Door", "Look", ("you@example.org",), attachments=(attachment,))


def pictures(message: EmailMessage) -> dict[str | None, object]:
    """Return what is attached."""
    return {
        part.get_filename(): part.get_content() for part in message.iter_attachments()
    }


def test_the_picture_is_as_bad_as_it_can_be() -> None:
    assert len(PICTURE) == SIZE
    assert set(PICTURE) == set(range(256))
    blocks = [PICTURE[at : at + _BLOCK] for at in range(0, SIZE, _BLOCK)]
    assert any(block.endswith(b"+++") for block in blocks)
    assert any(block.startswith(b"+++") for block in blocks)


def test_it_arrives_by_the_modems_mail_client(bench: Bench) -> None:
    bench.virtual.forget()
    assert bench.run(bench.send(email(PICTURE))).result is Result.SENT
    assert pictures(bench.last()) == {"door.jpg": PICTURE}
    (upload,) = (seen for seen in bench.virtual.transfers() if "QFUPL" in seen.command)
    assert upload.end is TransferEnd.COMPLETE
    # No byte of it was a command, and none was lost.
    assert not [seen for seen in bench.virtual.commands() if seen.junk]
    assert not bench.virtual.strays()
    assert not bench.virtual.state().files


@pytest.mark.parametrize("offset", [30 * _BLOCK, 31 * _BLOCK, 32 * _BLOCK, 33 * _BLOCK])
def test_a_stall_at_a_block_makes_no_escape_of_its_plus_signs(
    bench: Bench, offset: int
) -> None:
    fault = Fault(
        Action.DELAY,
        command=r"AT\+QFUPL",
        moment=Moment.MID_DATA,
        offset=offset,
        seconds=_GUARD,
    )
    number = bench.virtual.fault(fault)
    assert bench.run(bench.send(email(PICTURE))).result is Result.SENT
    assert bench.virtual.fault_strikes(number) == 1
    assert pictures(bench.last()) == {"door.jpg": PICTURE}
