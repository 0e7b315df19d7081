"""TLS goes to the right server only, at a time when its certificates hold."""

from datetime import UTC, datetime, timedelta
import ssl
import threading
from typing import Any, override

import pytest
import trustme

from custom_components.quectel_smtp.delivery.client.clock import Clock
from custom_components.quectel_smtp.delivery.client.session import SessionError, Step
from custom_components.quectel_smtp.delivery.client.trust import (
    TlsReason,
    client_context,
    reason_of,
)
from custom_components.quectel_smtp.modem.mail.server import Security

from .bench import HOST, account, host_clock, pem, serving, session

NOW = datetime.now(UTC)
BOTH = pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])


def network_clock(days: float) -> Clock:
    """A network's clock, so many days from now."""
    return Clock(NOW + timedelta(days=days), of_host=False)


async def why_not(
    certificate: trustme.LeafCert,
    root: trustme.CA,
    security: Security,
    clock: Clock | None = None,
) -> TlsReason | None:
    """Try to log in; the reason why TLS failed, None if all went well."""
    async with serving(certificate, security) as server:
        try:
            async with session(server.port, pem(root), account(security), clock):
                return None
        except SessionError as err:
            told = bool(server.mechanisms) or err.step is not Step.TLS
            return None if told else err.reason


@BOTH
async def test_the_right_server_is_trusted(security: Security) -> None:
    root = trustme.CA()
    assert await why_not(root.issue_cert(HOST), root, security) is None
    below = root.create_child_ca()
    assert await why_not(below.issue_cert(HOST), root, security) is None


@BOTH
async def test_a_wrong_server_is_named_for_what_is_wrong(security: Security) -> None:
    root, other = trustme.CA(), trustme.CA()
    past, future = NOW - timedelta(days=1), NOW + timedelta(days=1)
    expired = root.issue_cert(HOST, not_before=NOW - timedelta(9), not_after=past)
    early = root.issue_cert(HOST, not_before=future)
    assert await why_not(expired, root, security) is TlsReason.EXPIRED
    assert await why_not(early, root, security) is TlsReason.NOT_YET_VALID
    assert await why_not(other.issue_cert(HOST), root, security) is TlsReason.ROOT
    named = root.issue_cert("other.example.com")
    assert await why_not(named, root, security) is TlsReason.NAME


@BOTH
async def test_the_networks_clock_decides_where_the_host_has_none(
    security: Security,
) -> None:
    """The certificate holds for two days around the day after tomorrow."""
    root = trustme.CA()
    begins, ends = NOW + timedelta(days=1), NOW + timedelta(days=3)
    leaf = root.issue_cert(HOST, not_before=begins, not_after=ends)
    assert await why_not(leaf, root, security, network_clock(2)) is None
    early = await why_not(leaf, root, security, network_clock(0.5))
    assert early is TlsReason.NOT_YET_VALID
    late = await why_not(leaf, root, security, network_clock(4))
    assert late is TlsReason.EXPIRED


class LoopsOwn(ssl.SSLObject):
    """A client's connection that answers the loop's thread only, as OpenSSL wants it."""

    def _check(self) -> None:
        assert self.server_side or threading.current_thread() is threading.main_thread()

    @override
    def getpeercert(self, binary_form: bool = False) -> Any:
        self._check()
        return super().getpeercert(binary_form)

    @override
    def get_verified_chain(self) -> list[bytes]:
        self._check()
        return super().get_verified_chain()


@BOTH
async def test_a_connection_that_the_loop_reads_is_asked_by_no_other_thread(
    security: Security, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssl.SSLContext, "sslobject_class", LoopsOwn)
    root = trustme.CA()
    leaf = root.create_child_ca().issue_cert(HOST)
    async with (
        serving(leaf, security) as server,
        session(server.port, pem(root), account(security), network_clock(2)),
    ):
        assert server.mechanisms


async def test_the_dates_of_authorities_count_too() -> None:
    """Trustme's last until the year 3000; their certificates here a little longer."""
    root = trustme.CA()
    leaf = root.issue_cert(HOST, not_after=datetime(3500, 1, 1, tzinfo=UTC))
    clock = Clock(datetime(3200, 1, 1, tzinfo=UTC), of_host=False)
    assert await why_not(leaf, root, Security.TLS, clock) is TlsReason.EXPIRED


async def test_root_and_name_count_whatever_the_clock() -> None:
    root, other = trustme.CA(), trustme.CA()
    clock = network_clock(0)
    foreign = await why_not(other.issue_cert(HOST), root, Security.TLS, clock)
    assert foreign is TlsReason.ROOT
    named = await why_not(root.issue_cert("x.example"), root, Security.TLS, clock)
    assert named is TlsReason.NAME


def test_without_a_root_of_ones_own_those_of_certifi_count() -> None:
    context = client_context(None, host_clock())
    assert len(context.get_ca_certs()) > 50
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    own = client_context(pem(trustme.CA()), host_clock())
    assert len(own.get_ca_certs()) == 1


def test_a_reason_is_found_behind_what_it_caused() -> None:
    old = ssl.SSLError(1, "old")
    old.reason = "UNSUPPORTED_PROTOCOL"
    outer = OSError()
    outer.__cause__ = old
    assert reason_of(outer) is TlsReason.VERSION
    assert reason_of(ssl.SSLError(1, "odd")) is TlsReason.OTHER
    assert reason_of(OSError()) is None
