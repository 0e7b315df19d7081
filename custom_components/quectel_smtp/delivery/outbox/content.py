"""``Content``: what an email says, and to whom, as its text part holds it."""

from dataclasses import dataclass, field
import json

from ...modem.mail.message import Priority, check_address
from ..addresses import Addresses
from ..changes import Change
from ..enclosures import Missing, MissingReason
from . import rows
from .rows import DamagedRowError


@dataclass(frozen=True, slots=True)
class Content:
    """What an email says, to whom it goes, and what is to be told of its attachments."""

    subject: str = field(repr=False)
    body: str = field(repr=False)
    addresses: Addresses
    extra: Addresses = field(default_factory=Addresses)
    html: str | None = field(default=None, repr=False)
    priority: Priority = Priority.NORMAL
    missing: tuple[Missing, ...] = ()
    """What its text names as not attached."""
    late: tuple[Missing, ...] = ()
    """What was known to be missing only when the text had left."""
    awaits: tuple[str, ...] = field(default=(), repr=False)
    changes: tuple[Change, ...] = ()

    def text(self) -> str:
        """Return it as it is stored."""
        kept = {
            "subject": self.subject,
            "body": self.body,
            "addresses": self.addresses.kinds,
        }
        also = {
            "extra": self.extra.kinds if self.extra else None,
            "html": self.html,
            "priority": None if self.priority is Priority.NORMAL else self.priority,
            "missing": [[one.name, one.reason] for one in self.missing],
            "late": [[one.name, one.reason] for one in self.late],
            "awaits": self.awaits,
            "changes": rows.pairs(self.changes),
        }
        kept |= {name: value for name, value in also.items() if value}
        found = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
        try:
            found.encode()
        except UnicodeEncodeError:
            # Half a surrogate pair is no character, and has no bytes.
            return json.dumps(kept)
        return found


def content(value: object) -> Content:
    """Return the content of a text part."""
    found = rows.from_json(value)
    try:
        result = _content(found)
    except (KeyError, TypeError, ValueError) as err:
        raise DamagedRowError("content") from err
    if not result.addresses:
        raise DamagedRowError("addresses")
    return result


def _content(found: object) -> Content:
    if isinstance(found, list):
        # Until version 3 of the outbox.
        subject, body, *kinds = found
        return Content(_words(subject), _words(body), _addresses(kinds))
    if not isinstance(found, dict):
        raise DamagedRowError("content")
    return Content(
        subject=_words(found["subject"]),
        body=_words(found["body"]),
        addresses=_addresses(found["addresses"]),
        extra=_addresses(found.get("extra", [[], [], []])),
        html=rows.optional(_words, found.get("html")),
        priority=Priority(found.get("priority", Priority.NORMAL)),
        missing=_missing(found.get("missing", [])),
        late=_missing(found.get("late", [])),
        awaits=_texts(found.get("awaits", [])),
        changes=rows.changes(found.get("changes", [])),
    )


def _words(value: object) -> str:
    if not isinstance(value, str):
        raise DamagedRowError("text")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise DamagedRowError("texts")
    return tuple(_words(one) for one in value)


def _addresses(value: object) -> Addresses:
    """Return addresses of which each can be sent to, as when they were accepted."""
    if not isinstance(value, list):
        raise DamagedRowError("addresses")
    to, cc, bcc = (
        tuple(check_address(one, "recipients") for one in _texts(kind))
        for kind in value
    )
    return Addresses(to, cc, bcc)


def _missing(value: object) -> tuple[Missing, ...]:
    if not isinstance(value, list):
        raise DamagedRowError("missing")
    return tuple(Missing(_words(name), MissingReason(reason)) for name, reason in value)
