"""``Pace``: how often a path that fails is tried, and a modem brought into service."""

import random
from typing import Final

from ...modem.at.errors import ModemError, NoAnswerError, NotAModemError, PortError
from ..rules import policy

PORT_EVERY: Final = 2.0
"""Seconds between two looks for a port that is absent: it costs next to nothing."""
PERSON_EVERY: Final = 60.0
"""Seconds between two looks whether a person has mended what only they can."""
TURN_LEAST: Final = 0.5
"""Seconds between two looks at anything else: less would be no rest."""

_SERVICE_FIRST: Final = 1.0
_SERVICE_MOST: Final = 30.0
# Whoever is silent may have been switched off; who talks otherwise is somebody else.
_SILENT_MOST: Final = 45.0
_STRANGER_MOST: Final = 900.0
# A new email does not wait for the next try of the path, but it knocks no more often.
_KNOCK_CRITICAL: Final = 10.0
_KNOCK: Final = 60.0
_JITTER: Final = 0.2


def jitter() -> float:
    """Return -1 to 1. Not a secret: it keeps two hosts from knocking in step."""
    return random.uniform(-1.0, 1.0)


class Pace:
    """Counts failures in a row; times are seconds of the outbox's clock."""

    def __init__(self) -> None:
        """Nothing has failed yet."""
        self.failures = 0
        self._service_failures = 0
        # Emails wait until then.
        self._gate = float("-inf")
        self._knocked = float("-inf")

    def closed_for(self, now: float) -> float:
        """Return the seconds until the path may be tried again; 0: now."""
        return max(self._gate - now, 0.0)

    def knock(self, now: float) -> None:
        """An email tries the path."""
        self._knocked = now

    def welcome(self, *, critical: bool) -> None:
        """A new email has come: it tries the path soon, whatever failed before."""
        patience = _KNOCK_CRITICAL if critical else _KNOCK
        self._gate = min(self._gate, self._knocked + patience)

    def wait(self, now: float, seconds: float) -> None:
        """Have emails wait."""
        self._gate = now + seconds

    def path_failed(self, now: float) -> None:
        """Have all emails wait for the path, longer with each failure in a row."""
        self.failures += 1
        self.wait(now, policy.delay(self.failures, jitter()))

    def put_off(self, now: float) -> None:
        """Have all emails wait for a server that asks to come later: not at once."""
        self.failures += 1
        self.wait(now, policy.delay(self.failures + 1, jitter()))

    def reset(self) -> None:
        """The path works, or may be mended: nothing waits for it."""
        self.failures = self._service_failures = 0
        self._gate = float("-inf")

    def service_failed(self) -> None:
        """The modem could not be brought into service."""
        self._service_failures = min(self._service_failures + 1, 10)

    def in_service(self) -> None:
        """The modem is in service."""
        self._service_failures = 0

    def service_pause(self, trouble: ModemError | None) -> float:
        """Return the seconds until the modem is looked for, or at, once more."""
        if isinstance(trouble, PortError):
            pause = PORT_EVERY
        elif trouble is not None and policy.needs_person(trouble):
            pause = PERSON_EVERY
        else:
            most = _SERVICE_MOST
            if isinstance(trouble, NotAModemError):
                most = _STRANGER_MOST
            elif isinstance(trouble, NoAnswerError):
                most = _SILENT_MOST
            pause = min(_SERVICE_FIRST * 2**self._service_failures, most)
        return pause * (1 + _JITTER * jitter())
