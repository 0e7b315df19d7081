"""The figures as text, and as JSON."""

from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
import json
import os
import platform
from statistics import median

from . import picture_email, picture_memory
from .accepting import p99
from .emails import BAUDRATE, COMMAND_SECONDS
from .figures import FLOOR, Figures
from .outbox_report import outbox_parts
from .stream_data import SIZE
from .tables import table

_MIB = 1 << 20
_LABELS = {
    "ours": "ours",
    FLOOR: "serialx (bare)",
    "pyserial": "pyserial (bare)",
}


def machine() -> dict[str, str | int]:
    """Return what the figures depend on."""
    return {
        "python": platform.python_version(),
        "processors": len(os.sched_getaffinity(0)),
        "serialx": version("serialx"),
    }


def text(figures: Figures) -> str:
    """Return the tables that scripts/bench prints."""
    about = ", ".join(f"{name} {value}" for name, value in machine().items())
    parts = (
        (f"Medians side by side ({about}).",),
        _round_trips(figures),
        _hard_answers(figures),
        _over_the_line(figures),
        *outbox_parts(figures.outbox),
        _second_way(figures),
        _pictures(figures),
        _goals(figures),
    )
    return "\n\n".join("\n".join(part) for part in parts)


def as_json(figures: Figures) -> str:
    """Return everything, every sample of emails and uploads included."""
    goals = [{**asdict(goal), "met": goal.met} for goal in figures.goals()]
    return json.dumps(
        {"machine": machine(), **asdict(figures), "goals": goals}, indent=2
    )


def _round_trips(figures: Figures) -> Iterator[str]:
    floor = figures.round_trips[FLOOR]
    yield "1. AT+CSQ over a pty, microseconds a command"
    yield from table(
        ("", "median", "p95", "processor", "median is", "processor is"),
        [
            (
                _LABELS.get(name, name),
                f"{trips.median:.1f}",
                f"{trips.p95:.1f}",
                f"{trips.cpu:.1f}",
                f"{trips.median / floor.median:.2f} x serialx",
                f"{trips.cpu / floor.cpu:.2f} x serialx",
            )
            for name, trips in figures.round_trips.items()
        ],
    )


def _hard_answers(figures: Figures) -> Iterator[str]:
    yield "What each makes of an answer that is hard to read"
    yield from table(
        ("", "a URC inside", "a line OKLAHOMA", "bytes FF FE E9"),
        [
            (_LABELS.get(name, name), trips.urc, trips.bare, trips.noise)
            for name, trips in figures.round_trips.items()
        ],
    )


def _over_the_line(figures: Figures) -> Iterator[str]:
    yield "2, 3. Over a line with a speed"
    ours, floor = figures.email.medians
    rows = [
        (
            f"email at {BAUDRATE}, {COMMAND_SECONDS * 1000:.0f} ms a command",
            f"{ours * 1000:.1f} ms",
            f"{floor * 1000:.1f} ms",
            f"{figures.email.ratio:.3f} x its time",
        )
    ]
    for baudrate, upload in figures.uploads.items():
        ours, floor = upload.pair.medians
        rows.append(
            (
                f"upload of {upload.size // 1024} KiB at {baudrate}",
                f"{upload.size / ours / 1000:.2f} kB/s",
                f"{upload.size / floor / 1000:.2f} kB/s",
                f"{1 / upload.pair.ratio:.3f} x its rate",
            )
        )
    yield from table(("", "ours", _LABELS[FLOOR], "ours is"), rows)
    for baudrate, upload in figures.uploads.items():
        yield (
            f"4. Longest callback of the upload at {baudrate}:"
            f" {upload.longest_callback:.1f} ms of processor time"
        )


def _second_way(figures: Figures) -> Iterator[str]:
    found = figures.second_way
    ours, floor = found.email.pair.medians
    yield "13 to 15. Over the modem's TCP, as the second way has it"
    rows = [
        (
            f"email over TLS at {BAUDRATE}, {COMMAND_SECONDS * 1000:.0f} ms a command,"
            f" {found.email.commands} commands",
            f"{ours * 1000:.1f} ms",
            f"{floor * 1000:.1f} ms",
            f"{found.email.pair.ratio:.3f} x its time",
        ),
        (
            "critical email while a PUT hangs",
            f"{median(found.beside) * 1000:.1f} ms",
            "",
            f"{found.longer * 1000:+.1f} ms",
        ),
    ]
    for baudrate, data in found.data.items():
        for what, pair in (("sent", data.sent), ("received", data.received)):
            ours, floor = pair.medians
            rows.append(
                (
                    f"{SIZE // 1024} KiB {what} at {baudrate}",
                    f"{SIZE / ours / 1000:.2f} kB/s",
                    f"{SIZE / floor / 1000:.2f} kB/s",
                    f"{1 / pair.ratio:.3f} x its rate",
                )
            )
    yield from table(("", "ours", _LABELS[FLOOR], "ours is"), rows)


def _pictures(figures: Figures) -> Iterator[str]:
    found = figures.pictures
    yield (
        f"16. An email with a picture of {picture_email.SIZE // 1024} KiB,"
        f" {COMMAND_SECONDS * 1000:.0f} ms a command, seconds"
    )
    rows = []
    for way, pairs in found.emails.items():
        for baudrate, pair in pairs.items():
            ours, floor = pair.medians
            rows.append(
                (
                    f"by the {way} at {baudrate}",
                    f"{ours:.2f}",
                    f"{floor:.2f}",
                    f"{pair.ratio:.3f} x its time",
                )
            )
    yield from table(("", "ours", _LABELS[FLOOR], "ours is"), rows)
    accepting = found.accepting
    yield (
        f"17. Accepting one with a picture of {picture_memory.SIZE // 1024} KiB:"
        f" median {median(accepting.alone) * 1000:.1f} ms,"
        f" p99 {p99(accepting.alone) * 1000:.1f} ms;"
        f" in a burst {median(accepting.burst) * 1000:.1f} ms,"
        f" p99 {p99(accepting.burst) * 1000:.1f} ms;"
        f" longest callback {max(accepting.callbacks):.1f} ms"
    )
    yield (
        f"18. Growth of the process's resident memory by {picture_memory.PICTURES}"
        f" pictures of {picture_memory.SIZE // 1024} KiB, MiB"
    )
    memory = found.memory
    yield from table(
        ("", "afterwards", "at the most"),
        [
            (what, f"{growth.now / _MIB:.1f}", f"{growth.peak / _MIB:.1f}")
            for what, growth in (
                ("accepted", memory.accepted),
                ("sent through the modem's TCP", memory.sent),
            )
        ],
    )


def _goals(figures: Figures) -> Iterator[str]:
    yield "Goals"
    yield from table(
        ("", "figure", "goal", ""),
        [
            (
                goal.what,
                f"{goal.figure:.3f}",
                f"{goal.bound} {goal.limit:g}",
                "met" if goal.met else "MISSED",
            )
            for goal in figures.goals()
        ],
    )
