"""Which clock a certificate's dates are held against: the host's, or the network's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

# A network tells whole seconds, at times late; more than this is no inaccuracy.
_TOLERANCE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Clock:
    """A time, and whether it is the host's: what OpenSSL looks at by itself."""

    now: datetime
    of_host: bool


def better_clock(host: datetime, network: datetime | None) -> Clock:
    """Return the better of two clocks; ``network`` is None where it has told no time.

    A clock that lost its power stands still or starts anew, so that it is behind: the
    later one is right. That is also the safe choice, since a clock that is set back
    would let a certificate live that has expired, or was withdrawn long ago.
    """
    if network is not None and network - host > _TOLERANCE:
        return Clock(network, of_host=False)
    return Clock(host, of_host=True)
