"""The PDP context: configure, activate, deactivate, and what state it is in."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

from ..at.channel import AtChannel
from ..at.codes import TcpError
from ..at.commands import Command, Deadline
from ..at.errors import ApnMissingError, CommandError, PdpError
from ..at.syntax import integer, number, parameters, quote
from .last_error import last_error

APN_LIMIT: Final = 100
CREDENTIAL_LIMIT: Final = 127
DEFAULT_CONTEXT: Final = 1

_IPV4: Final = 1


class Authentication(IntEnum):
    """How the modem authenticates to the APN."""

    NONE = 0
    PAP = 1
    CHAP = 2
    PAP_OR_CHAP = 3


class PdpState(StrEnum):
    """State of the PDP context."""

    INACTIVE = "inactive"
    ACTIVATING = "activating"
    ACTIVE = "active"
    DEACTIVATING = "deactivating"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PdpSettings:
    """The data connection: APN up to 100 bytes, credentials up to 127 bytes each.

    ``roaming``: whether it may be brought up in another operator's network, too.
    """

    apn: str
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    authentication: Authentication = Authentication.NONE
    context_id: int = DEFAULT_CONTEXT
    roaming: bool = True

    def __post_init__(self) -> None:
        """Refuse what the modem's command can't carry."""
        self.command()

    def command(self) -> str:
        """Return the line that configures the context (1-16, SMTP note 2.3.1)."""
        return (
            f"AT+QICSGP={integer(self.context_id, 'context', 1, 16)},{_IPV4},"
            f"{quote(self.apn, 'apn', APN_LIMIT)},"
            f"{quote(self.username, 'apn_username', CREDENTIAL_LIMIT)},"
            f"{quote(self.password, 'apn_password', CREDENTIAL_LIMIT)},"
            f"{int(self.authentication)}"
        )


@dataclass(frozen=True, slots=True)
class Configured:
    """What the modem has for a context; some firmwares mask the password."""

    apn: str = field(repr=False)
    username: str = field(repr=False)
    password: str = field(repr=False)
    authentication: int | None

    def is_of(self, settings: PdpSettings) -> bool:
        """Whether the network is asked for the same as with these settings."""
        if self.apn.lower() != settings.apn.lower():
            return False
        if not (self.username or settings.username):
            return True
        masked = bool(self.password) and not self.password.strip("*")
        return (
            self.username == settings.username
            and self.authentication == settings.authentication
            and (masked or self.password == settings.password)
        )


async def configured(channel: AtChannel, context_id: int) -> Configured | None:
    """Return what the modem has for a context (SMTP note 4.2), None if it can't tell.

    Some firmwares keep it over restarts, also when it is wrong.
    """
    try:
        lines = await channel.execute(
            Command(f"AT+QICSGP={context_id}", prefixes=("+QICSGP:",), secret=True)
        )
    except CommandError:
        return None
    found = parameters(lines[0]) if lines else ()
    if len(found) < 2:
        return None
    apn, username, password, authentication = (*found[1:], "", "", "")[:4]
    return Configured(apn, username, password, number(authentication))


async def configure(channel: AtChannel, settings: PdpSettings) -> None:
    """Give a context its settings."""
    await channel.execute(Command(settings.command(), secret=True))


class PdpContext:
    """One PDP context of an open channel, its state kept by URC and by asking."""

    def __init__(
        self, channel: AtChannel, context_id: int, changed: Callable[[], None]
    ) -> None:
        """Watch the context; ``changed`` is called after each change of state."""
        self._channel = channel
        self._id = context_id
        self._changed = changed
        self._state = PdpState.INACTIVE
        self.address: str | None = None
        """The IP address that the modem showed when it was asked last, while active."""
        # Whether it is as we left it in this boot, with settings that we know.
        self._ours = False
        # What it was given in this boot.
        self._given: PdpSettings | None = None
        # After the network has taken it, or an activation has failed, it has to be
        # deactivated before it is activated again, whatever ``AT+QIACT?`` shows.
        self._broken = False
        channel.subscribe('+QIURC: "pdpdeact"', self._on_pdpdeact)

    @property
    def state(self) -> PdpState:
        """The state as last known."""
        return self._state

    @property
    def ready(self) -> bool:
        """Whether the context is active with the settings it was activated with."""
        return self._state is PdpState.ACTIVE and self._ours and not self._broken

    def reset(self) -> None:
        """The modem has restarted, or its port is gone: no context is active."""
        self._ours = self._broken = False
        self._given = None
        self._set(PdpState.INACTIVE)

    def _set(self, state: PdpState) -> None:
        if state is not self._state:
            self._state = state
            self.address = None
            self._changed()

    def _on_pdpdeact(self, line: str) -> None:
        found = parameters(line)
        if len(found) > 1 and number(found[1]) == self._id:
            self.taken()

    def taken(self) -> None:
        """The context has gone without our doing: by the network, or with the radio."""
        self._broken = True
        self._set(PdpState.INACTIVE)

    async def activate(self, settings: PdpSettings) -> None:
        """Configure and activate the context; takes up to 150 s.

        One that the modem keeps up by itself with the same settings, as a default
        bearer or for a network device of its own, is used. ``PdpError`` with the code
        of ``AT+QIGETERROR`` if the network refuses.
        """
        self._set(PdpState.ACTIVATING)
        try:
            await self._bring_up(settings)
        except BaseException:
            self._broken = True
            self._set(PdpState.FAILED)
            raise
        self._ours, self._broken = True, False
        self._set(PdpState.ACTIVE)

    async def renew(self, settings: PdpSettings) -> None:
        """Activate the context anew, deactivated first whatever its state; 200 s.

        That it can't be deactivated is no error; else as ``activate``.
        """
        self._broken = True
        await self.activate(settings)

    async def _bring_up(self, settings: PdpSettings) -> None:
        try:
            if await self._take_down(settings):
                return
            await self._give(settings)
            await self._channel.execute(
                Command(f"AT+QIACT={self._id}", deadline=Deadline.ACTIVATE)
            )
        except CommandError as err:
            error = await self._error()
            with suppress(CommandError):
                if await self._serves(settings, await self._address()):
                    return
            raise error from err

    async def _give(self, settings: PdpSettings) -> None:
        """Give the context its settings, in one boot not those that it has from us.

        Some firmware writes them to its flash each time, and a network may take the
        context often.
        """
        if self._given == settings:
            found = await configured(self._channel, self._id)
            if found is None or found.is_of(settings):
                return
        # Before: the modem may restart at once after it.
        self._given = settings
        try:
            await configure(self._channel, settings)
        except BaseException:
            self._given = None
            raise

    async def _take_down(self, settings: PdpSettings) -> bool:
        """Deactivate what is broken or someone else's; whether it serves as it is."""
        if not self._broken and (self._ours or await self._address() is None):
            return False
        try:
            await self._deactivate()
        except CommandError:
            # The modem may refuse what is down already, or what it keeps up itself:
            # that has its own settings until others can be given to it.
            address = await self._address()
            if address is not None and not await self._serves(settings, address):
                raise
            return address is not None
        return False

    async def _serves(self, settings: PdpSettings, address: str | None) -> bool:
        """Whether what is up, if with an address, has these settings and a bearer."""
        if not address:
            return False
        found = await configured(self._channel, self._id)
        return found is not None and found.is_of(settings) and await self._bearer()

    async def deactivate(self) -> None:
        """Deactivate the context; takes up to 40 s."""
        self._set(PdpState.DEACTIVATING)
        try:
            await self._deactivate()
        except CommandError as err:
            self._broken = True
            self._set(PdpState.FAILED)
            raise await self._error() from err
        except BaseException:
            self._broken = True
            self._set(PdpState.FAILED)
            raise
        self._ours, self._broken = True, False
        self._set(PdpState.INACTIVE)

    async def refresh(self) -> PdpState:
        """Ask the modem for the state, between activations, and return it.

        ``AT+QIACT?`` alone may show an address while the bearer is gone, so that
        ``AT+CGACT?`` has to agree, where the firmware has it.
        """
        if self._state in (PdpState.ACTIVATING, PdpState.DEACTIVATING):
            return self._state
        address = await self._address()
        active = address is not None and await self._bearer()
        if active and self._state is not PdpState.ACTIVE:
            # Up, but not by us: with which settings is unknown.
            self._ours = False
            self._set(PdpState.ACTIVE)
        elif not active and self._state is PdpState.ACTIVE:
            self._broken = True
            self._set(PdpState.INACTIVE)
        self.address = address or None if active else None
        return self._state

    async def _deactivate(self) -> None:
        await self._channel.execute(
            Command(f"AT+QIDEACT={self._id}", deadline=Deadline.DEACTIVATE)
        )

    async def _address(self) -> str | None:
        """Return the address that ``AT+QIACT?`` shows, empty where it has none.

        None: it is not active.
        """
        lines = await self._channel.execute(
            Command("AT+QIACT?", prefixes=("+QIACT:",), single=False)
        )
        for line in lines:
            if self._is_listed_active(line):
                return next(filter(None, parameters(line)[3:]), "")
        return None

    async def _bearer(self) -> bool:
        try:
            lines = await self._channel.execute(
                Command("AT+CGACT?", prefixes=("+CGACT:",), single=False)
            )
        except CommandError:
            return True
        return any(map(self._is_listed_active, lines))

    def _is_listed_active(self, line: str) -> bool:
        """Both answers give context and state as their first two parameters."""
        return [number(value) for value in parameters(line)[:2]] == [self._id, 1]

    async def _error(self) -> PdpError:
        code = await last_error(self._channel)
        if code is TcpError.APN_NOT_CONFIGURED:
            return ApnMissingError(code)
        return PdpError(code)
