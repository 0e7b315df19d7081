"""PDP contexts: what QICSGP configured, what QIACT? believes, and what really carries."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .observations import PdpContextSeen
from .settings import names

if TYPE_CHECKING:
    from .modem import Modem

# 27.007's limit as the SMTP note states it (4.2, point 5)
_MOST_ACTIVE = 3

OPEN_FAILED = 561
BROKEN_DOWN = 570
NOT_ALLOWED = 572
APN_NOT_CONFIGURED = 573
INVALID_PARAMETERS = 552
CLOSE_FAILED = 562
# F9: what a sister firmware says in the place of OPEN_FAILED; not in T's table
ALREADY_ACTIVE = 574

# T [DOC]
ERROR_TEXTS = {
    0: "operate successfully",
    550: "unknown error",
    551: "operation blocked",
    552: "invalid parameters",
    553: "memory not enough",
    554: "create socket failed",
    555: "operation not supported",
    556: "socket bind failed",
    557: "socket listen failed",
    558: "socket write failed",
    559: "socket read failed",
    560: "socket accept failed",
    561: "open PDP context failed",
    562: "close PDP context failed",
    563: "socket identity has been used",
    564: "DNS busy",
    565: "DNS parse failed",
    566: "socket connect failed",
    567: "socket has been closed",
    568: "operation busy",
    569: "operation timeout",
    570: "PDP context broken down",
    571: "cancel send",
    572: "operation not allowed",
    573: "APN not configured",
    574: "port busy",
}


# F9: what it means there; the other numbers are T's
_TERSE_TEXTS = {573: "port busy", 574: "context already active"}


def error_text(code: int, numbers: str) -> str:
    """What QIGETERROR says beside the number."""
    texts = ERROR_TEXTS | (_TERSE_TEXTS if numbers == "terse" else {})
    return texts.get(code, "unknown error")


class PdpError(Exception):
    """QIACT or QIDEACT fails, for the reason that QIGETERROR then gives."""

    def __init__(self, code: int) -> None:
        """`code`: 550-574."""
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class PdpContext:
    """One PDP context."""

    cid: int
    kind: int = 1
    apn: str = ""
    user: str = ""
    password: str = ""
    authentication: int = 0
    # what QIACT? shows; it may be wrong (N: drift)
    active: bool = False
    # whether anything gets through
    bearer: bool = False
    # the network took it away; QIDEACT must come before the next QIACT (T)
    broken: bool = False
    by_cgact: bool = False
    # up by the modem's own dialling (F16)
    dialled: bool = False


class PacketService:
    """All PDP contexts, and attachment to the packet service."""

    def __init__(self, modem: Modem) -> None:
        """Begin attached, with no context configured."""
        self._modem = modem
        self.contexts: dict[int, PdpContext] = {}
        self.detached = False
        self.connections = 0
        self.last_error = 0

    def reset(self) -> None:
        """A reboot: contexts are not saved (N), or are (F15); the decay is over."""
        settings = self._modem.settings
        kept = list(self.contexts.values()) if settings.keeps_apn else []
        self.contexts = {
            c.cid: PdpContext(
                c.cid, c.kind, c.apn, c.user, c.password, c.authentication
            )
            for c in kept
        }
        if settings.dialled and not self.context(1).apn:
            self.context(1).apn = settings.dialled
        self.detached = False
        self.connections = 0
        self.last_error = 0

    def dial(self) -> None:
        """Bring context 1 up as a modem does that serves its host a network device."""
        if self._modem.settings.dialled and not self.detached:
            context = self.context(1)
            context.active = context.bearer = context.dialled = True
            context.broken = False

    def context(self, cid: int) -> PdpContext:
        """The context, made at need."""
        return self.contexts.setdefault(cid, PdpContext(cid))

    @property
    def attached(self) -> bool:
        """Whether the packet service is there."""
        return self._modem.radio.registered and not self.detached

    def carries(self, cid: int) -> bool:
        """Whether data gets through on this context."""
        context = self.contexts.get(cid)
        return context is not None and context.bearer and self.attached

    def active(self, cid: int) -> bool:
        """Whether QIACT? shows it."""
        context = self.contexts.get(cid)
        return context is not None and context.active

    async def activate(self, cid: int) -> None:
        """QIACT. Raises PdpError."""
        context, settings = self.context(cid), self._modem.settings
        if context.active:
            if settings.qiact_again == "ok":
                return
            terse = settings.error_numbers == "terse"
            raise PdpError(ALREADY_ACTIVE if terse else OPEN_FAILED)
        if context.broken:
            raise PdpError(BROKEN_DOWN)
        await self._modem.sleep(settings.qiact_seconds)
        if settings.qiact_error:
            raise PdpError(settings.qiact_error)
        if settings.only_bearer not in (0, cid):
            raise PdpError(NOT_ALLOWED)
        if not context.apn and settings.apn != "any":
            raise PdpError(APN_NOT_CONFIGURED)
        # 4.2, points 1, 2, 4 and 5
        actives = sum(other.active for other in self.contexts.values())
        if not self.attached or context.by_cgact or actives >= _MOST_ACTIVE:
            raise PdpError(OPEN_FAILED)
        if not self._network_accepts(context):
            raise PdpError(OPEN_FAILED)
        context.active = context.bearer = True

    async def deactivate(self, cid: int) -> None:
        """QIDEACT."""
        await self._modem.sleep(self._modem.settings.qideact_seconds)
        context = self.context(cid)
        if context.dialled and context.active:
            raise PdpError(CLOSE_FAILED)
        context.active = context.bearer = context.broken = False
        self._modem.connections_lost(cid)

    def network_deactivates(self, cid: int) -> None:
        """The network takes the bearer away and the modem notices."""
        context = self.contexts.get(cid)
        if context is None or not context.active:
            return
        context.active = context.bearer = False
        context.broken = True
        self._modem.connections_lost(cid)
        self._modem.urc(f'+QIURC: "pdpdeact",{cid}')

    def drift(self, cid: int) -> None:
        """The bearer goes and the modem does not notice (N)."""
        self.context(cid).bearer = False
        self._modem.connections_lost(cid)

    def all_lost(self) -> None:
        """The network is gone: every context with it."""
        for cid in sorted(self.contexts):
            self.network_deactivates(cid)

    def release(self, cid: int) -> None:
        """CGACT=0."""
        settings = self._modem.settings
        if settings.only_bearer == cid:
            settings.only_bearer = 0
        context = self.context(cid)
        context.active = context.bearer = context.by_cgact = False
        self._modem.connections_lost(cid)

    def bearers(self) -> Iterator[tuple[int, bool]]:
        """What CGACT? shows: which defined context really has a bearer."""
        only = self._modem.settings.only_bearer
        cids = {1, *self.contexts} | ({only} if only else set())
        for cid in sorted(cids):
            context = self.contexts.get(cid)
            held = context is not None and (context.bearer or context.by_cgact)
            yield cid, held or cid == only

    def addresses(self, context: PdpContext) -> list[str]:
        """Its addresses: IPv4, IPv6 or both, by its kind."""
        settings = self._modem.settings
        return {
            1: [settings.address],
            2: [settings.address6],
            3: [settings.address, settings.address6],
        }[context.kind]

    def connection_allowed(self) -> bool:
        """Count one connection; False once the modem has decayed (N)."""
        self.connections += 1
        limit = self._modem.settings.decay_after
        return not limit or self.connections <= limit

    def seen(self) -> tuple[PdpContextSeen, ...]:
        """For tests."""
        return tuple(
            PdpContextSeen(c.cid, c.apn, c.active, c.bearer)
            for _, c in sorted(self.contexts.items())
        )

    def _network_accepts(self, context: PdpContext) -> bool:
        settings = self._modem.settings
        if settings.apn not in ("*", "any"):
            if context.apn.lower() not in names(settings.apn):
                return False
        if not settings.apn_user:
            return True
        given = (context.user, context.password)
        return given == (settings.apn_user, settings.apn_password)
