"""An email by Python's ``email``: whatever it says, it parses, and hides who is hidden."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.delivery.client.mime import compose
from custom_components.quectel_smtp.delivery.rules.cutting import wrap
from custom_components.quectel_smtp.modem.at.errors import InvalidValueError
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
