"""An email is refused when it is made for its addresses only: all else can be sent."""

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.delivery.addresses import Addresses
from custom_components.quectel_smtp.delivery.email import Email, new_reference
from custom_components.quectel_smtp.modem.at.errors import InvalidValueError

TO = ("a@example.com",)
MANY = tuple(f"a{number}@example.com" for number in range(101))


@pytest.mark.parametrize(
    ("to", "extra", "reason", "limit"),
    [
        ((), (), "empty", None),
        (MANY, (), "too_many", 100),
        (MANY[:50], MANY[50:], "too_many", 100),
        (("a b@c",), (), "invalid", None),
        (TO, ("a b@c",), "invalid", None),
    ],
)
def test_whom_nothing_can_be_sent_to_is_refused(
    to: tuple[str, ...], extra: tuple[str, ...], reason: str, limit: int | None
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        Email("", "", to, extra=Addresses(bcc=extra))
    assert (caught.value.field, caught.value.reason) == ("recipients", reason)
    assert caught.value.limit == limit


@given(st.text(), st.text())
def test_nothing_is_refused_for_what_it_says(subject: str, body: str) -> None:
    Email(subject * 100, body * 1000, TO)


def test_who_is_added_is_there_once() -> None:
    extra = Addresses(("A@example.com", "b@example.com"), ("b@example.com",))
    email = Email("", "", TO, bcc=("c@example.com",), extra=extra)
    assert email.addresses == Addresses((*TO, "b@example.com"), (), ("c@example.com",))


_KIND = st.lists(st.sampled_from(["a@x.de", "A@X.de", "b@x.de", "c@x.de"])).map(tuple)
_ADDRESSES = st.builds(Addresses, _KIND, _KIND, _KIND)


@given(own=_ADDRESSES, extra=_ADDRESSES)
def test_none_who_is_added_is_lost_or_there_twice(
    own: Addresses, extra: Addresses
) -> None:
    found = own.and_also(extra)
    keys = [address.casefold() for address in found]
    assert set(keys) == {address.casefold() for address in (*own, *extra)}
    assert len(keys) - len(set(keys)) == len(own) - len(set(map(str.casefold, own)))
    for kind, mine, others in zip(found.kinds, own.kinds, extra.kinds, strict=True):
        assert kind[: len(mine)] == mine
        assert set(kind) <= {*mine, *others}


def test_references_are_short_and_differ() -> None:
    references = {new_reference() for _ in range(1000)}
    assert len(references) == 1000
    assert all(len(name) == 8 and name.isalnum() for name in references)
