"""The TLS matrix, end to end: an email and its password go to the right server only."""

import asyncio
from collections.abc import Callable
import contextlib
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
import socket
import ssl

import pytest

from custom_components.quectel_smtp.modem.codes import SmtpError
from custom_components.quectel_smtp.modem.errors import ModemError
from custom_components.quectel_smtp.modem.modem import Modem
from custom_components.quectel_smtp.modem.smtp import Outcome, Result, Security
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.fault_model import Action, Fault, Moment
from tests.virtual_modem.tests import certificates
from tests.virtual_modem.tests.certificates import Identity
from tests.virtual_modem.tests.mail_server import MailServer, Manners

from .bench import HOST
from .tls_bench import (
    MESSAGE,
    NOW,
    Ending,
    TlsBench,
    authority,
    leaf,
    send,
    tls_1_0,
    tls_settings,
)

# SMTP note, table 3: 665, "SSL authentication failed".
REFUSED = Outcome(Result.REFUSED, SmtpError.TLS)

SECURITY = pytest.mark.parametrize(
    "security", [Security.TLS, Security.STARTTLS], ids=["TLS", "STARTTLS"]
)

type Pair = tuple[Identity, Identity]


def wrong_ca() -> Pair:
    """Return a server of one authority, and another one that is trusted."""
    return leaf(authority("Theirs")), authority("Ours")


def namesake_ca() -> Pair:
    """Return the same, where both authorities go by one name."""
    return leaf(authority()), authority()


def self_signed() -> Pair:
    """Return a server that vouches for itself."""
    return leaf(None), authority()


def signed_by_a_server() -> Pair:
    """Return a server whose issuer is trusted, and is no authority."""
    pinned = leaf(None)
    return leaf(pinned), pinned


def expired() -> Pair:
    """Return a server whose certificate has run out."""
    root = authority()
    return leaf(root, begins=-20, ends=-10), root


def not_yet_valid() -> Pair:
    """Return a server whose certificate holds from next week on."""
    root = authority()
    return leaf(root, begins=7, ends=20), root


def wrong_name() -> Pair:
    """Return a server with the right authority's certificate for another name."""
    root = authority()
    return leaf(root, "mail.example.org"), root


def name_of_the_parent() -> Pair:
    """Return a server whose certificate names the domain above."""
    root = authority()
    return leaf(root, "example.com"), root


IMPOSTORS = pytest.mark.parametrize(
    "impostor",
    [
        wrong_ca,
        namesake_ca,
        self_signed,
        signed_by_a_server,
        expired,
        not_yet_valid,
        wrong_name,
        name_of_the_parent,
    ],
)


def check_delivered(ending: Ending) -> None:
    """The email arrived once, over TLS, after a log-in."""
    assert ending.outcome is not None
    assert ending.outcome.result is Result.SENT
    assert (ending.arrived, ending.logins) == (1, 1)
    (delivery,) = ending.deliveries
    assert delivery.security.startswith("TLSv1.")


def check_refused(ending: Ending) -> None:
    """Nothing arrived, the password least of all, and 665 says why."""
    assert ending.outcome == REFUSED
    assert (ending.arrived, ending.logins) == (0, 0)
    assert not any(delivery.authenticated for delivery in ending.deliveries)


@SECURITY
def test_the_right_server_gets_the_email(tmp_path: Path, security: Security) -> None:
    root = authority()
    ending = TlsBench(tmp_path, leaf(root), root, security).send()
    check_delivered(ending)
    assert ending.deliveries[0].security == "TLSv1.2"
    # Many servers share one address: they must hear which one is meant.
    assert ending.names == [HOST]


@SECURITY
def test_the_right_server_may_show_the_way_to_its_root(
    tmp_path: Path, security: Security
) -> None:
    root = authority()
    middle = authority_below(root)
    bench = TlsBench(tmp_path, leaf(middle), root, security, chain=(middle,))
    check_delivered(bench.send())


def authority_below(root: Identity) -> Identity:
    """Return an intermediate certificate."""
    return certificates.make(
        "Middle",
        root,
        authority=True,
        begins=NOW - timedelta(days=99),
        ends=NOW + timedelta(days=99),
    )


@SECURITY
@IMPOSTORS
def test_no_other_server_gets_email_or_password(
    tmp_path: Path, security: Security, impostor: Callable[[], Pair]
) -> None:
    check_refused(TlsBench(tmp_path, *impostor(), security).send())


@SECURITY
@IMPOSTORS
def test_without_verification_every_server_gets_the_email(
    tmp_path: Path, security: Security, impostor: Callable[[], Pair]
) -> None:
    server, _ = impostor()
    check_delivered(TlsBench(tmp_path, server, None, security).send())


