"""Rule 12: each code of the note is a named member, and unknown ones survive."""

import pytest

from custom_components.quectel_smtp.modem.at.codes import (
    EquipmentError,
    FileError,
    SmtpError,
    SmtpReply,
    TcpError,
    cme_code,
    meaning_of,
)


def test_every_smtp_code_from_651_to_682_has_a_name_and_a_meaning() -> None:
    assert [int(code) for code in SmtpError] == list(range(651, 683))
    assert all(code.meaning for code in SmtpError)


def test_every_protocol_code_of_the_note_has_a_name_and_a_meaning() -> None:
    listed = {421, 450, 451, 452, 500, 501, 502, 503, 504, 521, 530, 535}
    listed |= {550, 551, 552, 553, 554}
    assert listed <= {int(code) for code in SmtpReply}
    assert all(code.meaning for code in SmtpReply)


def test_every_tcp_code_and_file_code_has_a_name() -> None:
    assert set(range(550, 575)) < {int(code) for code in TcpError}
    assert set(range(400, 430)) == {int(code) for code in FileError}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("10", EquipmentError.SIM_NOT_INSERTED),
        (" 10 ", EquipmentError.SIM_NOT_INSERTED),
        ("0", EquipmentError.PHONE_FAILURE),
        ("407", FileError.EXISTS),
        ("573", TcpError.APN_NOT_CONFIGURED),
        ("651", SmtpError.UNKNOWN),
        ("SIM PIN required", EquipmentError.SIM_PIN_REQUIRED),
        ("file already exist", FileError.EXISTS),
        ("12345", 12345),
        ("9" * 30, None),
        ("who knows", None),
        ("-1", None),
    ],
)
def test_a_code_is_told_from_a_number_or_a_text(text: str, code: int | None) -> None:
    found = cme_code(text)
    assert found == code
    assert type(found) is type(code)


def test_an_unknown_number_survives_as_itself() -> None:
    assert SmtpError.of(999) == 999
    assert SmtpReply.of(599) == 599
    assert meaning_of(SmtpError.TLS) == SmtpError.TLS.meaning
    assert meaning_of(999) == meaning_of(None)


def test_no_two_codes_of_different_families_share_a_number() -> None:
    numbers = [
        int(code)
        for table in (SmtpError, FileError, EquipmentError, TcpError)
        for code in table
    ]
    # 0 is a failure of the equipment, and success of the TCP/IP commands.
    assert len(numbers) - len(set(numbers)) == 1
