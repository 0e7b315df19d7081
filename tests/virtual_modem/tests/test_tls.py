"""TLS as the SSL context demands it: N's matrix, against real servers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ..observations import Delivery
from . import certificates
from .conftest import Started
from .mail_server import MailServer, Manners
from .ready_email import NAME, prepare, put

_CLOCK = "2026-06-01T12:00:00"
_NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def _delivery(
    start: Callable[..., Started],
    folder: Path,
    identity: certificates.Identity,
    trusted: certificates.Identity | None,
    *lines: str,
    starttls: bool = False,
    manners: Manners | None = None,
    clock: str = _CLOCK,
    chain: tuple[certificates.Identity, ...] = (),
    profile: str = "EC200N-CN",
) -> tuple[str, MailServer, Delivery]:
    """Send over TLS at security level 1 with the clock checked; what came of it."""
    context = identity.server_context(folder, *chain)
    server = (
        MailServer(manners, starttls=context)
        if starttls
        else MailServer(manners, implicit=context)
    )
    with server:
        modem, host = start(
            hosts={NAME: {465: server.port}},
            files={"ca.pem": trusted.pem} if trusted else {},
            settings={"clock": clock},
            profile=profile,
        )
        prepare(
            host,
            f'AT+QSMTPCFG="ssltype",{2 if starttls else 1}',
            'AT+QSMTPCFG="sslctxid",2',
            'AT+QSSLCFG="seclevel",2,1',
            'AT+QSSLCFG="cacert",2,"UFS:ca.pem"',
            'AT+QSSLCFG="ignorelocaltime",2,0',
            'AT+QSSLCFG="sslversion",2,4',
            *lines,
            port=465,
        )
        result = put(host)
    return result, server, modem.deliveries()[0]


def _authority() -> certificates.Identity:
    return certificates.make(
        "Root",
        authority=True,
        begins=_NOW - timedelta(days=900),
        ends=_NOW + timedelta(days=900),
    )


def _leaf(
    issuer: certificates.Identity | None, name: str = NAME, **more: bool
) -> certificates.Identity:
    return certificates.make(
        name,
        issuer,
        begins=_NOW - timedelta(days=10),
        ends=_NOW + timedelta(days=10),
        **more,
    )


@pytest.mark.parametrize("starttls", [False, True])
def test_the_right_certificate_is_accepted(
    start: Callable[..., Started], tmp_path: Path, starttls: bool
) -> None:
    """By the modem's clock, which is not the host's; encrypted, without SNI."""
    root = _authority()
    result, server, delivery = _delivery(
        start, tmp_path, _leaf(root), root, starttls=starttls
    )
    assert (result, len(server.received)) == ("0,0", 1)
    assert delivery.security == "TLSv1.2"
    assert server.server_names == [None]


def test_an_intermediate_that_the_server_sends_leads_to_the_root(
    start: Callable[..., Started], tmp_path: Path
) -> None:
    """Only the root is in the CA file."""
    root = _authority()
    middle = certificates.make(
        "Middle", root, authority=True, begins=_NOW - timedelta(days=99)
    )
    result, _, _ = _delivery(start, tmp_path, _leaf(middle), root, chain=(middle,))
    assert result == "0,0"


def test_the_name_is_sent_only_when_sni_is_on(
    start: Callable[..., Started], tmp_path: Path
) -> None:
    """N: off by default."""
    root = _authority()
    result, server, delivery = _delivery(
        start, tmp_path, _leaf(root), root, 'AT+QSSLCFG="sni",2,1'
    )
    assert (result, server.server_names) == ("0,0", [NAME])
    assert delivery.server_name == NAME


_REFUSED: dict[str, Callable[[], tuple[certificates.Identity, object]]] = {
    "wrong CA": lambda: (_leaf(_authority()), _authority()),
    "self-signed": lambda: (_leaf(None), _authority()),
    "wrong name": lambda: ((root := _authority()) and _leaf(root, "other.org"), root),
    "no CA file": lambda: (_leaf(_authority()), None),
    "no authority": lambda: ((pin := _leaf(None)) and _leaf(pin), pin),
}


@pytest.mark.parametrize("case", _REFUSED)
@pytest.mark.parametrize("level", [1, 0])
def test_others_are_refused_at_level_1_and_taken_at_level_0(
    start: Callable[..., Started], tmp_path: Path, case: str, level: int
) -> None:
    """N's matrix: 665 for each of them; level 0 looks at nothing."""
    identity, trusted = _REFUSED[case]()
    assert trusted is None or isinstance(trusted, certificates.Identity)
    result, server, _ = _delivery(
        start, tmp_path, identity, trusted, f'AT+QSSLCFG="seclevel",2,{level}'
    )
    assert result == ("665,0" if level else "0,0")
    assert len(server.received) == (0 if level else 1)


@pytest.mark.parametrize(("checked", "result"), [(0, "0,0"), (1, "665,0")])
def test_with_checkhost_a_certificate_has_to_bear_the_servers_name(
    start: Callable[..., Started], tmp_path: Path, checked: int, result: str
) -> None:
    """L, U: some firmware has the key; off, the root alone is looked at [INF]."""
    root = _authority()
    found, _, _ = _delivery(
        start,
        tmp_path,
        _leaf(root, "other.org"),
        root,
        f'AT+QSSLCFG="checkhost",2,{checked}',
        profile="EC200U-EU",
    )
    assert found == result


@pytest.mark.parametrize(
    "clock", ["2027-06-01T12:00:00", "2025-06-01T12:00:00", "unset"]
)
@pytest.mark.parametrize("ignored", [0, 1])
def test_validity_is_judged_by_the_modems_clock(
    start: Callable[..., Started], tmp_path: Path, clock: str, ignored: int
) -> None:
    """Expired, not yet valid, clock unset: refused unless ignorelocaltime is 1."""
    root = _authority()
    result, _, _ = _delivery(
        start,
        tmp_path,
        _leaf(root),
        root,
        f'AT+QSSLCFG="ignorelocaltime",2,{ignored}',
        clock=clock,
    )
    assert result == ("0,0" if ignored else "665,0")


def test_versions_have_to_meet(start: Callable[..., Started], tmp_path: Path) -> None:
    """TLS 1.0 only, as the note's example sets it, against a server of today."""
    root = _authority()
    result, _, _ = _delivery(
        start, tmp_path, _leaf(root), root, 'AT+QSSLCFG="sslversion",2,1'
    )
    assert result == "665,0"


def test_a_server_without_starttls_gets_nothing(
    start: Callable[..., Started], tmp_path: Path
) -> None:
    """Stripped by someone on the way: no plain text instead."""
    root = _authority()
    result, server, delivery = _delivery(
        start,
        tmp_path,
        _leaf(root),
        root,
        starttls=True,
        manners=Manners(hide_starttls=True),
    )
    assert (result, server.received, delivery.authenticated) == ("665,0", [], False)
