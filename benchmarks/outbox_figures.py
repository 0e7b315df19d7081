"""What a run has measured of the outbox, and the goals that it is held against."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from .accepting import Acceptance, p99
from .commands import Commands
from .filling import Growth
from .first_email import FirstEmail
from .goals import Bound, Goal
from .restarting import Restarts
from .set_up import SetUps
from .through_outbox import ThroughOutbox
from .toll import Tolls


@dataclass(frozen=True, slots=True)
class Memory:
    """While an outbox is filled, and when it is opened after a restart."""

    filled: Growth
    opened: Growth


@dataclass(frozen=True, slots=True)
class OutboxFigures:
    """All of a run about the outbox; by the number of emails that wait there."""

    acceptance: Acceptance
    restarts: list[Restarts]
    memory: dict[int, Memory]
    through: ThroughOutbox
    first: FirstEmail
    commands: Commands
    tolls: Tolls
    set_ups: list[SetUps]

    def goals(self) -> Iterator[Goal]:
        """Hold every figure that has a goal against it."""
        waiting = self.acceptance.waiting
        most = max(waiting)
        empty, full = waiting[0], waiting[most]
        for what, ours, floor in (
            ("alone", full.alone, empty.alone),
            ("in a burst", full.burst, empty.burst),
        ):
            yield Goal(
                f"Accepting {what}, median with {most:,} waiting: times that with 0",
                median(ours) / median(floor),
                Bound.AT_MOST,
                1.5,
            )
            yield Goal(
                f"Accepting {what} with {most:,} waiting, p99 in ms",
                p99(ours) * 1000,
                Bound.BELOW,
                100,
            )
        yield Goal(
            f"Accepting with {most:,} waiting, longest callback, p99 in ms",
            p99(full.callbacks),
            Bound.AT_MOST,
            20,
        )
        for restarts in self.restarts:
            if restarts.waiting != most:
                continue
            after = "a restart" if restarts.cached else "a power cut"
            for until, times in (
                ("one is accepted", restarts.accepted),
                ("the first goes out", restarts.handed),
            ):
                yield Goal(
                    f"After {after} with {most:,} waiting until {until}, in s",
                    median(times),
                    Bound.BELOW,
                    1,
                )
        yield Goal(
            "Email through the outbox, beyond modem and network, in ms",
            (median(self.through.courier) - median(self.through.replay)) * 1000,
            Bound.AT_MOST,
            2000,
        )
        if self.tolls.sent.fsyncs is not None:
            yield Goal(
                "An email accepted and sent, in fsyncs",
                self.tolls.sent.fsyncs,
                Bound.AT_MOST,
                5,
            )
        yield Goal(
            "First email after a boot, without the activation: times a warm one",
            self.first.without_activation / median(self.first.warm),
            Bound.AT_MOST,
            1.05,
        )
        yield Goal(
            "The same, the data connection up: times a warm one",
            median(self.first.connected) / median(self.first.warm),
            Bound.AT_MOST,
            1.05,
        )
        yield Goal(
            "Set-up without a modem, the slowest, in s",
            max(
                time for found in self.set_ups for time in (*found.first, *found.again)
            ),
            Bound.BELOW,
            1,
        )
