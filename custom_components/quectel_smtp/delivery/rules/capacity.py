"""What a way to the mail server can carry of an email and its account."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from ...modem.at.errors import InvalidValueError
from ...modem.at.syntax import quote
from ...modem.mail.attachments import ATTACHMENT_LIMIT
from ...modem.mail.message import (
    BODY_LIMIT,
    FIELD_LIMIT,
    RECIPIENT_LIMIT,
    RECIPIENTS_MOST,
    SUBJECT_LIMIT,
    Message,
    Priority,
)
from ...modem.mail.server import Security, ServerSettings, sender_phrase
from ..addresses import Addresses
from ..enclosures import Carries
from ..records import Item, Way
from .cutting import cut

STREAM_SIZE: Final = 4_500_000
"""Bytes of an email by the stream, as it is sent.

The longest text and ten pictures have room in it. It takes a line of 115,200 bit/s some
seven minutes, and other emails wait as long, unless they are critical. Most servers
take 10 MB and more.
"""
TITLE_LIMIT: Final = 250
"""Characters of a subject by the stream: some servers keep 255 of them."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a way can carry; None: as much as the mail server takes."""

    subject: int | None = None
    """Bytes of a subject, in a character set of the modem's mail client."""
    recipients: int | None = None
    """Addresses of one email."""
    body: int | None = None
    """Bytes of a text, its line ends CR LF, with all that is said below it."""
    field: int | None = None
    """Bytes of an address, a name, a user name, a password; in plain ASCII, then."""
    attachments: int | None = None
    """Files beside the text."""
    store: int | None = None
    """Bytes of the modem's store that are free for those."""
    size: int | None = None
    """Bytes of the whole email, as it is sent."""
    html: bool = True
    """Whether a text may have a version in HTML, and pictures that this shows."""
    headers: bool = True
    """Whether it can have a priority, and say whom an answer goes to."""
    hides_recipients: bool = True
    """Whether a hidden address stays hidden beside others."""
    strict_starttls: bool = True
    """Whether STARTTLS is never given up for clear text."""


# Published firmware writes every address into the header, and goes on in clear text where
# a server refuses STARTTLS.
CAPACITIES: Final[Mapping[Way, Capacity]] = {
    Way.MODULE: Capacity(
        subject=SUBJECT_LIMIT,
        recipients=RECIPIENT_LIMIT,
        body=BODY_LIMIT,
        field=FIELD_LIMIT,
        attachments=ATTACHMENT_LIMIT,
        store=0,
        html=False,
        headers=False,
        hides_recipients=False,
        strict_starttls=False,
    ),
    Way.STREAM: Capacity(
        recipients=RECIPIENTS_MOST, attachments=ATTACHMENT_LIMIT, size=STREAM_SIZE
    ),
}
"""``store`` is for the modem to tell: until it has, there is none."""


def carries_account(capacity: Capacity, server: ServerSettings) -> bool:
    """Whether a way can carry an account as it is, whatever the email."""
    strict = server.security is not Security.STARTTLS or capacity.strict_starttls
    return strict and carries_fields(capacity, server)


def carries_fields(capacity: Capacity, server: ServerSettings) -> bool:
    """Whether a way can carry all names, addresses and the password of an account."""
    if capacity.field is None:
        return True
    try:
        server.commands(context_id=1)
    except InvalidValueError:
        return False
    return True


def carries_email(
    capacity: Capacity, item: Item, *, title: int, body: int, reply_to: str
) -> bool:
    """Whether a way can carry an email as it is, whoever sends it.

    ``title``, ``body``: bytes of its subject and its text, uncut, with all that is ever
    said behind and below them, in the shortest character set.
    """
    counted = (
        (capacity.subject, title),
        (capacity.recipients, len(item.addresses)),
        (capacity.body, body),
        (capacity.store, sum(one.size for one in item.enclosed)),
    )
    if any(limit is not None and count > limit for limit, count in counted):
        return False
    plain = item.priority is Priority.NORMAL and not reply_to
    bare = not item.html or item.carries is Carries.ATTACHMENTS
    return (
        all(_carries(capacity, address) for address in item.addresses)
        and (capacity.hides_recipients or not item.addresses.hide_some)
        and (capacity.html or bare)
        and (capacity.headers or plain)
    )


def apart(addresses: Addresses, capacity: Capacity) -> list[list[int]]:
    """Return the numbers of addresses by the emails that they need by a way.

    Each that it can't carry has one of its own, so that no other is lost with it.
    """
    known = list(addresses)
    alone = [n for n, address in enumerate(known) if not _carries(capacity, address)]
    rest = [number for number in range(len(known)) if number not in alone]
    groups = [rest] if rest else []
    if not capacity.hides_recipients:
        groups = addresses.apart(rest)
    most = capacity.recipients or len(known)
    parts = [
        group[first : first + most]
        for group in groups
        for first in range(0, len(group), most)
    ]
    return [*parts, *([number] for number in alone)]


def carries_any(addresses: Addresses, capacity: Capacity) -> bool:
    """Whether a way can carry any of the addresses."""
    return any(_carries(capacity, address) for address in addresses)


def fitted_server(server: ServerSettings, capacity: Capacity) -> ServerSettings:
    """Return the account, the sender's name within what a way can carry."""
    limit = capacity.field
    if limit is None:
        return server
    name = server.sender_name
    length = len(name)
    # As a header has it, each character may take up to twelve bytes.
    while len(sender_phrase(name)) > limit:
        length -= 1
        name = cut(server.sender_name, length, len, ellipsis="")
    return replace(server, sender_name=name)


# What is refused where a person wants the modem's own mail client, and no other.


class MailClientLimitError(InvalidValueError):
    """The modem's own mail client can't take it; ours can: shorten it, or use that."""

    key = "mail_client_limit"


def check_account(server: ServerSettings) -> None:
    """Raise ``MailClientLimitError`` for what of an account the modem's can't take."""
    with _by_module():
        fitted_server(server, CAPACITIES[Way.MODULE]).commands(context_id=1)


def check_addresses(addresses: Addresses) -> None:
    """Raise it for addresses that are too long for it, or too many."""
    message = Message("", "", *addresses.kinds)
    with _by_module():
        message.destination_commands()


@contextmanager
def _by_module() -> Iterator[None]:
    try:
        yield
    except InvalidValueError as err:
        raise MailClientLimitError(err.field, err.reason, err.limit) from err


def _carries(capacity: Capacity, address: str) -> bool:
    """Whether the way can carry this address."""
    if capacity.field is None:
        return True
    try:
        quote(address, "recipients", capacity.field)
    except InvalidValueError:
        return False
    return True
