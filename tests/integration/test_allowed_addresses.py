"""Which addresses an option allows, however they are written, and which are the same."""

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.allowed_addresses import (
    first_refused,
    normal,
    without_repeats,
)
from custom_components.quectel_smtp.delivery.records import Addresses


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
    assert first_refused([address], [allowed]) is None


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
    assert first_refused([address], [allowed]) == address


def test_nobody_is_allowed_unless_stated_and_the_first_that_is_not_is_named() -> None:
    assert first_refused([], []) is None
    assert first_refused(["a@example.com"], []) == "a@example.com"
    wanted = ["a@example.com", "b@example.org", "c@example.net"]
    assert first_refused(wanted, ["example.com"]) == "b@example.org"


_ADDRESSES = st.lists(
    st.sampled_from(["a@x.de", "A@X.de", "b@x.de", "a@ü.de", "a@xn--tda.de", "A@Ü.DE"])
).map(tuple)
_LISTS = st.builds(Addresses, _ADDRESSES, _ADDRESSES, _ADDRESSES)


@given(extra=_LISTS, own=_LISTS)
def test_each_address_is_there_once_and_none_is_lost(
    extra: Addresses, own: Addresses
) -> None:
    added = without_repeats(extra, own)
    keys = [normal(address) for address in added]
    assert len(set(keys)) == len(keys)
    assert set(keys) == set(map(normal, extra)) - set(map(normal, own))
    for kind in ("to", "cc", "bcc"):
        assert set(getattr(added, kind)) <= set(getattr(extra, kind))
