"""The command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from .profiles import PROFILES, MailClient
from .settings import Settings


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    profile: str
    mail_client: MailClient
    link: Path | None
    tcp: int | None
    control: Path | None
    baud: int | None
    time_scale: float
    scale_guard: bool
    cold_start: bool
    seed: int
    hosts: tuple[str, ...]
    port_maps: tuple[str, ...]
    settings: tuple[str, ...]
    script: Path | None
    exit_with_parent: bool


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line; exits with a message if it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.virtual_modem",
        description="An EC200x LTE modem in software, on a pty or a TCP port. Prints "
        "one line of JSON (port, device, tcp, control, pid) when it can be opened.",
        epilog="Settings: " + ", ".join(f.name for f in fields(Settings)) + ".",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--link", type=Path, help="keep a symlink to the pty here")
    where.add_argument(
        "--tcp", type=int, metavar="PORT", help="a TCP port, not a pty; 0: any"
    )
    parser.add_argument("--control", type=Path, help="control socket (unix)")
    parser.add_argument(
        "--profile", choices=sorted(PROFILES), default="EC200N-CN", help="the module"
    )
    parser.add_argument(
        "--mail-client",
        type=MailClient,
        choices=list(MailClient),
        default=MailClient.NOTE,
        help="as the SMTP note has it, or as published firmware does it: see profiles.py",
    )
    parser.add_argument("--baud", type=int, help="pace bytes as a UART would")
    parser.add_argument(
        "--time-scale",
        type=float,
        default=1.0,
        metavar="FACTOR",
        help="factor for the modem's long waits",
    )
    parser.add_argument(
        "--scale-guard", action="store_true", help="scale the guards of +++ too"
    )
    parser.add_argument(
        "--cold-start", action="store_true", help="boot first, with RDY and its kin"
    )
    parser.add_argument("--seed", type=int, default=0, help="of all that is random")
    parser.add_argument(
        "--host",
        action="append",
        default=[],
        metavar="NAME[=ADDRESS]",
        help="a name that the modem can resolve; names not given are unknown",
    )
    parser.add_argument(
        "--map-port",
        action="append",
        default=[],
        metavar="[NAME:]PORT=[ADDRESS:]PORT",
        help="where connections to that port really go, on loopback unless an address "
        "is given; real port 0 never answers",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting, see below and settings.py",
    )
    parser.add_argument(
        "--script", type=Path, help='JSON: "settings", "hosts", "files", "faults"'
    )
    parser.add_argument(
        "--exit-with-parent",
        action="store_true",
        help="end when standard input ends, as a pipe from the parent does with it",
    )
    read = parser.parse_args(arguments)
    return Options(
        profile=read.profile,
        mail_client=read.mail_client,
        link=read.link,
        tcp=read.tcp,
        control=read.control,
        baud=read.baud,
        time_scale=read.time_scale,
        scale_guard=read.scale_guard,
        cold_start=read.cold_start,
        seed=read.seed,
        hosts=tuple(read.host),
        port_maps=tuple(read.map_port),
        settings=tuple(read.set),
        script=read.script,
        exit_with_parent=read.exit_with_parent,
    )
