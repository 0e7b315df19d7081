"""Which addresses an option allows, however they are written, and which are the same."""

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp import typed
from custom_components.quectel_smtp.allowed_addresses import (
    entry_of,
    first_refused,
    normal,
)
from custom_components.quectel_smtp.modem.at.errors import InvalidValueError
from custom_components.quectel_smtp.modem.mail.message import check_address


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("ben@example.com", "ben@example.com"),
        ("Ben@Example.COM", "ben@example.com"),
        (" ben@example.com\u200b", "BEN@EXAMPLE.COM"),
        ("ben@example.com", "example.com"),
        ("ben@example.com", "@Example.com"),
        ("ben@bücher.example", "xn--bcher-kva.example"),
        ("ben@xn--bcher-kva.example", "@BÜCHER.example"),
        ("ben@lan", "@lan"),
    ],
)
def test_an_address_is_allowed_by_itself_or_by_its_domain(
    address: str, allowed: str
) -> None:
    assert first_refused([address], [entry_of(allowed)]) is None


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("ben@example.com", "anna@example.com"),
        ("ben@mail.example.com", "example.com"),
        ("ben@example.com", "mail.example.com"),
        ("ben@notexample.com", "example.com"),
        ("ben@example.com.evil.example", "example.com"),
        ("evil@evil.example@example.com", "evil.example"),
        ("ben", "example.com"),
        ("@example.com", "ben@example.com"),
    ],
)
def test_another_address_is_not(address: str, allowed: str) -> None:
    assert first_refused([address], [entry_of(allowed)]) == address


def test_nobody_is_allowed_unless_stated_and_the_first_that_is_not_is_named() -> None:
    assert first_refused([], []) is None
    assert first_refused(["a@example.com"], []) == "a@example.com"
    wanted = ["a@example.com", "b@example.org", "c@example.net"]
    assert first_refused(wanted, [entry_of("example.com")]) == "b@example.org"


_ANY = st.text(st.characters() | st.sampled_from('@.-"<>\r\n\0 \ud800ü'), max_size=300)


_LIKELY = st.builds(
    "{}@{}".format,
    st.from_regex("[a-zA-Z.+]{1,5}", fullmatch=True),
    st.from_regex("[a-zA-Zß-ü一-三.-]{1,12}", fullmatch=True),
)


@given(text=_ANY | _LIKELY, allowed=_ANY | _LIKELY)
def test_whatever_is_written_is_an_address_that_can_be_sent_to_or_refused(
    text: str, allowed: str
) -> None:
    address = typed.address(text)
    assert normal(address) == normal(text)
    try:
        check_address(address, "recipients")
    except InvalidValueError:
        return
    assert typed.address(address) == address
    assert first_refused([address], []) == address
    assert first_refused([address], [entry_of(address)]) is None
    domain = address.rpartition("@")[2]
    assert first_refused([address], [entry_of(f"@{domain}")]) is None
    try:
        entry = entry_of(allowed)
    except InvalidValueError:
        return
    assert entry_of(entry) == entry
