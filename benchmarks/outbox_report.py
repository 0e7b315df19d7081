"""The figures of the outbox as text."""

from collections.abc import Iterator
from statistics import median

from .accepting import BURST, p99
from .commands import WHY
from .emails import BAUDRATE, COMMAND_SECONDS
from .outbox_figures import OutboxFigures
from .tables import table
from .toll import Toll

_CACHED = {True: "in memory", False: "on disk only"}


def outbox_parts(figures: OutboxFigures) -> tuple[Iterator[str], ...]:
    """Return the tables, each as its lines."""
    return (
        _acceptance(figures),
        _restarts(figures),
        _memory(figures),
        _through(figures),
        _tolls(figures),
        _set_ups(figures),
        _first_emails(figures),
        _commands(figures),
    )


def _acceptance(figures: OutboxFigures) -> Iterator[str]:
    found = figures.acceptance
    floor = median(found.bare)
    yield f"5. Accepting an email, milliseconds: alone, and {BURST} one after the other"
    rows = [
        (
            f"{waiting:,} waiting",
            *_two(one.alone),
            f"{median(one.alone) / floor:.1f} x bare",
            *_two(one.burst),
            f"{p99(one.callbacks):.2f}",
        )
        for waiting, one in found.waiting.items()
    ]
    rows.append(("bare insert, commit", *_two(found.bare), "1.0 x bare", "", "", ""))
    yield from table(
        (
            "",
            "median",
            "p99",
            "median is",
            "in a burst",
            "p99",
            "longest callback, p99",
        ),
        rows,
    )


def _two(samples: list[float]) -> tuple[str, str]:
    return f"{median(samples) * 1000:.2f}", f"{p99(samples) * 1000:.2f}"


def _restarts(figures: OutboxFigures) -> Iterator[str]:
    yield "6. After a restart, milliseconds from the opening of the outbox on"
    yield from table(
        ("", "open", "one accepted", "the first goes out", "slowest"),
        [
            (
                f"{found.waiting:,} waiting, file {_CACHED[found.cached]}",
                *(
                    f"{median(times) * 1000:.0f}"
                    for times in (found.open, found.accepted, found.handed)
                ),
                f"{max(found.handed) * 1000:.0f}",
            )
            for found in figures.restarts
        ],
    )


def _memory(figures: OutboxFigures) -> Iterator[str]:
    yield "7. Growth of the process's resident memory, MiB"
    yield from table(
        ("", "while they came", "when opened", "at the most"),
        [
            (
                f"{waiting:,} waiting",
                *(
                    f"{size / 2**20:.1f}"
                    for size in (
                        memory.filled.now,
                        memory.opened.now,
                        memory.opened.peak,
                    )
                ),
            )
            for waiting, memory in figures.memory.items()
        ],
    )


def _through(figures: OutboxFigures) -> Iterator[str]:
    found = figures.through
    courier, modem, replay = (
        median(times) for times in (found.courier, found.modem, found.replay)
    )
    outbox = median(found.outbox)
    yield (
        f"8. The email at {BAUDRATE}, {COMMAND_SECONDS * 1000:.0f} ms a command, from"
        " its acceptance until it is known to be sent"
    )
    commands, bare = (f"{count} commands" for count in found.commands)
    yield from table(
        ("", "median", "", "through the outbox is"),
        [
            ("through the outbox", f"{courier * 1000:.1f} ms", commands, ""),
            (
                "Modem alone",
                f"{modem * 1000:.1f} ms",
                bare,
                f"{courier / modem:.3f} x its time",
            ),
            (
                "serialx (bare)",
                f"{replay * 1000:.1f} ms",
                commands,
                f"{courier / replay:.3f} x its time",
            ),
        ],
    )
    yield (
        f"Waiting for the outbox: {outbox * 1000:.1f} ms of it, {outbox / courier:.1%}"
    )


def _tolls(figures: OutboxFigures) -> Iterator[str]:
    yield "9. What one email costs the disk"
    yield from table(
        ("", "commits", "checkpoints", "fsyncs"),
        [
            _toll("accepted, the modem absent", figures.tolls.accepted),
            _toll("accepted and sent", figures.tolls.sent),
        ],
    )


def _toll(what: str, toll: Toll) -> tuple[str, ...]:
    return (
        what,
        f"{toll.commits:.1f}",
        f"{toll.checkpoints:.1f}",
        "not counted: no strace" if toll.fsyncs is None else f"{toll.fsyncs:.1f}",
    )


def _set_ups(figures: OutboxFigures) -> Iterator[str]:
    yield "10. Set-up without a modem, milliseconds"
    yield from table(
        ("", "first, with imports", "slowest", "again", "slowest"),
        [
            (
                f"Home Assistant {found.home_assistant}, modem {found.modem}",
                f"{median(found.first) * 1000:.0f}",
                f"{max(found.first) * 1000:.0f}",
                f"{median(found.again) * 1000:.0f}",
                f"{max(found.again) * 1000:.0f}",
            )
            for found in figures.set_ups
        ],
    )


def _first_emails(figures: OutboxFigures) -> Iterator[str]:
    found = figures.first
    warm = median(found.warm)
    yield (
        f"11. The first email after a boot at {BAUDRATE},"
        f" {COMMAND_SECONDS * 1000:.0f} ms a command; {found.beforehand} commands came"
        " before it, for the boot and for all emails"
    )
    yield from table(
        ("", "median", "", "is"),
        [
            (
                what,
                f"{seconds * 1000:.1f} ms",
                commands,
                f"{seconds / warm:.3f} x a warm one",
            )
            for what, seconds, commands in (
                ("warm email", warm, f"{found.warm_commands} commands"),
                ("first one", median(found.first), f"{found.commands} commands"),
                ("its activation alone", median(found.activation), ""),
                ("first one, less that", found.without_activation, ""),
                ("first one, connected", median(found.connected), ""),
            )
        ],
    )


def _commands(figures: OutboxFigures) -> Iterator[str]:
    for way, found in figures.commands.of.items():
        before, after = found.until_sent, found.afterwards
        yield (
            f"12. Commands of a warm text email by the {way}, over TLS with a log-in:"
            f" {before.total()}, and {after.total()} afterwards"
        )
        yield from table(
            ("", "", "afterwards", "what for"),
            [
                (name, str(before[name]), str(after[name]), WHY.get(name, ""))
                for name in dict.fromkeys((*before, *after))
            ],
        )
