"""Everything about the outbox, in one run."""

from collections.abc import Callable

from . import (
    accepting,
    commands,
    filling,
    first_email,
    restarting,
    set_up,
    through_outbox,
    toll,
)
from .boundless import Image, folder
from .outbox_figures import Memory, OutboxFigures


def run(
    times: Callable[[int], int], tell: Callable[[str], None], *, quick: bool
) -> OutboxFigures:
    """Measure; ``times`` scales a number of samples, ``tell`` says what comes next."""
    images: dict[int, Image] = {}
    memory: dict[int, Memory] = {}
    with folder() as place:
        for waiting in (100, 1_000) if quick else (1_000, 10_000):
            tell(f"an outbox with {waiting:,} emails waiting")
            path = place / f"{waiting}.db"
            filled = filling.fill(path, waiting)
            images[waiting] = Image(path)
            copy = images[waiting].restored(place / f"{waiting}-opened")
            memory[waiting] = Memory(filled, filling.opened(copy))
        tell("accepting")
        acceptance = accepting.run(images, times(300), times(40))
        tell("restarts")
        restarts = restarting.run({0: Image(place / "none.db"), **images}, times(6))
    tell("emails through the outbox")
    through = through_outbox.run(times(6), 8)
    tell("first emails after a boot")
    first = first_email.run(times(6), 4)
    tell("commands")
    warm = commands.run()
    tell("commits and fsyncs")
    tolls = toll.run(times(50))
    tell("set-up in Home Assistant")
    set_ups = set_up.run(times(2), 4)
    return OutboxFigures(
        acceptance, restarts, memory, through, first, warm, tolls, set_ups
    )
