"""What is known of a modem's port and firmware, for whoever has to find a fault from afar."""

from dataclasses import dataclass

from .at.conversation import Said
from .network.profile import Profile
from .tcp.preparation import Limits


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """It tells of nobody and no place; what needs an open port is None or 0 without one."""

    connected: bool
    heard: bool
    """Whether any unsolicited line ever came from this port."""
    boots: int
    """How often its settings were taken for void."""
    upsets: int
    """How often the port was lost, or the modem said that it restarted."""
    garbled: int
    """Lines that were dropped as noise since the port was opened."""
    unhandled: int
    """Lines that nobody owned since then."""
    profile: Profile | None
    """What the firmware can do; None until an email, or what it needs, asked."""
    limits: Limits | None
    """Bytes that its TCP commands take and give; None until they are used."""
    counts: bool
    """Whether the firmware counts the data, as far as is known."""
    measures: bool
    """Whether it tells more of the signal than its strength, as far as is known."""
    seconds: float
    """Now, on the clock of ``conversation``."""
    conversation: tuple[Said, ...]
