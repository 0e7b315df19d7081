"""What a server's certificate has to be: from a known root, for its name, at this time."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
import ssl
from typing import Final

import certifi

from ...modem.mail.server import Security, ServerSettings
from .clock import Clock

# X509_V_FLAG_NO_CHECK_TIME, for which Python has no name.
_NO_CHECK_TIME: Final = 0x200000

_DATES: Final = ("notBefore", "notAfter")


class TlsReason(StrEnum):
    """Why a TLS connection was not made."""

    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    ROOT = "root"
    """The chain ends in no root that is trusted."""
    NAME = "name"
    """The certificate is another server's."""
    VERSION = "version"
    """Server and client have no TLS version in common: 1.2 is the least."""
    OTHER = "other"


# X509_V_ERR_... of OpenSSL's x509_vfy.h.
_REASONS: Final = {
    # A root of the right name, with another key: such as one that was made anew.
    7: TlsReason.ROOT,
    9: TlsReason.NOT_YET_VALID,
    10: TlsReason.EXPIRED,
    18: TlsReason.ROOT,
    19: TlsReason.ROOT,
    20: TlsReason.ROOT,
    21: TlsReason.ROOT,
    62: TlsReason.NAME,
    64: TlsReason.NAME,
}
_VERSIONS: Final = frozenset(
    {
        "NO_PROTOCOLS_AVAILABLE",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "UNSUPPORTED_PROTOCOL",
        "WRONG_SSL_VERSION",
    }
)


class CertificateTimeError(ssl.SSLError):
    """A certificate of the chain is not valid at the time of the clock."""

    def __init__(self, reason: TlsReason) -> None:
        """Say whether it is not yet valid, or has expired."""
        super().__init__(reason.value)
        self.time_reason = reason


def context_for(
    server: ServerSettings, clock: Clock, *, known_roots: bool
) -> tuple[ssl.SSLContext, Clock]:
    """Return how a server has to prove itself, and the clock that it is held against.

    ``known_roots``: by any root of certifi's; else as the settings say. It reads files:
    call it in a thread. ``ssl.SSLError`` for a root that can't be read.
    """
    root = None if known_roots else server.tls.ca_pem
    if server.security is Security.NONE or not (known_roots or root):
        return unverified_context(), Clock(clock.now, of_host=True)
    return client_context(root, clock), clock


def client_context(root: str | None, clock: Clock) -> ssl.SSLContext:
    """Return a context for TLS 1.2 or newer that checks root, dates and host name.

    ``root`` is a person's own in PEM, and then the only one; None: those of certifi.
    It reads files: call it in a thread. Where the clock is not the host's, OpenSSL can't
    check the dates: ``check_dates`` has to be called after the handshake.
    """
    if root is None:
        context = ssl.create_default_context(cafile=certifi.where())
    else:
        context = ssl.create_default_context(cadata=root)
        # What people make with openssl often lacks what RFC 5280 asks of authorities.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not clock.of_host:
        context.verify_flags |= _NO_CHECK_TIME
    return context


def unverified_context() -> ssl.SSLContext:
    """Return a context for TLS 1.2 or newer with whoever answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def root_of(connection: ssl.SSLObject | None) -> str | None:
    """Return, in PEM, what the server's verified chain ends in; None without one."""
    if connection is None or connection.context.verify_mode is ssl.CERT_NONE:
        return None
    return ssl.DER_cert_to_PEM_cert(connection.get_verified_chain()[-1])


def check_dates(
    certificate: Mapping[str, object], authorities: Sequence[bytes], clock: Clock
) -> None:
    """Hold the certificates of a verified chain against a clock not the host's.

    ``certificate``: the server's own, decoded; ``authorities``: the others, in DER.
    ``CertificateTimeError`` for the first that is not valid; nothing may be sent then.
    """
    now = clock.now.timestamp()
    for found in (certificate, *_decoded(authorities)):
        begins, ends = (ssl.cert_time_to_seconds(str(found[date])) for date in _DATES)
        if now < begins:
            raise CertificateTimeError(TlsReason.NOT_YET_VALID)
        if now > ends:
            raise CertificateTimeError(TlsReason.EXPIRED)


def _decoded(authorities: Sequence[bytes]) -> Iterator[Mapping[str, object]]:
    for authority in authorities:
        # A store decodes what is put into it.
        store = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        store.load_verify_locations(cadata=authority)
        yield from store.get_ca_certs()


def reason_of(error: BaseException | None) -> TlsReason | None:
    """Find why TLS failed in an error or what caused it; None if TLS did not fail."""
    while error is not None:
        match error:
            case CertificateTimeError(time_reason=reason):
                return reason
            case ssl.SSLCertVerificationError(verify_code=code):
                return _REASONS.get(code, TlsReason.OTHER)
            case ssl.SSLError():
                text = getattr(error, "reason", None)
                return TlsReason.VERSION if text in _VERSIONS else TlsReason.OTHER
        error = error.__cause__
    return None
