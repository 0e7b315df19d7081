"""Which files in the modem are ours is known over restarts, and they don't stay there."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import override

import pytest

from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.records import Instant, Options, State, Way
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.attachments import (
    Attachment,
    NotAttached,
)
from custom_components.quectel_smtp.modem.mail.files import checksum
from custom_components.quectel_smtp.modem.mail.message import Message
from custom_components.quectel_smtp.modem.mail.smtp import Outcome
from custom_components.quectel_smtp.modem.mail.uploads import digest
from custom_components.quectel_smtp.modem.modem import Modem
from tests.delivery.bench import PUT_LINE, Office, SendingModem, email
from tests.modem.scripted_modem import IMEI, NOW
from tests.modem.scripted_port import OK, Answer, Data, cme, frame
from tests.modem.virtual_time import virtual_time

STARTED = 10.0
"""Seconds in which a modem that answers is in service, and told."""
HOUR = 3600.0
PICTURE = b"abc"


class StoringModem(SendingModem):
    """A modem with a file store."""

    def __init__(self) -> None:
        """Hold somebody else's file."""
        super().__init__()
        self.files = {"users.pem": b"x"}

    @override
    def answer(self, line: str) -> Answer:
        name = line.partition('"UFS:')[2].partition('"')[0]
        if line == 'AT+QFLST="*"':
            return frame(
                *(f'+QFLST: "UFS:{n}",{len(d)}' for n, d in self.files.items())
            )
        if line.startswith("AT+QFDEL="):
            return OK if self.files.pop(name, None) else cme(405)
        if line.startswith('AT+QFUPL="'):

            def take(data: bytes) -> bytes:
                self.files[name] = data
                return frame(f"+QFUPL: {len(data)},{checksum(data):x}")

            return Data(len(PICTURE), take)
        return super().answer(line)


class PictureModem(StoringModem):
    """One with which each email takes a picture along."""

    @override
    def make(self, port: PortSettings) -> Modem:
        return WithPicture(port, connector=self.connect, now=lambda: NOW)


class WithPicture(Modem):
    """What sends the picture."""

    @override
    async def prepare(self, message: Message) -> Outcome | NotAttached | None:
        picture = Attachment("door.jpg", PICTURE)
        return await super().prepare(replace(message, attachments=(picture,)))


@pytest.fixture
def modem() -> PictureModem:
    """Return the modem."""
    return PictureModem()


@pytest.fixture
def office(tmp_path: Path, modem: PictureModem) -> Office:
    """Return a courier's surroundings."""
    return Office(tmp_path, modem)


def note(office: Office, imei: str, *names: str) -> None:
    """Have files noted by a process that is gone."""
    outbox = Outbox(office.path)
    outbox.open(NOW)
    at = Instant(0.0, NOW)
    outbox.note_uploads(digest(imei), tuple(map(digest, names)), at)
    outbox.close()


@virtual_time
async def test_the_picture_of_an_email_is_gone_once_it_is_sent(
    office: Office, modem: PictureModem
) -> None:
    async with office.at_work():
        assert await office.send(email()) is State.SENT
        await office.idle()
        assert any("QSMTPATT" in line for line in modem.lines)
        assert list(modem.files) == ["users.pem"]
        assert office.outbox.uploads(digest(IMEI)) == ()


@virtual_time
async def test_the_picture_of_an_email_that_was_refused_is_gone(
    office: Office, modem: PictureModem
) -> None:
    modem.answers[PUT_LINE] = OK + b"\r\n+QSMTPPUT: 677,535\r\n"
    async with office.at_work():
        await office.courier.submit(email())
        await office.until(lambda: modem.sends)
        await asyncio.sleep(STARTED)
        assert list(modem.files) == ["users.pem"]


@virtual_time
async def test_what_a_process_that_is_gone_left_in_the_modem_is_deleted(
    office: Office, modem: PictureModem
) -> None:
    note(office, IMEI, "door.jpg")
    modem.files["door.jpg"] = PICTURE
    async with office.at_work():
        await asyncio.sleep(STARTED)
        assert list(modem.files) == ["users.pem"]


@virtual_time
async def test_what_was_noted_of_another_modem_says_nothing_of_this_one(
    office: Office, modem: PictureModem
) -> None:
    note(office, "another", "users.pem")
    async with office.at_work():
        await asyncio.sleep(STARTED)
        assert list(modem.files) == ["users.pem"]
        assert office.outbox.uploads(digest("another")) == (digest("users.pem"),)


@virtual_time
async def test_it_is_deleted_too_where_no_email_goes_by_the_modems_client_any_more(
    office: Office, modem: PictureModem
) -> None:
    note(office, IMEI, "door.jpg")
    modem.files["door.jpg"] = PICTURE
    modem.answers["AT+QISEND=?"] = OK
    office.settings = replace(office.settings, options=Options(way=Way.STREAM))
    async with office.at_work():
        await asyncio.sleep(STARTED)
        assert list(modem.files) == ["users.pem"]


@virtual_time
async def test_what_an_email_left_there_goes_without_another_one(
    office: Office, modem: PictureModem, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office.at_work():
        await asyncio.sleep(STARTED)
        monkeypatch.setattr(modem, "take_body", lambda _: frame("+QSMTPBODY: 1"))
        sent = email()
        await office.courier.submit(sent)
        await office.until(lambda: "door.jpg" in modem.files)
        await asyncio.sleep(1)
        assert "door.jpg" in modem.files
        await office.courier.cancel(sent.reference)
        await asyncio.sleep(STARTED)
        assert not modem.sends
        assert list(modem.files) == ["users.pem"]


@virtual_time
async def test_a_file_that_can_not_be_deleted_is_tried_again_after_the_next_start(
    office: Office, modem: PictureModem
) -> None:
    modem.answers['AT+QFDEL="UFS:door.jpg"'] = cme(418)
    async with office.at_work():
        assert await office.send(email()) is State.SENT
        await asyncio.sleep(HOUR)
        assert modem.lines.count('AT+QFDEL="UFS:door.jpg"') == 1
        del modem.answers['AT+QFDEL="UFS:door.jpg"']
        modem.restart()
        await asyncio.sleep(STARTED)
        assert list(modem.files) == ["users.pem"]


@pytest.mark.parametrize("result", ["661,0", "662,0", "663,0", "682,662"])
@virtual_time
async def test_a_picture_that_the_modems_client_can_not_send_keeps_no_text_from_going(
    tmp_path: Path, result: str
) -> None:
    modem = StoringModem()
    modem.answers[PUT_LINE] = [
        OK + f"\r\n+QSMTPPUT: {result}\r\n".encode(),
        OK + b"\r\n+QSMTPPUT: 0,250\r\n",
    ]
    office = Office(tmp_path, modem)
    office.settings = replace(office.settings, options=Options(way=Way.MODULE))
    async with office.at_work():
        picture = Attachment("door.jpg", PICTURE)
        assert await office.send(email(attachments=(picture,))) is State.SENT
        attached = [line for line in modem.lines if "QSMTPATT" in line]
        assert attached == ['AT+QSMTPATT=1,1,"UFS:door.jpg"']
        first, second = modem.bodies
        assert "door.jpg" not in first
        assert "door.jpg" in second
