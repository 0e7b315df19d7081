"""What a virtual modem and a mail server have seen, held against what they may ever see."""

from collections.abc import Collection
from email import message_from_bytes, policy
from email.message import EmailMessage
import re
from typing import Final
import unicodedata

from aiosmtpd.smtp import Envelope

from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.observations import Phase, TransferEnd

_LONGEST: Final = 512
"""Bytes of the longest line that is ever sent (``syntax.LINE_LIMIT``)."""
# All that is said to a modem in service; none of it takes it out of service.
_COMMANDS: Final = frozenset(
    [
        "AT",
        "AT&D0",
        "ATE0",
        "ATI",
        "ATQ0V1E0",
        "AT+CCLK",
        "AT+CEREG",
        "AT+CGATT",
        "AT+CGDCONT",
        "AT+CGMI",
        "AT+CGMM",
        "AT+CGMR",
        "AT+CGPADDR",
        "AT+CGREG",
        "AT+CGSN",
        "AT+CIMI",
        "AT+CMEE",
        "AT+CNMI",
        "AT+COPS",
        "AT+CPIN",
        "AT+CREG",
        "AT+CSQ",
        "AT+CTZU",
        "AT+ICCID",
        "AT+QAUGDCNT",
        "AT+QCCID",
        "AT+QCFG",
        "AT+QCSQ",
        "AT+QFDEL",
        "AT+QFLDS",
        "AT+QFLST",
        "AT+QFUPL",
        "AT+QGDCNT",
        "AT+QIACT",
        "AT+QICFG",
        "AT+QICLOSE",
        "AT+QICSGP",
        "AT+QIDEACT",
        "AT+QIDNSGIP",
        "AT+QIGETERROR",
        "AT+QINISTAT",
        "AT+QIOPEN",
        "AT+QIRD",
        "AT+QISDE",
        "AT+QISEND",
        "AT+QISTATE",
        "AT+QLTS",
        "AT+QNETDEVCTL",
        "AT+QNWINFO",
        "AT+QPINC",
        "AT+QSMTPATT",
        "AT+QSMTPBODY",
        "AT+QSMTPCFG",
        "AT+QSMTPCLR",
        "AT+QSMTPDST",
        "AT+QSMTPPUT",
        "AT+QSMTPSRV",
        "AT+QSMTPSUB",
        "AT+QSSLCFG",
        "AT+QURCCFG",
        "AT+CFUN?",
    ]
)
# What is left of a line without what stands in quotation marks: numbers, hex strings.
_BARE: Final = re.compile(r"AT[+&A-Z0-9]*(\?|=\?|=[0-9A-F,*-]*)?")
_HEADERS: Final = frozenset(
    [
        "from",
        "to",
        "cc",
        "reply-to",
        "subject",
        "date",
        "message-id",
        "x-priority",
        "importance",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
    ]
)
_UNREADABLE: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


def check_line(line: str) -> None:
    """Check that a line is one command of ours, and ends where it seems to."""
    assert len(line) <= _LONGEST, line
    assert line.isascii(), line
    assert line.isprintable(), line
    name = line.partition("=")[0]
    assert name in _COMMANDS or name.removesuffix("?") in _COMMANDS, line
    assert _BARE.fullmatch(re.sub(r'"[^"]*"', "", line)), line
    assert line != 'AT+QFDEL="*"'


def check_commands(virtual: VirtualModem) -> None:
    """Check that the modem has got nothing but commands of ours, and whole data."""
    for seen in virtual.commands():
        assert (seen.phase, seen.junk) == (Phase.COMMAND, ""), seen.line
        check_line(seen.line)
    assert {transfer.end for transfer in virtual.transfers()} <= {TransferEnd.COMPLETE}
    assert virtual.strays() == []
    virtual.forget()


def check_email(envelope: Envelope, to: Collection[str]) -> EmailMessage:
    """Check that an email went to these alone, and has no header but our own."""
    assert sorted(envelope.rcpt_tos) == sorted(to)
    content = envelope.original_content
    assert content is not None
    lines = content.split(b"\r\n")
    assert not [line for line in lines if b"\r" in line or b"\n" in line]
    assert max(map(len, lines)) <= 998
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    headers = [name.lower() for name, _ in message.items()]
    assert len(headers) == len(set(headers))
    assert set(headers) <= _HEADERS
    for part in message.walk():
        assert part.defects == []
    subject = str(message["Subject"])
    assert not {unicodedata.category(one) for one in subject} & _UNREADABLE
    return message
