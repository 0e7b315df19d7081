"""The PDP context: configure, activate, deactivate, and what state it is in."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

from ..at.channel import AtChannel
from ..at.codes import TcpError, tcp_code
from ..at.commands import Command, Deadline
from ..at.errors import ApnMissingError, CommandError, ModemError, PdpError
from ..at.syntax import integer, number, parameters, quote

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
    """The data connection: APN up to 100 bytes, credentials up to 127 bytes each."""

    apn: str
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    authentication: Authentication = Authentication.NONE
    context_id: int = DEFAULT_CONTEXT

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
        # Whether it is as we left it in this boot, with settings that we know.
        self._ours = False
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
        self._set(PdpState.INACTIVE)

    def _set(self, state: PdpState) -> None:
        if state is not self._state:
            self._state = state
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

        ``PdpError`` with the code of ``AT+QIGETERROR`` if the network refuses.
        """
        self._set(PdpState.ACTIVATING)
        try:
            await self._make_room()
            await self._channel.execute(Command(settings.command(), secret=True))
            await self._channel.execute(
                Command(f"AT+QIACT={self._id}", deadline=Deadline.ACTIVATE)
            )
        except CommandError as err:
            self._broken = True
            self._set(PdpState.FAILED)
            raise await self._error() from err
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

    async def _make_room(self) -> None:
        """Deactivate what is broken, or what someone else has left active."""
        if self._broken:
            # The modem may refuse what is down already.
            with suppress(CommandError):
                await self._deactivate()
        elif not self._ours and await self._held():
            await self._deactivate()

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
        active = await self._held() and await self._bearer()
        if active and self._state is not PdpState.ACTIVE:
            # Up, but not by us: with which settings is unknown.
            self._ours = False
            self._set(PdpState.ACTIVE)
        elif not active and self._state is PdpState.ACTIVE:
            self._broken = True
            self._set(PdpState.INACTIVE)
        return self._state

    async def _deactivate(self) -> None:
        await self._channel.execute(
            Command(f"AT+QIDEACT={self._id}", deadline=Deadline.DEACTIVATE)
        )

    async def _held(self) -> bool:
        lines = await self._channel.execute(
            Command("AT+QIACT?", prefixes=("+QIACT:",), single=False)
        )
        return self._listed_active(lines)

    async def _bearer(self) -> bool:
        try:
            lines = await self._channel.execute(
                Command("AT+CGACT?", prefixes=("+CGACT:",), single=False)
            )
        except CommandError:
            return True
        return self._listed_active(lines)

    def _listed_active(self, lines: tuple[str, ...]) -> bool:
        """Both answers give context and state as their first two parameters."""
        return any(
            [number(value) for value in parameters(line)[:2]] == [self._id, 1]
            for line in lines
        )

    async def _error(self) -> PdpError:
        try:
            lines = await self._channel.execute(
                Command("AT+QIGETERROR", prefixes=("+QIGETERROR:",))
            )
        except ModemError:
            return PdpError(None)
        found, text = (*parameters(lines[0]), "", "")[:2] if lines else ("", "")
        given = number(found)
        code = None if given is None else tcp_code(given, text)
        if code is TcpError.APN_NOT_CONFIGURED:
            return ApnMissingError(code)
        return PdpError(code)
