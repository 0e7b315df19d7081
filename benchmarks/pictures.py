"""What has been measured of emails with pictures, and the goals that it is held against."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from custom_components.quectel_smtp.delivery.records import Way

from . import accepting, picture_email, picture_memory
from .accepting import Accepting, p99
from .goals import Bound, Goal
from .pairs import Pair
from .picture_memory import PictureMemory


@dataclass(frozen=True, slots=True)
class Pictures:
    """Emails with a picture of 100 KiB, by way and speed; with one of 200 KiB; with ten."""

    emails: Mapping[str, Mapping[int, Pair]]
    accepting: Accepting
    memory: PictureMemory

    def goals(self) -> Iterator[Goal]:
        """Hold each figure that has a goal against it."""
        for way, pairs in self.emails.items():
            for baudrate, pair in pairs.items():
                yield Goal(
                    f"Picture by the {way} at {baudrate}, time: times bare serialx",
                    pair.ratio,
                    Bound.AT_MOST,
                    1.05,
                )
        yield Goal(
            "Accepting a picture, p99 in ms",
            p99([*self.accepting.alone, *self.accepting.burst]) * 1000,
            Bound.BELOW,
            100,
        )
        yield Goal(
            "Accepting a picture, longest callback in ms",
            max(self.accepting.callbacks),
            Bound.AT_MOST,
            20,
        )


def run(times: Callable[[int], int], tell: Callable[[str], None]) -> Pictures:
    """Measure; ``times`` scales a number of samples, ``tell`` says what comes next."""
    emails: dict[str, dict[int, Pair]] = {}
    for way in Way:
        found = emails[way.value] = {}
        for baudrate, turns in ((115200, 2), (921600, 8)):
            tell(f"emails with a picture by the {way} at {baudrate}")
            found[baudrate] = picture_email.run(way, baudrate, times(turns))
    tell("accepting pictures")
    accepted = accepting.one_by_one(
        picture_email.picture(picture_memory.SIZE), times(200), times(20)
    )
    tell("the memory that pictures take")
    return Pictures(emails, accepted, picture_memory.run())
