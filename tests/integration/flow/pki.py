"""Certificates of a small authority of our own."""

from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)
_KEY = ec.generate_private_key(ec.SECP256R1())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: str,
    issuer: str,
    *,
    ca: bool | None,
    begin: timedelta = -_DAY,
    end: timedelta = _DAY,
) -> str:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(_KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begin)
        .not_valid_after(now + end)
    )
    if ca is not None:
        builder = builder.add_extension(
            x509.BasicConstraints(ca=ca, path_length=None), critical=True
        )
    return builder.sign(_KEY, SHA256()).public_bytes(Encoding.PEM).decode()


@cache
def root() -> str:
    """Return a certificate authority's root."""
    return _certificate("Root", "Root", ca=True)


@cache
def self_signed() -> str:
    """Return a server's own certificate, signed by itself."""
    return _certificate("mail", "mail", ca=None)


@cache
def issued() -> str:
    """Return a server's certificate, signed by the root."""
    return _certificate("mail", "Root", ca=False)


@cache
def expired() -> str:
    """Return a root that has expired."""
    return _certificate("Root", "Root", ca=True, begin=-9 * _DAY, end=-_DAY)


@cache
def not_yet_valid() -> str:
    """Return a root that is valid from tomorrow on."""
    return _certificate("Root", "Root", ca=True, begin=_DAY, end=9 * _DAY)
