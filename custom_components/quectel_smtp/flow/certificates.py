"""Root certificates: those of certifi to choose from, and a pasted one to check."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
import re
from typing import Final
import warnings

import certifi
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID

from .. import typed

# The roots of the certificate authorities that most mail servers are certified by.
WELL_KNOWN: Final = (
    "ISRG Root X1",
    "ISRG Root X2",
    "GTS Root R1",
    "GTS Root R4",
    "DigiCert Global Root G2",
    "DigiCert Global Root G3",
    "USERTrust RSA Certification Authority",
    "Sectigo Public Server Authentication Root R46",
    "GlobalSign Root CA - R3",
    "Amazon Root CA 1",
    "T-TeleSec GlobalRoot Class 2",
    "Telekom Security TLS RSA Root 2023",
)

_BLOCK: Final = re.compile(
    r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL
)


class CertificateError(Exception):
    """A pasted certificate can't serve as a root; ``key`` says why."""

    def __init__(self, key: str) -> None:
        """Take the key of the translated error."""
        self.key = key
        super().__init__(key)


@dataclass(frozen=True, slots=True)
class Root:
    """A root certificate under the name that people know it by."""

    name: str
    owner: str
    pem: str

    @property
    def label(self) -> str:
        """Name and owner, which no two roots share."""
        return f"{self.name} ({self.owner})" if self.owner else self.name


def _first(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    found = name.get_attributes_for_oid(oid)
    return str(found[0].value) if found else ""


def _root(pem: str) -> Root:
    certificate = x509.load_pem_x509_certificate(pem.encode())
    subject = certificate.subject
    name = _first(subject, NameOID.COMMON_NAME)
    owner = _first(subject, NameOID.ORGANIZATION_NAME)
    if name in ("", owner):
        # Some carry the name that tells them apart as their unit.
        name = _first(subject, NameOID.ORGANIZATIONAL_UNIT_NAME) or name
    return Root(name, owner, f"{pem}\n")


@lru_cache(maxsize=1)
def roots() -> tuple[Root, ...]:
    """Return certifi's roots, well-known ones first; reads a file."""
    bundle = Path(certifi.where()).read_text(encoding="ascii")
    found = []
    with warnings.catch_warnings():
        # Of Go Daddy's root, the serial number of which is 0.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        for pem in _BLOCK.findall(bundle):
            try:
                found.append(_root(pem))
            except ValueError:
                # Not offered: what we can't read, the modem may not either.
                continue
    found.sort(key=lambda root: (_rank(root.name), root.name.casefold()))
    return tuple(found)


def _rank(name: str) -> int:
    return WELL_KNOWN.index(name) if name in WELL_KNOWN else len(WELL_KNOWN)


def check_pem(text: str, now: datetime) -> str:
    """Return the one certificate in ``text`` as plain PEM.

    ``CertificateError`` unless it is valid now and can be the end of a chain: a
    certificate authority's, or a server's own.
    """
    blocks = _BLOCK.findall(typed.lines(text))
    if len(blocks) > 1:
        raise CertificateError("certificate_several")
    try:
        (block,) = blocks
        certificate = x509.load_pem_x509_certificate(block.encode())
        authority = _is_authority(certificate)
    except ValueError as err:
        raise CertificateError("certificate_unreadable") from err
    if not authority and certificate.subject != certificate.issuer:
        raise CertificateError("certificate_not_root")
    if now > certificate.not_valid_after_utc:
        raise CertificateError("certificate_expired")
    if now < certificate.not_valid_before_utc:
        raise CertificateError("certificate_not_yet_valid")
    return certificate.public_bytes(Encoding.PEM).decode()


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        found = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        return False
    return found.value.ca
