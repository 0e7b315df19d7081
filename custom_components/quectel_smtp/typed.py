"""Reads what a person typed or pasted: mends what is clear, names what can't be seen.

Every typed field goes through here, in the forms and in entries that are stored
already. What surrounds a value and can't be seen is left out; a URL or a port in place
of a server's name is taken apart; names and titles become one line.
"""

from collections.abc import Mapping
import re
from typing import Any, Final
import unicodedata

import idna

from homeassistant.const import (
    CONF_DEVICE,
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PIN,
    CONF_PORT,
    CONF_USERNAME,
)

from .const import (
    CONF_APN,
    CONF_APN_PASSWORD,
    CONF_APN_USERNAME,
    CONF_SECURITY,
    CONF_SENDER_ADDRESS,
    CONF_SENDER_NAME,
)
from .delivery.rules.capacity import MailClientLimitError
from .delivery.rules.characters import with_bytes
from .modem.at.errors import InvalidValueError
from .modem.mail.message import ADDRESS_LIMIT

VALUES: Final = (
    CONF_DEVICE,
    CONF_PIN,
    CONF_APN,
    CONF_APN_USERNAME,
    CONF_APN_PASSWORD,
    CONF_HOST,
    CONF_USERNAME,
    CONF_PASSWORD,
    CONF_SENDER_ADDRESS,
)
"""Fields of an entry that the modem gets as they are typed."""

MOST: Final = 10_000
"""Characters of a field that are looked at, one by one and on the event loop: nothing
that is sent or shown has as many."""
BLOCK_MOST: Final = 100_000
"""Those of a block of lines."""

_JOINER: Final = "\u200d"
"""Holds an emoji of several parts together."""
# Besides those of the category "format" (Cf), what Unicode has a display ignore.
_IGNORED: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
_SERVER: Final = re.compile(
    r"(?:(?P<scheme>smtps?|submissions?)://)?"
    r"(?P<host>[^\s/:@]+)(?::(?P<port>[0-9]{1,5}))?/?",
    re.IGNORECASE,
)
_ENCRYPTED: Final = ("smtps", "submissions")


def placeholders(err: InvalidValueError) -> dict[str, str]:
    """Return what the texts of errors have placeholders for."""
    character, position = err.hidden or ("", "")
    return {
        "limit": str(err.limit or ""),
        "character": character,
        "position": str(position),
    }


def reason(err: InvalidValueError) -> str:
    """Return the key of why a value can't be used, by whichever mail client."""
    return (
        f"module_{err.reason}" if isinstance(err, MailClientLimitError) else err.reason
    )


def stripped(text: str) -> str:
    """Return ``text`` without what surrounds it and can't be seen."""
    text = text[:MOST]
    begin, end = 0, len(text)
    while begin < end and _blank(text[begin]):
        begin += 1
    while begin < end and _blank(text[end - 1]):
        end -= 1
    return text[begin:end]


def address(text: str) -> str:
    """Return an address as ``stripped`` does, its domain in ASCII form.

    What is no name of the domain name system stays as it is, to be refused by name; so
    does one with a character that can't be seen.
    """
    found = stripped(text)
    local, at, domain = found.rpartition("@")
    if len(domain) > ADDRESS_LIMIT or any(map(_hidden, domain)):
        return found
    try:
        return f"{local}{at}{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        return found


def visible(text: str, field: str) -> str:
    """Return ``text`` as ``stripped`` does.

    ``InvalidValueError`` for a character within that can't be seen; its reason is
    ``odd_blank``, ``invisible`` or ``control``.
    """
    found = stripped(text)
    for position, character in enumerate(found, 1):
        reason = _hidden(character)
        if reason is not None:
            hidden = (f"U+{ord(character):04X}", position)
            raise InvalidValueError(field, reason, hidden=hidden)
    return found


def server_name(text: str) -> str:
    """Return the name of a mail server; ``InvalidValueError`` for what is none."""
    found = visible(text, CONF_HOST)
    if found and not _SERVER.fullmatch(found):
        raise InvalidValueError(CONF_HOST, "no_server")
    return found


def one_line(text: str) -> str:
    """Return a name as an email's header can have it: one line, whatever is in it."""
    plain = (
        " " if unicodedata.category(character) == "Cc" else character
        for character in with_bytes(text[:MOST])
    )
    return " ".join("".join(plain).split())


def name(text: str) -> str:
    """Return a name: one line, without what can't be seen."""
    return one_line(
        "".join(
            character
            for character in text[:MOST]
            if character == _JOINER or unicodedata.category(character) != "Cf"
        )
    )


def lines(text: str) -> str:
    """Return a block of plain lines, such as PEM, without what can't be seen in it."""
    return "".join(
        character
        for character in text[:BLOCK_MOST]
        if character in "\r\n" or _hidden(character) is None
    )


def tidied(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry's or a form's values as they were meant, where that is clear."""
    found = dict(values)
    for key in VALUES:
        if isinstance(text := values.get(key), str):
            found[key] = stripped(text)
    if isinstance(text := values.get(CONF_SENDER_ADDRESS), str):
        found[CONF_SENDER_ADDRESS] = address(text)
    if isinstance(text := values.get(CONF_SENDER_NAME), str):
        found[CONF_SENDER_NAME] = name(text)
    if isinstance(text := found.get(CONF_HOST), str):
        found |= _apart(text)
    return found


def _apart(server: str) -> dict[str, Any]:
    """Return what a server's name says: also a port and a security, of a URL."""
    match = _SERVER.fullmatch(server)
    if match is None:
        return {}
    found: dict[str, Any] = {CONF_HOST: stripped(match["host"])}
    if match["port"] is not None:
        found[CONF_PORT] = int(match["port"])
    if (match["scheme"] or "").lower() in _ENCRYPTED:
        found[CONF_SECURITY] = "tls"
    return found


def _hidden(character: str) -> str | None:
    """Return what kind of character it is that can't be seen, None if it can be."""
    match unicodedata.category(character):
        case "Zs" if character != " ":
            return "odd_blank"
        case "Cc" | "Zl" | "Zp":
            return "control"
        case "Cf":
            return "invisible"
    return "invisible" if _IGNORED.match(character) else None


def _blank(character: str) -> bool:
    return character == " " or _hidden(character) is not None
