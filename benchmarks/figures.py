"""What a run has measured, and the goals that it is held against."""

from dataclasses import dataclass
from typing import Final

from .goals import Bound, Goal
from .outbox_figures import OutboxFigures
from .pairs import Pair
from .pictures import Pictures
from .rounds import RoundTrips
from .second_way import SecondWay

FLOOR: Final = "serialx"
PEERS: Final = ("python-gsmmodem-new", "atlib", "async-gsm-modem")


@dataclass(frozen=True, slots=True)
class Upload:
    """Both ways of one upload, and the longest callback of ours in milliseconds."""

    size: int
    pair: Pair
    longest_callback: float


@dataclass(frozen=True, slots=True)
class Figures:
    """All of a run; ``uploads`` by their speed in bits per second."""

    round_trips: dict[str, RoundTrips]
    email: Pair
    uploads: dict[int, Upload]
    outbox: OutboxFigures
    second_way: SecondWay
    pictures: Pictures

    def goals(self) -> tuple[Goal, ...]:
        """Hold every figure that has a goal against it."""
        trips = self.round_trips
        ours, floor = trips["ours"], trips[FLOOR]
        return (
            Goal(
                "AT+CSQ, time: times bare serialx",
                ours.median / floor.median,
                Bound.AT_MOST,
                1.5,
            ),
            Goal(
                "AT+CSQ, time: times the fastest peer",
                ours.median / min(trips[peer].median for peer in PEERS),
                Bound.BELOW,
                1,
            ),
            Goal(
                "AT+CSQ, processor: times bare serialx",
                ours.cpu / floor.cpu,
                Bound.AT_MOST,
                1.5,
            ),
            Goal(
                "AT+CSQ, processor: times the thriftiest peer",
                ours.cpu / min(trips[peer].cpu for peer in PEERS),
                Bound.BELOW,
                1,
            ),
            Goal(
                "Email, time: times bare serialx", self.email.ratio, Bound.AT_MOST, 1.05
            ),
            *(
                Goal(
                    f"Upload at {baudrate}, rate: times bare serialx",
                    1 / upload.pair.ratio,
                    Bound.AT_LEAST,
                    0.97,
                )
                for baudrate, upload in self.uploads.items()
            ),
            Goal(
                "Upload, longest callback in ms",
                max(upload.longest_callback for upload in self.uploads.values()),
                Bound.BELOW,
                10,
            ),
            *self.outbox.goals(),
            *self.second_way.goals(),
            *self.pictures.goals(),
        )
