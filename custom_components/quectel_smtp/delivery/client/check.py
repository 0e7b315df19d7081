"""The check of an account: all that an email needs of its server, but for the email."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
import socket
import ssl
from typing import Final
import unicodedata

from ...modem.at.errors import CommandError, ServerNameError, ServerUnreachableError
from ...modem.mail.server import ServerSettings
from ...modem.modem import Modem
from .clock import Clock, better_clock
from .session import Account, MailSession, SessionError, Step
from .trust import TlsReason, context_for

REPLY_TIME: Final = 45.0
"""Seconds that the server may take for each reply."""
WORDS: Final = 200
"""Characters of a server's words that a person is shown at most."""

_CONNECT_TIME: Final = 20.0
# Of getaddrinfo: the name has no address. Anything else may be a line that is down.
_NO_ADDRESS: Final = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", None))
# RFC 5321 4.2.1: the server says that trying again won't help.
_FOR_GOOD: Final = 500


class Trouble(StrEnum):
    """What an email with this account fails for."""

    NAME = "name"
    """The server's name has no address."""
    PORT = "port"
    """Nothing answers there."""
    SILENT = "silent"
    """What answers says nothing, or ends the connection before it was secured."""
    GREETING = "greeting"
    """What answers is no mail server, or one that will have nothing to do with us."""
    CLOCK = "clock"
    """The server's certificate is not valid yet, by the better of our clocks."""
    EXPIRED = "expired"
    ROOT = "root"
    CERTIFICATE_NAME = "certificate_name"
    VERSION = "version"
    TLS = "tls"
    """Another reason, such as a port or security of another kind."""
    METHOD = "method"
    """The server takes no user name and password."""
    LOGIN = "login"
    SENDER = "sender"
    BROKEN = "broken"
    """The connection ended, or nothing usable came in time, once the server was reached."""


_TLS: Final = {
    TlsReason.NOT_YET_VALID: Trouble.CLOCK,
    TlsReason.EXPIRED: Trouble.EXPIRED,
    TlsReason.ROOT: Trouble.ROOT,
    TlsReason.NAME: Trouble.CERTIFICATE_NAME,
    TlsReason.VERSION: Trouble.VERSION,
    TlsReason.OTHER: Trouble.TLS,
}
_STEPS: Final = {
    Step.CONNECT: Trouble.GREETING,
    Step.TLS: Trouble.TLS,
    Step.LOGIN: Trouble.LOGIN,
    Step.SENDER: Trouble.SENDER,
}
# Where the server gave no reply: it speaks something else, or offers nothing.
_WORDLESS: Final = {
    Step.CONNECT: Trouble.SILENT,
    Step.TLS: Trouble.TLS,
    Step.LOGIN: Trouble.METHOD,
    Step.SENDER: Trouble.BROKEN,
}
_NOT_REACHED: Final = (Trouble.NAME, Trouble.PORT, Trouble.SILENT)
_LASTING: Final = (
    Trouble.METHOD,
    Trouble.EXPIRED,
    Trouble.ROOT,
    Trouble.CERTIFICATE_NAME,
    Trouble.VERSION,
)


@dataclass(frozen=True, slots=True)
class Passed:
    """The server takes the account; ``root``, in PEM, is what its chain ends in."""

    root: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """What the server, or the way there, does not allow.

    ``words`` are the server's own, for the person alone: they may name the account.
    ``code`` is that of its reply; where it was not reached, the modem's. Who refuses
    greeting, login or sender has given one at least.
    """

    trouble: Trouble
    words: str = field(default="", repr=False)
    code: int | None = None

    @property
    def said(self) -> str:
        """What the server said, by its code where it has no words; empty if nothing."""
        return self.words or ("" if self.code is None else str(self.code))

    @property
    def reached(self) -> bool:
        """Whether the server talked to us: then a log-in may have been tried."""
        return self.trouble not in _NOT_REACHED

    @property
    def lasting(self) -> bool:
        """Whether the next email fails for it, too: the server's answer was plain."""
        if self.trouble in (Trouble.LOGIN, Trouble.SENDER):
            return self.code is None or self.code >= _FOR_GOOD
        return self.trouble in _LASTING


