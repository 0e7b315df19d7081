"""An email as a mail server takes it: headers and text, by Python's ``email``."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from ...modem.mail.message import Message
from ...modem.mail.server import ServerSettings

# Seven bits: not every server takes eight, and lines may be as long as they like.
_POLICY: Final = SMTP.clone(cte_type="7bit")
# RFC 5322 3.4, 3.6.3: a group of nobody, where all are hidden.
_NOBODY: Final = "undisclosed-recipients:;"


def compose(
    message: Message, server: ServerSettings, *, now: datetime, reference: str
) -> bytes:
    """Return the email; a hidden recipient is in no header.

    ``now``: aware, for its date. ``reference`` names the email, whatever the attempt:
    a server that gets a second copy may know it by that.
    """
    sender = server.sender_address
    email = EmailMessage(policy=_POLICY)
    email["From"] = Address(_one_line(server.sender_name), addr_spec=sender)
    if message.to:
        email["To"] = ", ".join(message.to)
    elif not message.cc:
        email["To"] = _NOBODY
    if message.cc:
        email["Cc"] = ", ".join(message.cc)
    email["Subject"] = _one_line(message.subject)
    email["Date"] = format_datetime(now)
    email["Message-ID"] = f"<{reference}@{sender.rpartition('@')[2]}>"
    email.set_content(message.body, charset="utf-8")
    return email.as_bytes()


def _one_line(text: str) -> str:
    """Return a text without what would end a header, or that Unicode calls a line end."""
    return " ".join(text.splitlines())
