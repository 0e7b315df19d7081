"""What the modem's own mail client can't carry ours can."""

from dataclasses import replace
from typing import Any, Final

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.quectel_smtp.delivery.addresses import Addresses
from custom_components.quectel_smtp.delivery.enclosures import Enclosed
from custom_components.quectel_smtp.delivery.records import Item, Way
from custom_components.quectel_smtp.delivery.rules.capacity import (
    CAPACITIES,
    Capacity,
    MailClientLimitError,
    apart,
    carries_account,
    carries_any,
    carries_email,
    carries_fields,
    check_account,
    check_addresses,
    fitted_server,
)
from custom_components.quectel_smtp.modem.at.errors import InvalidValueError
from custom_components.quectel_smtp.modem.mail.message import BODY_LIMIT, Priority
from custom_components.quectel_smtp.modem.mail.server import (
    Security,
    ServerSettings,
    sender_phrase,
)
from tests.delivery.bench import SETTINGS

from .test_wording import item

MODULE: Final = CAPACITIES[Way.MODULE]
STREAM: Final = CAPACITIES[Way.STREAM]
SERVER: Final = SETTINGS.server
TO: Final = ("a@example.com",)
LONG: Final = "x" * 51
LONG_ADDRESS: Final = "x" * 39 + "@example.org"


def _server(**values: Any) -> ServerSettings:
    return replace(SERVER, **values)


def _to(count: int) -> Addresses:
    return Addresses(tuple(f"{number}@example.com" for number in range(count)))


@pytest.mark.parametrize(
    ("server", "fields", "whole"),
    [
        (SERVER, True, True),
        (_server(password="x" * 50), True, True),
        (_server(password=LONG), False, False),
        (_server(password='a"b'), False, False),
        (_server(password="schlüssel"), False, False),
        (_server(username=LONG), False, False),
        (_server(host=LONG), False, False),
        (_server(sender_name="é" * 25), False, False),
        (_server(sender_address=LONG_ADDRESS), False, False),
        (_server(security=Security.TLS), True, True),
        (_server(security=Security.STARTTLS), True, False),
        (_server(security=Security.STARTTLS, password=LONG), False, False),
    ],
    ids=range(12),
)
def test_the_modem_s_client_may_not_carry_an_account_that_ours_can(
    server: ServerSettings, fields: bool, whole: bool
) -> None:
    assert carries_fields(MODULE, server) is fields
    assert carries_account(MODULE, server) is whole
    assert carries_account(STREAM, server)


def _carries(
    capacity: Capacity,
    email: Item,
    *,
    title: int = 100,
    body: int = 100,
    reply_to: str = "",
) -> bool:
    return carries_email(capacity, email, title=title, body=body, reply_to=reply_to)


@pytest.mark.parametrize(
    ("addresses", "size", "fits"),
    [
        (_to(1), BODY_LIMIT, True),
        (_to(1), BODY_LIMIT + 1, False),
        (_to(20), 100, True),
        (_to(21), 100, False),
        (Addresses(cc=("a@example.com",), to=(LONG_ADDRESS,)), 100, False),
        (Addresses(bcc=("a@example.com",)), 100, True),
        (Addresses(bcc=("a@example.com", "b@example.com")), 100, False),
        (Addresses(("a@example.com",), bcc=("b@example.com",)), 100, False),
        (Addresses(("a@example.com",), ("b@example.com",)), 100, True),
    ],
    ids=range(9),
)
def test_the_modem_s_client_may_not_carry_an_email_that_ours_can(
    addresses: Addresses, size: int, fits: bool
) -> None:
    email = replace(item(), addresses=addresses)
    assert _carries(MODULE, email, body=size) is fits
    assert _carries(STREAM, email, body=size)


@pytest.mark.parametrize(
    ("values", "fits"),
    [
        ({"html": "<p>Hello"}, False),
        ({"html": ""}, True),
        ({"priority": Priority.HIGH}, False),
        ({"enclosed": (Enclosed(2, "a.jpg", "image/jpeg", None, 1),)}, False),
    ],
    ids=range(4),
)
def test_the_modem_s_client_may_not_carry_more_than_text(
    values: dict[str, Any], fits: bool
) -> None:
    email = replace(item(), addresses=_to(1), **values)
    assert _carries(MODULE, email) is fits
    assert _carries(STREAM, email)


def test_the_modem_s_client_carries_no_long_title_and_no_address_to_answer_to() -> None:
    email = replace(item(), addresses=_to(1))
    assert _carries(MODULE, email)
    assert not _carries(MODULE, email, title=101)
    assert not _carries(MODULE, email, reply_to="answers@example.com")


