"""``Status``: what is known of modem and mail; and the board where it is posted."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ..modem.at.errors import ModemError
from ..modem.network.pdp import PdpState
from ..modem.network.radio import Quality
from ..modem.network.sim import SimState
from ..modem.network.status import Identity, Network
from ..modem.network.traffic import Traffic
from .errors import OutboxError, OutboxNewerError
from .listeners import Listeners
from .records import Summary


class OutboxState(StrEnum):
    """Whether the outbox can be written; where it can't be, no email is accepted."""

    SOUND = "sound"
    FAILED = "failed"
    NEWER = "newer"
    """A newer version of ours wrote it."""

    @classmethod
    def after(cls, error: OutboxError) -> OutboxState:
        """Return what an outbox is that can't be opened or written."""
        return cls.NEWER if isinstance(error, OutboxNewerError) else cls.FAILED


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of modem and mail; ``trouble`` is what keeps mail from going."""

    connected: bool = False
    port: str | None = field(default=None, repr=False)
    """The port that the modem was found behind last."""
    identity: Identity | None = None
    sim: SimState | None = None
    network: Network | None = None
    quality: Quality | None = None
    address: str | None = field(default=None, repr=False)
    """The IP address of the data connection."""
    barred: bool = False
    """Whether the modem is in another operator's network, where no mail may go."""
    pdp: PdpState = PdpState.INACTIVE
    trouble: ModemError | None = None
    mail: Summary = field(default_factory=Summary)
    outbox: OutboxState = OutboxState.SOUND
    traffic: Traffic | None = None
    """What ever went over the data connection, as far as modem or we have counted it.

    None until it is known what was counted before.
    """
    damaged: bool = False
    """Whether a damaged outbox was found and set aside at the start."""
    exhausted: bool = False
    """Whether recovery has done all it can: the modem needs a person."""


class Board:
    """Holds the status, and tells the watchers when anything of it changes."""

    def __init__(self, status: Status) -> None:
        """Begin with this status."""
        self.status = status
        self._watchers = Listeners[[]]()

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after each change; returns the undoing."""
        return self._watchers.add(callback)

    def post(self, **changes: object) -> None:
        """Take the changes, and tell the watchers if anything is different now."""
        trouble = changes.get("trouble")
        if repr(trouble) == repr(self.status.trouble):
            # The same trouble as before is no news.
            changes.pop("trouble", None)
        status = replace(
            self.status,
            **changes,  # type: ignore[arg-type]  # the fields' own types hold at each call
        )
        if status == self.status:
            return
        self.status = status
        self._watchers.tell()
