"""A server's words about a log-in are shown, but never the password in them."""

import base64

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.delivery.client.echo import unaddressed, unechoed

PASSWORD = "secret word of mine"  # of nobody
PLAIN = base64.b64encode(f"\0user\0{PASSWORD}".encode()).decode()
ALONE = base64.b64encode(PASSWORD.encode()).decode()


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("5.7.8 Bad user name", "5.7.8 Bad user name"),
        (f"unknown command: 'AUTH PLAIN {PLAIN}'", "unknown command: 'AUTH PLAIN …"),
        (f"unknown AUTH PLAIN {PLAIN[:12]}", "unknown AUTH PLAIN …"),
        (f"what is <{ALONE}>?", "what is …"),
        ("no account has 'secret word'", "no account has … …"),
        # Some repeat a command in capitals, some its bytes.
        (f"UNKNOWN: {ALONE.upper()}", "UNKNOWN: …"),
        ("500 'SECRET'?", "500 …"),
        (f"500 bytes {PASSWORD.encode().hex(' ', 8)}", "500 bytes … … …"),
    ],
)
def test_what_was_told_is_left_out(words: str, shown: str) -> None:
    assert unechoed(words, "user", PASSWORD) == shown


def test_a_password_of_no_length_leaves_the_words_as_they_are() -> None:
    words = "5.7.8 please log in"
    assert unechoed(words, "", "") == unechoed(words, "u", "p") == words


@given(
    password=st.text(min_size=4).filter(lambda text: not any(map(str.isspace, text))),
    before=st.text(),
    after=st.text(),
)
def test_no_password_is_ever_shown(password: str, before: str, after: str) -> None:
    assert password not in unechoed(f"{before}{password}{after}", "user", password)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("5.1.1 <anna@example.com>: unknown", "5.1.1 <…>: unknown"),
        ("no 'anna@example.com' here, or b@c", "no '…' here, or …"),
        ("5.7.8 Bad user name", "5.7.8 Bad user name"),
        ("@ 6 o'clock", "@ 6 o'clock"),
    ],
)
def test_an_address_is_left_out_of_what_is_kept(words: str, shown: str) -> None:
    assert unaddressed(words) == shown
