"""Measures everything in one run; ``scripts/bench`` starts it."""

import argparse
from pathlib import Path
import sys

from . import emails, outbox, pictures, report, rounds, second_way, uploads, witness
from .figures import Figures, Upload


def main() -> int:
    """Measure, print and write; a goal that is missed is no failure."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Prints the figures of AT engine and outbox beside their peers.",
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="write them, too")
    parser.add_argument(
        "--quick", action="store_true", help="few samples, to see that everything runs"
    )
    options = parser.parse_args()
    scale = 0.1 if options.quick else 1.0

    def times(count: int) -> int:
        return max(1, round(count * scale))

    seen = witness.run()
    _tell("AT+CSQ round trips")
    round_trips = rounds.run(times(60), 40)
    _tell("emails")
    email = emails.run(times(6), 8)
    found = {}
    for baudrate, turns in ((115200, 5), (921600, 20)):
        _tell(f"uploads at {baudrate}")
        pair, watch = uploads.run(baudrate, times(turns))
        found[baudrate] = Upload(uploads.SIZE, pair, watch.longest)
    of_outbox = outbox.run(times, _tell, quick=options.quick)
    of_second_way = second_way.run(times, _tell)
    of_pictures = pictures.run(times, _tell)
    figures = Figures(round_trips, email, found, of_outbox, of_second_way, of_pictures)
    print(report.text(figures))
    print(f"\n{seen}")
    if options.json is not None:
        options.json.write_text(report.as_json(figures) + "\n", encoding="utf-8")
    return 0


def _tell(what: str) -> None:
    print(f"Measuring {what} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
