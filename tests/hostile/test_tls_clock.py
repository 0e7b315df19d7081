"""TLS: the clock that certificates are judged by is the modem's, and is right."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from custom_components.quectel_smtp.modem.mail.server import Security

from .impostors import IMPOSTORS, Pair
from .tls_bench import (
    NOW,
    SECURITY,
    TlsBench,
    authority,
    check_delivered,
    check_refused,
    leaf,
)


@SECURITY
def test_a_clock_that_is_not_set_is_set_from_the_hosts(
    tmp_path: Path, security: Security
) -> None:
    root = authority()
    ending = TlsBench(tmp_path, leaf(root), root, security, modem_clock="unset").send()
    check_delivered(ending)
    assert len(ending.clock_commands) == 1
    assert abs(ending.clock - NOW) < timedelta(minutes=5)


@IMPOSTORS
def test_a_clock_that_was_set_from_the_hosts_lets_no_other_server_in(
    tmp_path: Path, impostor: Callable[[], Pair]
) -> None:
    bench = TlsBench(tmp_path, *impostor(), Security.TLS, modem_clock="unset")
    check_refused(bench.send())


def test_a_host_that_lost_its_own_clock_does_not_set_the_modems(
    tmp_path: Path,
) -> None:
    """After a power cut both may be wrong: then no certificate can be judged."""
    root = authority()
    ending = TlsBench(
        tmp_path,
        leaf(root),
        root,
        Security.TLS,
        modem_clock="unset",
        host_clock=NOW.replace(year=1970),
    ).send()
    check_refused(ending)
    assert ending.clock_commands == []


def test_the_networks_time_is_better_than_the_hosts(tmp_path: Path) -> None:
    today = datetime.now(NOW.tzinfo)
    root = authority()
    days = (today - NOW).days
    ending = TlsBench(
        tmp_path,
        leaf(root, begins=days - 10, ends=days + 10),
        root,
        Security.TLS,
        modem_clock="network",
        host_clock=today + timedelta(days=3650),
    ).send()
    check_delivered(ending)
    assert ending.clock_commands == []
    assert abs(ending.clock - today) < timedelta(minutes=5)


@pytest.mark.parametrize("verified", [True, False])
def test_a_plausible_clock_stays_as_it_is(tmp_path: Path, verified: bool) -> None:
    """Expired by the modem's clock is expired, whatever the host believes."""
    root = authority()
    late = NOW + timedelta(days=30)
    ending = TlsBench(
        tmp_path,
        leaf(root),
        root if verified else None,
        Security.TLS,
        modem_clock=f"{late:%Y-%m-%dT%H:%M:%S}",
    ).send()
    (check_refused if verified else check_delivered)(ending)
    assert ending.clock_commands == []