@pytest.mark.parametrize("profile", ["EC800N-CN", "EC200U-EU", "EC25-E", "EG91-E"])
def test_verification_holds_on_every_firmware(tmp_path: Path, profile: str) -> None:
    root = authority()
    right = TlsBench(tmp_path, leaf(root), root, Security.TLS, profile=profile)
    check_delivered(right.send())
    wrong = TlsBench(tmp_path, *wrong_ca(), Security.TLS, profile=profile)
    check_refused(wrong.send())


@pytest.mark.parametrize("verified", [True, False])
def test_a_server_that_offers_no_starttls_gets_nothing_in_the_clear(
    tmp_path: Path, verified: bool
) -> None:
    """It may be someone on the way who strips the offer, to read what follows."""
    root = authority()
    ending = TlsBench(
        tmp_path,
        leaf(root),
        root if verified else None,
        Security.STARTTLS,
        manners=Manners(hide_starttls=True, offer_auth="LOGIN PLAIN"),
    ).send()
    check_refused(ending)
    assert ending.deliveries[0].security == "none"


def can_speak_tls_1_0(server: MailServer) -> bool:
    """Tell whether this machine's OpenSSL still has TLS 1.0, on both sides."""
    context = tls_1_0(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", server.port)) as connected:
        try:
            with context.wrap_socket(connected) as secured:
                return secured.version() == "TLSv1"
        except ssl.SSLError:
            return False


@pytest.mark.parametrize("verified", [True, False])
@SECURITY
def test_a_server_of_tls_1_0_gets_nothing(
    tmp_path: Path, security: Security, verified: bool
) -> None:
    root = authority()
    bench = TlsBench(
        tmp_path,
        leaf(root),
        root if verified else None,
        security,
        only_tls_1_0=True,
    )
    with MailServer(implicit=bench.context()) as server:
        if not can_speak_tls_1_0(server):
            pytest.skip("this OpenSSL is built without TLS 1.0: no such server")
    check_refused(bench.send())


# The clock that certificates are judged by.


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


# Where verification can't be had, nothing is sent instead.


@pytest.mark.parametrize(
    "faults",
    [
        (Fault(Action.ERROR, r'"secle?ve?l",1,1', times=0),),
        (Fault(Action.ERROR, '"cacert"', times=0),),
        (Fault(Action.ERROR, '"ignorelocaltime",1,0', times=0),),
        (Fault(Action.ERROR, "QFUPL=", code=407, times=0),),
        (Fault(Action.REBOOT, "QFUPL=", Moment.AFTER_CONNECT),),
    ],
    ids=["level", "CA", "clock check", "upload", "restart"],
)
def test_a_modem_that_refuses_to_verify_is_not_asked_to_send(
    tmp_path: Path, faults: tuple[Fault, ...]
) -> None:
    ending = TlsBench(tmp_path, *wrong_ca(), Security.TLS, faults=faults).send()
    assert ending.outcome is None
    assert (ending.arrived, ending.logins) == (0, 0)
    assert ending.deliveries == []


def test_a_full_file_store_is_told_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    root = authority()
    ending = TlsBench(
        tmp_path, leaf(root), root, Security.TLS, settings={"file_store_bytes": 0}
    ).send()
    assert ending.outcome is None
    assert ending.deliveries == []


@pytest.mark.parametrize("step", ["QSMTPBODY", "QSMTPPUT"])
def test_a_restart_does_not_leave_verification_behind(
    tmp_path: Path, step: str
) -> None:
    """The modem forgets its settings; the email does not go without them."""
    bench = TlsBench(
        tmp_path, *wrong_ca(), Security.TLS, faults=(Fault(Action.REBOOT, step),)
    )
    settings = bench.server_settings()

    async def work(modem: Modem, virtual: VirtualModem) -> Outcome:
        with contextlib.suppress(ModemError):
            outcome = await send(modem, settings)
            assert outcome.result is not Result.SENT
        await virtual.wait_idle()
        outcome = await send(modem, settings)
        await modem.close()
        return outcome

    with bench.running() as (modem, virtual, server):
        assert asyncio.run(work(modem, virtual)) == REFUSED
        assert (server.received, server.mechanisms) == ([], [])


def test_verification_that_is_switched_on_and_off_holds_at_once(
    tmp_path: Path,
) -> None:
    impostor, trusted = self_signed()
    bench = TlsBench(tmp_path, impostor, trusted, Security.TLS)
    settings = bench.server_settings()

    async def work(modem: Modem) -> list[bool]:
        outcomes = [await send(modem, settings)]
        # A certificate that was entered itself is the root of its own chain.
        for trust in (None, trusted, impostor, trusted):
            await modem.configure(replace(settings, tls=tls_settings(trust)))
            assert await modem.prepare(MESSAGE) is None
            outcomes.append(await modem.put(60))
        await modem.close()
        return [outcome.result is Result.SENT for outcome in outcomes]

    with bench.running() as (modem, _, server):
        assert asyncio.run(work(modem)) == [False, True, False, True, False]
        assert len(server.mechanisms) == len(server.received) == 2
