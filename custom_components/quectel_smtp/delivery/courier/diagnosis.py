"""What is known of a courier's work, for whoever has to find a fault from afar."""

from collections.abc import Mapping
from dataclasses import dataclass

from ...modem.diagnosis import Diagnosis as ModemDiagnosis
from ..outbox.past import Ended
from ..records import Listed, Way
from .recent import Attempt


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """It has no text and no address, but in ``waiting``, which is ``list_outbox``'s."""

    modem: ModemDiagnosis
    in_service: bool
    failures: int
    """How often in a row the path has failed."""
    attempts: tuple[Attempt, ...]
    counts: Mapping[tuple[Way, str], int]
    waiting: tuple[Listed, ...]
    ended: tuple[Ended, ...]
