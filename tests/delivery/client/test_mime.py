"""An email by Python's ``email``: whatever it says, it parses, and hides who is hidden."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.delivery.client.mime import compose
from custom_components.quectel_smtp.delivery.rules.cutting import wrap
from custom_components.quectel_smtp.delivery.rules.file_name import file_name
from custom_components.quectel_smtp.modem.at.errors import InvalidValueError
from custom_components.quectel_smtp.modem.mail.attachments import Attachment
from custom_components.quectel_smtp.modem.mail.message import Message
from custom_components.quectel_smtp.modem.mail.server import Security, ServerSettings

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
HIDDEN = "hidden@example.org"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def server(name: str = "Home") -> ServerSettings:
    """An account whose sender has this name."""
    return ServerSettings(
        "mail.example.com", 465, Security.TLS, "u", "p", name, "home@example.com"
    )


@given(TEXT, TEXT, TEXT)
def test_any_text_arrives_and_has_no_defect(subject: str, body: str, name: str) -> None:
    try:
        message = Message(subject, wrap(body), ("you@example.org",), (), (HIDDEN,))
        account = server(name)
    except InvalidValueError:
        # Never accepted.
        return
    raw = compose(message, account, now=NOW, reference="ABCD")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.isascii()
    assert HIDDEN.encode() not in raw
    parsed = message_from_bytes(raw, policy=policy.default)
    assert not parsed.defects
    assert {key.lower() for key in parsed} >= {"from", "to", "date", "message-id"}
    for header in parsed.values():
        assert not header.defects
    assert parsed["Date"].datetime == NOW
    assert parsed["From"].addresses[0].addr_spec == "home@example.com"
    assert "".join(parsed["Subject"].split()) == "".join(subject.split())
    text = message.body.replace("\r\n", "\n").replace("\r", "\n")
    arrived = parsed.get_content().replace("\r\n", "\n")
    assert arrived.rstrip("\n") == text.rstrip("\n")


@pytest.mark.parametrize(
    ("to", "cc", "shown"),
    [
        ((), (), "undisclosed-recipients:;"),
        ((), ("two@example.org",), None),
        (("you@example.org",), (), "you@example.org"),
    ],
)
def test_only_who_may_be_seen_is_in_a_header(
    to: tuple[str, ...], cc: tuple[str, ...], shown: str | None
) -> None:
    message = Message("S", "Body", to, cc, (HIDDEN,))
    raw = compose(message, server(), now=NOW, reference="ABCD")
    assert HIDDEN.encode() not in raw
    assert message_from_bytes(raw, policy=policy.default)["To"] == shown


ENCODED = (
    "=?utf-8?q?x=0d=0aBcc:hidden@example.org?=",
    "=?utf-8?b?eA0KQmNjOiBoaWRkZW5AZXhhbXBsZS5vcmc=?=",
    "=?utf-8?q?a?= =?utf-8?q?b?=",
    "=?utf-8?q?=00?= Küche",
    "=?utf-8?q?=ff?=",
    "=?nope?q?a?=" * 8,
    "a =? b",
)
"""What readers, and ``email`` itself, take for text that was encoded."""


@pytest.mark.parametrize("text", ENCODED, ids=range(len(ENCODED)))
def test_a_text_that_looks_encoded_is_read_as_it_is(text: str) -> None:
    """In a title and in the sender's name; in a file's name it begins otherwise."""
    files = (Attachment(file_name(text), b"x", "image/jpeg"),)
    message = Message(text, "Body", ("you@example.org",), attachments=files)
    raw = compose(message, server(text), now=NOW, reference="ABCD")
    parsed = message_from_bytes(raw, policy=policy.default)
    assert "Bcc" not in parsed
    for header in parsed.values():
        assert not header.defects
    assert parsed["Subject"] == text
    (sender,) = parsed["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (text, "home@example.com")
    (file,) = parsed.iter_attachments()
    assert file.get_filename() == text.replace("=?", "=_")


@pytest.mark.parametrize("length", [1, 60, 100, 255])
def test_a_picture_is_found_by_the_id_that_html_has_of_it_however_long(
    length: int,
) -> None:
    content_id = "i" * length
    files = (Attachment("a.jpg", b"x", "image/jpeg", content_id),)
    message = Message(
        "S", "Body", ("you@example.org",), attachments=files, html="<img src=cid:x>"
    )
    raw = compose(message, server(), now=NOW, reference="ABCD")
    assert f"\r\nContent-ID: <{content_id}>\r\n".encode() in raw


@pytest.mark.parametrize(
    ("content_type", "content_id"),
    [
        ("image/jpeg\r\nBcc: hidden@example.org", "a\r\nBcc: hidden@example.org"),
        ("image/" + "x" * 2000, "i" * 2000),
        ("image/=?utf-8?q?x?=", "a>b"),
        ("multipart/mixed; boundary=x", "<a>"),
        ("message/rfc822", "a b"),
        ("\ud800", "\ud800"),
        ("", ""),
    ],
    ids=range(7),
)
def test_what_a_source_says_of_a_file_adds_no_header_and_breaks_none(
    content_type: str, content_id: str
) -> None:
    files = (Attachment("a.bin", b"x", content_type, content_id),)
    message = Message(
        "S", "Body", ("you@example.org",), attachments=files, html="<p>Page"
    )
    raw = compose(message, server(), now=NOW, reference="ABCD")
    assert HIDDEN.encode() not in raw
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    parsed = message_from_bytes(raw, policy=policy.default)
    assert not [defect for part in parsed.walk() for defect in part.defects]
    (file,) = parsed.iter_attachments()
    assert file.get_content_type() == "application/octet-stream"
    assert "Content-ID" not in file
