"""What does not fit into the modem's own mail client fits into ours."""

from dataclasses import replace
from typing import Any, Final

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.records import Addresses, Way
from custom_components.quectel_smtp.delivery.rules.fit import (
    CAPACITIES,
    Capacity,
    MailClientLimitError,
    Need,
    account_lacks,
    check_account,
    check_email,
    email_lacks,
)
from custom_components.quectel_smtp.delivery.rules.wording import (
    Wording,
    length,
    letter,
)
from custom_components.quectel_smtp.modem.mail.message import BODY_LIMIT, body_bytes
from custom_components.quectel_smtp.modem.mail.server import Security, ServerSettings
from tests.delivery.bench import SETTINGS

from .test_wording import ENGLISH, IN_DOUBT, LONGEST, SOON, item

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
    ("server", "lacking"),
    [
        (SERVER, set()),
        (_server(password="x" * 50), set()),
        (_server(password=LONG), {Need.FIELD}),
        (_server(password='a"b'), {Need.FIELD}),
        (_server(password="schlüssel"), {Need.FIELD}),
        (_server(username=LONG), {Need.FIELD}),
        (_server(host=LONG), {Need.FIELD}),
        (_server(sender_name="é" * 25), {Need.FIELD}),
        (_server(sender_address=LONG_ADDRESS), {Need.FIELD}),
        (_server(security=Security.TLS), set()),
        (_server(security=Security.STARTTLS), {Need.STARTTLS}),
        (
            _server(security=Security.STARTTLS, password=LONG),
            {Need.STARTTLS, Need.FIELD},
        ),
    ],
    ids=range(12),
)
def test_an_account_needs_what_the_modem_s_client_may_lack(
    server: ServerSettings, lacking: set[Need]
) -> None:
    assert account_lacks(MODULE, server) == lacking
    assert account_lacks(STREAM, server) == set()


@pytest.mark.parametrize(
    ("addresses", "size", "lacking"),
    [
        (_to(1), BODY_LIMIT, set()),
        (_to(1), BODY_LIMIT + 1, {Need.BODY}),
        (_to(20), 100, set()),
        (_to(21), 100, {Need.RECIPIENTS}),
        (Addresses(cc=("a@example.com",), to=(LONG_ADDRESS,)), 100, {Need.FIELD}),
        (Addresses(bcc=("a@example.com",)), 100, set()),
        (
            Addresses(bcc=("a@example.com", "b@example.com")),
            100,
            {Need.HIDDEN_RECIPIENTS},
        ),
        (
            Addresses(("a@example.com",), bcc=("b@example.com",)),
            100,
            {Need.HIDDEN_RECIPIENTS},
        ),
        (Addresses(("a@example.com",), ("b@example.com",)), 100, set()),
    ],
    ids=range(9),
)
def test_an_email_needs_what_the_modem_s_client_may_lack(
    addresses: Addresses, size: int, lacking: set[Need]
) -> None:
    assert email_lacks(MODULE, addresses, size) == lacking
    assert email_lacks(STREAM, addresses, size) == set()


@pytest.mark.parametrize(
    ("server", "field", "reason", "limit"),
    [
        (_server(password=LONG), "password", "too_long", 50),
        (_server(password='a"b'), "password", "forbidden_character", None),
        (_server(username="schlüssel"), "username", "not_ascii", None),
        (_server(host=LONG), "host", "too_long", 50),
        (_server(sender_name="é" * 25), "sender_name", "too_long", 50),
        (_server(sender_address=LONG_ADDRESS), "sender_address", "too_long", 50),
    ],
    ids=range(6),
)
def test_an_account_that_only_our_client_can_carry_is_named_with_the_limit(
    server: ServerSettings, field: str, reason: str, limit: int | None
) -> None:
    with pytest.raises(MailClientLimitError) as caught:
        check_account(server)
    assert (caught.value.field, caught.value.reason) == (field, reason)
    assert caught.value.limit == limit


@pytest.mark.parametrize(
    ("email", "field", "reason", "limit"),
    [
        (Email("", "x" * 10_001, TO), "body", "too_long", 10_000),
        (Email("", "x\n" * 4_000, TO), "body", "too_long", 10_240),
        (Email("", "", TO * 21), "recipients", "too_many", 20),
        (Email("", "", (LONG_ADDRESS,)), "recipients", "too_long", 50),
    ],
    ids=range(4),
)
def test_an_email_that_only_our_client_can_carry_is_named_with_the_limit(
    email: Email, field: str, reason: str, limit: int
) -> None:
    with pytest.raises(MailClientLimitError) as caught:
        check_email(Addresses(email.to), email.body)
    assert (caught.value.field, caught.value.reason) == (field, reason)
    assert caught.value.limit == limit


def test_what_fits_the_modem_s_client_is_refused_by_nobody() -> None:
    check_account(SERVER)
    check_email(Addresses(TO * 20), "x" * 10_000)


@given(
    body=st.integers(0, 12_000).map(lambda count: "x" * count)
    | st.integers(0, 6_000).map(lambda count: "é\n" * count),
    count=st.integers(1, 30),
    long=st.booleans(),
)
def test_whatever_is_not_refused_can_be_given_to_the_modem_s_client(
    body: str, count: int, long: bool
) -> None:
    email = Email("", body, (LONG_ADDRESS if long else "a@example.com",) * count)
    refused = ""
    try:
        check_email(Addresses(email.to), email.body)
    except MailClientLimitError as err:
        refused = err.field
    else:
        assert email.message().destination_commands()
        assert body_bytes(email.message().body)
    assert (refused == "recipients") is (count > 20 or long)


def test_what_a_way_has_no_limit_for_is_never_lacking() -> None:
    unlimited = Capacity()
    everything = Addresses((LONG_ADDRESS,) * 100, bcc=("b@example.com",))
    assert email_lacks(unlimited, everything, 10**9) == set()


@given(
    body=st.text(st.sampled_from("ab \n\ré"), max_size=200)
    | st.integers(5000, 5200).map(lambda count: "\n" * 3 + "x\n" * (count // 3) + "é")
    | st.integers(9900, 10_300).map(lambda count: "x" * 50 + "\n" + "y" * count),
    times=st.sampled_from((1, 7)),
    wording=st.sampled_from((ENGLISH, LONGEST)),
)
def test_the_modem_s_client_carries_whole_what_is_not_too_long_for_it(
    body: str, times: int, wording: Wording
) -> None:
    found = item(body=body, times=times, history=IN_DOUBT)
    size = length(found, wording)
    message = letter(found, wording, SOON)
    cut = "…" in message.body
    assert cut is (size > BODY_LIMIT)
    if not cut:
        assert len(body_bytes(message.body)) <= size
