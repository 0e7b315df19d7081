"""What an email and its account need of a way to the mail server, and what a way can carry."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ...modem.at.errors import InvalidValueError
from ...modem.at.syntax import quote
from ...modem.mail.message import (
    BODY_LIMIT,
    FIELD_LIMIT,
    RECIPIENT_LIMIT,
    Message,
    body_bytes,
)
from ...modem.mail.server import Security, ServerSettings, sender_phrase
from ..email import SHORT_BODY_LIMIT, wrap
from ..records import Addresses, Way


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a way can carry; None: as much as the mail server takes."""

    recipients: int | None = None
    """Addresses of one email."""
    body: int | None = None
    """Bytes of a text, its line ends CR LF, with all that is said below it."""
    field: int | None = None
    """Bytes of an address, a name, a user name, a password; in plain ASCII, then."""
    hides_recipients: bool = True
    """Whether a hidden address stays hidden beside others."""
    strict_starttls: bool = True
    """Whether STARTTLS is never given up for clear text."""


# Published firmware writes every address into the header, and goes on in clear text where
# a server refuses STARTTLS.
CAPACITIES: Final[Mapping[Way, Capacity]] = {
    Way.MODULE: Capacity(
        recipients=RECIPIENT_LIMIT,
        body=BODY_LIMIT,
        field=FIELD_LIMIT,
        hides_recipients=False,
        strict_starttls=False,
    ),
    Way.STREAM: Capacity(),
}


class Need(StrEnum):
    """What not every way can carry."""

    RECIPIENTS = "recipients"
    """So many of them."""
    BODY = "body"
    """So long a text."""
    FIELD = "field"
    """So long, or so written, a name, address or password."""
    HIDDEN_RECIPIENTS = "hidden_recipients"
    """A hidden address beside others."""
    STARTTLS = "starttls"
    """An account that is secured by STARTTLS."""


def account_lacks(capacity: Capacity, server: ServerSettings) -> frozenset[Need]:
    """Return what an account needs, whatever the email, and a way can't carry."""
    phrase = sender_phrase(server.sender_name)
    fields = (server.host, server.username, server.password, phrase)
    lacking = set()
    if not _hold(capacity, (*fields, server.sender_address)):
        lacking.add(Need.FIELD)
    if server.security is Security.STARTTLS and not capacity.strict_starttls:
        lacking.add(Need.STARTTLS)
    return frozenset(lacking)


def email_lacks(capacity: Capacity, addresses: Addresses, size: int) -> frozenset[Need]:
    """Return what an email needs, whoever sends it, and a way can't carry.

    ``size``: bytes of its text, as ``wording.length`` tells.
    """
    lacking = set()
    if capacity.recipients is not None and len(addresses) > capacity.recipients:
        lacking.add(Need.RECIPIENTS)
    if capacity.body is not None and size > capacity.body:
        lacking.add(Need.BODY)
    if not _hold(capacity, tuple(addresses)):
        lacking.add(Need.FIELD)
    if addresses.hide_some and not capacity.hides_recipients:
        lacking.add(Need.HIDDEN_RECIPIENTS)
    return frozenset(lacking)


# What is refused where a person wants the modem's own mail client, and no other.


class MailClientLimitError(InvalidValueError):
    """The modem's own mail client can't take it; ours can: shorten it, or use that."""

    key = "mail_client_limit"


def check_account(server: ServerSettings) -> None:
    """Raise ``MailClientLimitError`` for what of an account the modem's can't take."""
    with _by_module():
        server.commands(context_id=1)


def check_addresses(addresses: Addresses) -> None:
    """Raise it for addresses that are too long for it, or too many."""
    message = Message("", "", addresses.to, addresses.cc, addresses.bcc)
    with _by_module():
        message.destination_commands()


def check_email(addresses: Addresses, body: str) -> None:
    """Raise it for an email that it can't send whole, or not to all."""
    check_addresses(addresses)
    with _by_module():
        if len(body.encode()) > SHORT_BODY_LIMIT:
            raise InvalidValueError("body", "too_long", SHORT_BODY_LIMIT)
        body_bytes(wrap(body))


@contextmanager
def _by_module() -> Iterator[None]:
    try:
        yield
    except InvalidValueError as err:
        raise MailClientLimitError(err.field, err.reason, err.limit) from err


def _hold(capacity: Capacity, values: Collection[str]) -> bool:
    """Whether the way can carry each of these values."""
    if capacity.field is None:
        return True
    try:
        for value in values:
            quote(value, "field", capacity.field)
    except InvalidValueError:
        return False
    return True
