"""Which armed fault is due at which moment of which command."""

from dataclasses import dataclass
import re

from .fault_model import Fault, Moment


@dataclass(slots=True)
class Armed:
    """A fault with its count of occasions."""

    number: int
    fault: Fault
    pattern: re.Pattern[str]
    passed: int = 0
    strikes: int = 0

    def strikes_now(self) -> bool:
        """Count one occasion; whether the fault strikes on it."""
        if self.passed < self.fault.skip:
            self.passed += 1
            return False
        if self.fault.times and self.strikes >= self.fault.times:
            return False
        self.strikes += 1
        return True


class FaultEngine:
    """The armed faults, oldest first."""

    def __init__(self) -> None:
        """Begin with none."""
        self._armed: list[Armed] = []
        self._numbers = 0

    def arm(self, fault: Fault) -> int:
        """Arm a fault; its number. Raises re.error for a bad pattern."""
        pattern = re.compile(fault.command, re.IGNORECASE)
        self._numbers += 1
        self._armed.append(Armed(self._numbers, fault, pattern))
        return self._numbers

    def clear(self) -> None:
        """Disarm all; their counts of strikes stay readable."""
        for armed in self._armed:
            armed.passed, armed.fault = 0, _never(armed.fault)

    def strikes(self, number: int) -> int:
        """How often that fault has struck. Raises KeyError for an unknown number."""
        for armed in self._armed:
            if armed.number == number:
                return armed.strikes
        raise KeyError(number)

    def due(
        self, moment: Moment, line: str, start: int = 0, stop: int = 1
    ) -> list[Fault]:
        """The faults that strike now, those with an offset in order of it.

        start, stop: the offsets from the first to before the second are reached now.
        """
        struck = [
            armed.fault
            for armed in self._armed
            if armed.fault.moment is moment
            and start <= armed.fault.offset < stop
            and armed.pattern.search(line)
            and armed.strikes_now()
        ]
        return sorted(struck, key=lambda fault: fault.offset)

    def next_offset(self, moment: Moment, line: str, start: int) -> int | None:
        """The nearest offset from `start` on at which a fault might strike."""
        offsets = [
            armed.fault.offset
            for armed in self._armed
            if armed.fault.moment is moment
            and armed.fault.offset >= start
            and armed.pattern.search(line)
        ]
        return min(offsets, default=None)


def _never(fault: Fault) -> Fault:
    """The same fault where no command can match it."""
    return Fault(action=fault.action, moment=fault.moment, offset=-1)
