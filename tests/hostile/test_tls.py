"""The TLS matrix, end to end: an email and its password go to the right server only."""

import asyncio
from collections.abc import Callable
import contextlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
import socket
import ssl

import pytest

from custom_components.quectel_smtp.modem.at.errors import ModemError
from custom_components.quectel_smtp.modem.mail.server import Security
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from custom_components.quectel_smtp.modem.modem import Modem
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.fault_model import Action, Fault, Moment
from tests.virtual_modem.tests import certificates
from tests.virtual_modem.tests.certificates import Identity
from tests.virtual_modem.tests.mail_server import MailServer, Manners

from .bench import HOST
from .impostors import IMPOSTORS, Pair, self_signed, wrong_ca, wrong_name
from .tls_bench import (
    MESSAGE,
    NOW,
    REFUSED,
    SECURITY,
    TlsBench,
    authority,
    check_delivered,
    check_refused,
    leaf,
    send,
    tls_1_0,
    tls_settings,
)


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


@SECURITY
@pytest.mark.parametrize("verified", [True, False])
def test_firmware_with_the_notes_tls_settings_alone_sends(
    tmp_path: Path, security: Security, verified: bool
) -> None:
    root = authority()
    check_delivered(
        TlsBench(
            tmp_path,
            leaf(root),
            root if verified else None,
            security,
            profile="EC200N-CN-note",
        ).send()
    )
    if verified:
        check_refused(
            TlsBench(tmp_path, *wrong_ca(), security, profile="EC200N-CN-note").send()
        )


@SECURITY
def test_another_name_is_refused_where_the_firmware_asks_whether_to_look(
    tmp_path: Path, security: Security
) -> None:
    check_refused(
        TlsBench(tmp_path, *wrong_name(), security, profile="EC200U-EU").send()
    )


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
