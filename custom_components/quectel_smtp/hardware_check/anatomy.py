"""How an email that arrived is built: facts of its form, and nothing of its content.

Each is a number, a truth, or a word of a list that is known here.
"""

from dataclasses import dataclass
from email import policy
from email.parser import BytesParser
import re
from typing import Final

DOTS: Final = (".A line that begins with a dot", "..and one with two", ".")
"""Lines of the body by which it is seen whether dots survive (RFC 5321 4.5.2)."""
MARK: Final = (
    "This is email {} of a hardware check of a Quectel modem, which you started."
)
"""The first line of the body: it tells an email of a check from others."""
LONGEST: Final = 1_000_000
"""Bytes of an email that are looked at."""

_HEADERS: Final = {
    name.lower(): name
    for name in (
        *("From", "To", "Cc", "Bcc", "Subject", "Date", "Message-ID", "Sender"),
        *("MIME-Version", "Content-Type", "Content-Transfer-Encoding", "X-Mailer"),
    )
}
_ENCODINGS: Final = ("7bit", "8bit", "base64", "quoted-printable", "binary")
_TYPES: Final = (
    "text/plain",
    "text/html",
    "multipart/mixed",
    "multipart/alternative",
    "multipart/related",
)
_ENCODED_WORD: Final = re.compile(r"=\?[^?\s]+\?[BbQq]\?[^?\s]*\?=")
# RFC 5321 4.4: who it came from, by the name that it gave itself.
_FROM: Final = re.compile(r"\s*from\s+\[?([^\s\]()]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Anatomy:
    """What is known of an email's form.

    ``headers`` in their order, only those that are known here. ``longest_word``: characters
    of the subject's longest encoded word, 0 without one (75 are allowed, RFC 2047 2).
    ``dots``: whether every line that begins with a dot is as it was written.
    ``localhost``: whether the client called itself that, None where no server says.
    """

    headers: tuple[str, ...]
    content_type: str
    encoding: str
    longest_word: int
    dots: bool
    localhost: bool | None


def anatomy_of(data: bytes, number: int) -> Anatomy | None:
    """Return how an email is built, None where it is not that email of a check."""
    email = BytesParser(policy=policy.compat32).parsebytes(data[:LONGEST])
    part = next((p for p in email.walk() if p.get_content_maintype() == "text"), None)
    if part is None:
        return None
    payload = part.get_payload(decode=True)
    text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    if MARK.format(number) not in text:
        return None
    words = _ENCODED_WORD.findall(str(email.get("Subject", "")))
    received = [str(value) for value in email.get_all("Received", [])]
    first = _FROM.match(received[-1]) if received else None
    encoding = str(part.get("Content-Transfer-Encoding", "7bit")).strip().lower()
    return Anatomy(
        headers=tuple(_HEADERS[n.lower()] for n in email if n.lower() in _HEADERS),
        content_type=_known(email.get_content_type(), _TYPES),
        encoding=_known(encoding, _ENCODINGS),
        longest_word=max(map(len, words), default=0),
        dots=[line for line in text.splitlines() if line.startswith(".")] == [*DOTS],
        localhost=None if first is None else first[1].lower() == "localhost",
    )


def _known(value: str, values: tuple[str, ...]) -> str:
    return value if value in values else "another"