type Verdict = Passed | Failed


async def over_modem(
    modem: Modem, server: ServerSettings, *, find_root: bool, now: datetime
) -> Verdict | None:
    """Check the account over the modem's active data connection.

    None where the firmware has no TCP commands. Another ``ModemError`` if the modem
    fails before the server is reached; what breaks afterwards is a verdict, since a
    log-in may have been tried. ``find_root``: see ``check``.
    """
    try:
        clock = better_clock(now, await modem.network_time())
        async with modem.stream(server.host, server.port) as pair:
            return await check(pair.socket, server, clock, find_root=find_root)
    except ServerNameError as err:
        return Failed(Trouble.NAME, code=int(err.code))
    except ServerUnreachableError as err:
        return Failed(Trouble.PORT, code=int(err.code))
    except CommandError:
        return None


async def over_host(
    server: ServerSettings, *, find_root: bool, now: datetime
) -> Verdict:
    """Check the account over the host's own internet line; see ``check``."""
    try:
        sock = await dial(server.host, server.port)
    except socket.gaierror as err:
        unknown = err.errno in _NO_ADDRESS
        return Failed(Trouble.NAME if unknown else Trouble.PORT)
    except OSError:
        return Failed(Trouble.PORT)
    return await check(sock, server, Clock(now, of_host=True), find_root=find_root)


async def dial(host: str, port: int) -> socket.socket:
    """Connect to the first address of a server that answers; ``OSError`` if none does."""
    loop = asyncio.get_running_loop()
    failure = OSError()
    for family, kind, protocol, _, address in await loop.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            async with asyncio.timeout(_CONNECT_TIME):
                await loop.sock_connect(sock, address)
        except OSError as err:
            sock.close()
            failure = err
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failure


async def check(
    sock: socket.socket, server: ServerSettings, clock: Clock, *, find_root: bool
) -> Verdict:
    """Secure the connection, log in once, and have the sender taken; send nothing.

    ``find_root``: the server has to prove itself by any root of certifi's; else as the
    settings say. Takes the socket with it.
    """
    try:
        context, clock = await asyncio.to_thread(
            context_for, server, clock, known_roots=find_root
        )
    except ssl.SSLError:
        # A root that can't be read proves nothing.
        sock.close()
        return Failed(Trouble.ROOT)
    except BaseException:
        sock.close()
        raise
    account = Account(server.host, server.security, server.username, server.password)
    try:
        return await _talk(sock, account, server.sender_address, context, clock)
    except SessionError as err:
        return _failed(err)


async def _talk(
    sock: socket.socket,
    account: Account,
    sender: str,
    context: ssl.SSLContext,
    clock: Clock,
) -> Passed:
    session = await MailSession.open(sock, account, context, clock, timeout=REPLY_TIME)
    try:
        root = session.root
        await session.offer(sender, ())
        await session.withdraw()
        await session.end()
    finally:
        session.close()
    return Passed(root)


def _failed(err: SessionError) -> Failed:
    if err.reason is not None:
        return Failed(_TLS[err.reason])
    if err.broken:
        return Failed(Trouble.SILENT if err.step is Step.CONNECT else Trouble.BROKEN)
    if err.reply is None:
        return Failed(_WORDLESS[err.step])
    return Failed(_STEPS[err.step], plain(err.reply.words), err.reply.code)


def plain(words: str) -> str:
    """Return a server's words as a person may be shown them: one short line.

    Whatever can't be seen, or turns the direction of text, is left out; and what would
    end a quotation in Markdown.
    """
    words = words.replace("`", "'")
    seen = (
        " " if character.isspace() else character
        for character in words
        if character.isspace() or unicodedata.category(character)[0] != "C"
    )
    line = " ".join("".join(seen).split())
    return line if len(line) <= WORDS else f"{line[: WORDS - 1]}…"