@pytest.mark.parametrize(
    ("server", "field", "reason", "limit"),
    [
        (_server(password=LONG), "password", "too_long", 50),
        (_server(password='a"b'), "password", "forbidden_character", None),
        (_server(username="schlüssel"), "username", "not_ascii", None),
        (_server(host=LONG), "host", "too_long", 50),
        (_server(sender_address=LONG_ADDRESS), "sender_address", "too_long", 50),
    ],
    ids=range(5),
)
def test_an_account_that_only_our_client_can_carry_is_named_with_the_limit(
    server: ServerSettings, field: str, reason: str, limit: int | None
) -> None:
    with pytest.raises(MailClientLimitError) as caught:
        check_account(server)
    assert (caught.value.field, caught.value.reason) == (field, reason)
    assert caught.value.limit == limit


@pytest.mark.parametrize(
    ("addresses", "reason", "limit"),
    [(_to(21), "too_many", 20), (Addresses((LONG_ADDRESS,)), "too_long", 50)],
    ids=range(2),
)
def test_addresses_that_only_our_client_can_carry_are_named_with_the_limit(
    addresses: Addresses, reason: str, limit: int
) -> None:
    with pytest.raises(MailClientLimitError) as caught:
        check_addresses(addresses)
    assert (caught.value.field, caught.value.reason) == ("recipients", reason)
    assert caught.value.limit == limit


def test_what_fits_the_modem_s_client_is_refused_by_nobody() -> None:
    check_account(SERVER)
    check_account(_server(sender_name="é" * 25))
    check_addresses(_to(20))


def test_a_way_without_limits_carries_everything() -> None:
    everything = Addresses((LONG_ADDRESS,) * 100, bcc=("b@example.com",))
    email = replace(item(), addresses=everything)
    assert _carries(Capacity(), email, title=10**6, body=10**9)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Home", "Home"),
        ("x" * 50, "x" * 50),
        ("x" * 51, "x" * 50),
        ("Küche " * 9, "Küche Küche Küche Küche"),
        ("👨‍👩‍👧‍👦" * 3, "👨‍👩‍👧‍👦"),
        ("👩🏽‍❤️‍💋‍👨🏿" * 3, ""),
        ("家" * 20, "家" * 9),
    ],
    ids=range(7),
)
def test_a_senders_name_is_cut_to_what_the_modem_s_client_takes(
    name: str, found: str
) -> None:
    server = fitted_server(_server(sender_name=name), MODULE)
    assert server.sender_name == found
    assert server.commands(1)
    assert fitted_server(_server(sender_name=name), STREAM).sender_name == name


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=60))
def test_any_senders_name_finds_its_place(name: str) -> None:
    try:
        server = _server(sender_name=name)
    except InvalidValueError:
        # More than any server takes.
        return
    found = fitted_server(server, MODULE).sender_name
    assert name.startswith(found)
    assert len(sender_phrase(found)) <= 50
    assert (found == name) is (len(sender_phrase(name)) <= 50)


# Which addresses go together.

addresses = st.builds(
    lambda to, cc, bcc: Addresses(tuple(to), tuple(cc), tuple(bcc)),
    *[
        st.lists(
            st.integers(0, 999).map(lambda number: f"{number}@example.com")
            | st.sampled_from([LONG_ADDRESS, f"y{LONG_ADDRESS}"]),
            max_size=33,
        )
    ]
    * 3,
)


@settings(deadline=None)
@given(addresses)
def test_no_email_by_the_modem_s_client_has_more_addresses_than_it_takes(
    whom: Addresses,
) -> None:
    parts = apart(whom, MODULE)
    assert sorted(number for part in parts for number in part) == [*range(len(whom))]
    for part in parts:
        some = whom.some(part)
        assert not some.hide_some
        assert len(some) <= 20
        # Whom it can't carry at all keeps nobody else from getting it.
        assert carries_any(some, MODULE) or len(some) == 1
        if carries_any(some, MODULE):
            check_addresses(some)
    least = [part for part in parts if len(part) > 1]
    assert len(least) <= 4


@settings(deadline=None)
@given(addresses)
def test_by_the_stream_all_go_together(whom: Addresses) -> None:
    assert apart(whom, STREAM) == ([[*range(len(whom))]] if len(whom) else [])


def test_more_than_any_server_takes_go_by_several_emails() -> None:
    """As where a recipient got more addresses while others were added to an email."""
    assert [len(part) for part in apart(_to(150), STREAM)] == [100, 50]
