"""The module's TLS handshake, as its SSL context demands it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
import socket
import ssl
import tempfile
import warnings

from .tls_contexts import ALL_SUITES, CIPHER_SUITES

_VERSIONS = {
    1: ssl.TLSVersion.TLSv1,
    2: ssl.TLSVersion.TLSv1_1,
    3: ssl.TLSVersion.TLSv1_2,
    5: ssl.TLSVersion.TLSv1_3,
}


class TlsRefused(Exception):
    """No TLS connection that satisfies the SSL context."""


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """One SSL context with the files that it names and the clock that it trusts.

    when: the modem's time; None with ignorelocaltime. A file is None if it is not there.
    """

    name: str
    version: int = 4
    suite: int = ALL_SUITES
    level: int = 0
    sni: bool = False
    checks_name: bool = True
    ca: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = None
    when: datetime | None = None
    handshake_seconds: float = 300
    tls13: bool = False


def wrap(connected: socket.socket, settings: TlsSettings) -> ssl.SSLSocket:
    """Shake hands. Raises TlsRefused, also for a server that is not trusted."""
    # The module looks for its CA before it connects (N)
    if settings.level >= 1 and settings.ca is None:
        raise TlsRefused("no CA file")
    context = _context(settings)
    before = connected.gettimeout()
    connected.settimeout(settings.handshake_seconds)
    try:
        secured = context.wrap_socket(
            connected, server_hostname=settings.name if settings.sni else None
        )
    except (ssl.SSLError, OSError) as error:
        raise TlsRefused(str(error)) from error
    secured.settimeout(before)
    if settings.level >= 1:
        _verify(secured, settings)
    return secured


def _verify(secured: ssl.SSLSocket, settings: TlsSettings) -> None:
    # Takes a while to import, and most runs of the process never need it
    from .tls_verify import CertificateRefused, verify  # noqa: PLC0415

    try:
        chain = secured.get_unverified_chain()
        name = settings.name if settings.checks_name else None
        verify(chain, settings.ca or b"", name, settings.when)
    except CertificateRefused as error:
        secured.close()
        raise TlsRefused(str(error)) from error


def _context(settings: TlsSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if settings.version == 0:
        raise TlsRefused("SSL 3 is not to be had")
    newest = ssl.TLSVersion.TLSv1_3 if settings.tls13 else ssl.TLSVersion.TLSv1_2
    with warnings.catch_warnings():
        # The module speaks versions that Python warns of
        warnings.simplefilter("ignore", DeprecationWarning)
        only = _VERSIONS.get(settings.version)
        context.minimum_version = only or ssl.TLSVersion.TLSv1
        context.maximum_version = only or newest
    wanted = "ALL" if settings.suite == ALL_SUITES else CIPHER_SUITES[settings.suite]
    try:
        context.set_ciphers(f"{wanted}:@SECLEVEL=0")
    except ssl.SSLError as error:
        raise TlsRefused(str(error)) from error
    if settings.level == 2:
        _load_own(context, settings)
    return context


def _load_own(context: ssl.SSLContext, settings: TlsSettings) -> None:
    """The client's certificate of mutual authentication."""
    if settings.certificate is None or settings.key is None:
        raise TlsRefused("no client certificate")
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = Path(folder, "certificate"), Path(folder, "key")
        certificate.write_bytes(settings.certificate)
        key.write_bytes(settings.key)
        try:
            context.load_cert_chain(certificate, key)
        except ssl.SSLError as error:
            raise TlsRefused(str(error)) from error
