"""What the modem holds of settings and of an email, read back or removed in part."""

from dataclasses import dataclass, field

from ..at.channel import AtChannel
from ..at.commands import Command
from ..at.syntax import number, parameters, quote
from .message import FIELD_LIMIT, TextCharset


@dataclass(frozen=True, slots=True)
class Recipient:
    """One address as the modem lists it; ``kind`` is 1 to, 2 cc, 3 bcc."""

    kind: int
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Subject:
    """The subject as the modem holds it, and the charset it is sent in."""

    charset: TextCharset
    text: str = field(repr=False)


async def setting(channel: AtChannel, name: str) -> tuple[str, ...]:
    """Return the parameters of one ``AT+QSMTPCFG`` setting (note 2.3.1).

    Of ``account`` the user name only: the modem reads the password back in clear, and
    it goes no further than this line.
    """
    lines = await channel.execute(
        Command(
            f"AT+QSMTPCFG={quote(name, 'setting', FIELD_LIMIT)}",
            prefixes=("+QSMTPCFG:",),
            secret=True,
        )
    )
    found = parameters(lines[0])[1:] if lines else ()
    return found[:1] if name == "account" else found


async def recipients(channel: AtChannel) -> tuple[Recipient, ...]:
    """Return the recipients of the email that is being prepared (note 2.3.2)."""
    lines = await channel.execute(
        Command("AT+QSMTPDST?", prefixes=("+QSMTPDST:",), single=False)
    )
    found = []
    for line in lines:
        kind, address = (*parameters(line), "")[:2]
        place = number(kind)
        if place is not None:
            found.append(Recipient(place, address))
    return tuple(found)


async def remove_recipients(
    channel: AtChannel, kind: int | None = None, address: str | None = None
) -> None:
    """Remove one address, all of a kind, or all (note 2.3.2)."""
    line = "AT+QSMTPDST=0"
    if kind is not None:
        line += f",{kind}"
        if address is not None:
            line += f",{quote(address, 'recipients', FIELD_LIMIT)}"
    await channel.execute(Command(line, secret=True))


async def subject(channel: AtChannel) -> Subject | None:
    """Return the subject, None if its form is unknown (note 2.3.3).

    After a clearing the note prints ``+CSMTPSUB`` for ``+QSMTPSUB``: both are read.
    """
    lines = await channel.execute(
        Command("AT+QSMTPSUB?", prefixes=("+QSMTPSUB:", "+CSMTPSUB:"), secret=True)
    )
    found = parameters(lines[0]) if lines else ()
    if len(found) < 2 or found[0] not in {"0", "1", "2", "3"}:
        return None
    charset = TextCharset(int(found[0]))
    if charset is TextCharset.ASCII:
        return Subject(charset, found[1])
    try:
        return Subject(charset, bytes.fromhex(found[1]).decode(charset.codec))
    except ValueError:
        return None


async def put_times(channel: AtChannel) -> tuple[int, int] | None:
    """Return the range of ``AT+QSMTPPUT``'s seconds, None if it isn't told."""
    lines = await channel.execute(Command("AT+QSMTPPUT=?", prefixes=("+QSMTPPUT:",)))
    low, _, high = (
        lines[0].partition(":")[2].strip(" ()").partition("-")
        if lines
        else ("", "", "")
    )
    first, last = number(low), number(high)
    return None if first is None or last is None else (first, last)
