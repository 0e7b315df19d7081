"""What has been measured of the second way, and the goals that it is held against."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

from . import beside, stream_data, stream_email
from .goals import Bound, Goal
from .stream_data import StreamData
from .stream_email import StreamEmail


@dataclass(frozen=True, slots=True)
class SecondWay:
    """An email, and more bytes than most have, by the line's speed in bits per second."""

    email: StreamEmail
    beside: list[float]
    """Seconds until a critical email is known to be sent, while a PUT hangs."""
    data: dict[int, StreamData]

    @property
    def longer(self) -> float:
        """Seconds that such an email takes beyond one that goes alone."""
        return median(self.beside) - median(self.email.pair.ours)

    def goals(self) -> Iterator[Goal]:
        """Hold each against bare serialx."""
        yield Goal(
            "Email by the second way, time: times bare serialx",
            self.email.pair.ratio,
            Bound.AT_MOST,
            1.1,
        )
        yield Goal(
            "Critical email while a PUT hangs, beyond one that goes alone, in s",
            self.longer,
            Bound.AT_MOST,
            1,
        )
        for baudrate, data in self.data.items():
            for what, pair in (("sent", data.sent), ("received", data.received)):
                yield Goal(
                    f"100 KiB {what} at {baudrate}, rate: times bare serialx",
                    1 / pair.ratio,
                    Bound.AT_LEAST,
                    0.95,
                )


def run(times: Callable[[int], int], tell: Callable[[str], None]) -> SecondWay:
    """Measure; ``times`` scales a number of samples, ``tell`` says what comes next."""
    tell("emails by the second way")
    email = stream_email.run(times(6), 6)
    tell("emails beside one that hangs")
    beside_another = beside.run(times(12))
    data = {}
    for baudrate, count in ((115200, 5), (921600, 20)):
        tell(f"the modem's TCP at {baudrate}")
        data[baudrate] = stream_data.run(baudrate, times(count))
    return SecondWay(email, beside_another, data)
