"""Judges a server's certificates as the module does: chain, name, validity by its clock.

Python's own TLS can't be told another time than the host's, so the handshake is made
without verification and the chain that came is judged here.
"""

from collections.abc import Sequence
from datetime import datetime
import ipaddress

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import NameOID

_LONGEST_CHAIN = 8


class CertificateRefused(Exception):
    """The server is not who it has to be."""


def trusted_certificates(content: bytes) -> list[x509.Certificate]:
    """The certificates of a CA file, PEM or DER. Raises CertificateRefused."""
    try:
        if b"-----BEGIN" in content:
            return x509.load_pem_x509_certificates(content)
        return [x509.load_der_x509_certificate(content)]
    except ValueError as error:
        raise CertificateRefused("the CA file holds no certificate") from error


def verify(
    chain: Sequence[bytes], trusted: bytes, name: str | None, when: datetime | None
) -> None:
    """Refuse what does not lead from the server's name to a trusted certificate.

    chain: DER as the server sent it, its own first; name: what was connected to, or
    None where any certificate of a trusted authority will do;
    when: the modem's time, or None to leave validity alone (ignorelocaltime).
    Raises CertificateRefused.
    """
    anchors = trusted_certificates(trusted)
    try:
        sent = [x509.load_der_x509_certificate(der) for der in chain]
    except ValueError as error:
        raise CertificateRefused("malformed certificate") from error
    if not sent:
        raise CertificateRefused("no certificate")
    if name is not None:
        _check_name(sent[0], name)
    path = _path(sent, anchors)
    if when is not None:
        for certificate in path:
            _check_validity(certificate, when)


def _path(
    sent: list[x509.Certificate], anchors: list[x509.Certificate]
) -> list[x509.Certificate]:
    """The certificates from the server's to a trusted one."""
    path = [sent[0]]
    while len(path) <= _LONGEST_CHAIN:
        if path[-1] in anchors:
            return path
        issuers = (c for c in [*anchors, *sent[1:]] if _issued(c, path[-1]))
        issuer = next((c for c in issuers if c not in path), None)
        if issuer is None:
            raise CertificateRefused("no trusted issuer")
        path.append(issuer)
    raise CertificateRefused("chain too long")


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except InvalidSignature, TypeError, ValueError:
        return False
    try:
        found = issuer.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        # Version 1 roots have none
        return issuer.version is x509.Version.v1
    return found.value.ca


def _check_validity(certificate: x509.Certificate, when: datetime) -> None:
    if when < certificate.not_valid_before_utc:
        raise CertificateRefused("not yet valid")
    if when > certificate.not_valid_after_utc:
        raise CertificateRefused("expired")


def _check_name(certificate: x509.Certificate, name: str) -> None:
    try:
        found = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        ).value
    except x509.ExtensionNotFound:
        names = [
            str(attribute.value)
            for attribute in certificate.subject.get_attributes_for_oid(
                NameOID.COMMON_NAME
            )
        ]
        addresses: list[object] = []
    else:
        names = found.get_values_for_type(x509.DNSName)
        addresses = list(found.get_values_for_type(x509.IPAddress))
    try:
        matches = ipaddress.ip_address(name) in addresses
    except ValueError:
        matches = any(_matches(pattern, name) for pattern in names)
    if not matches:
        raise CertificateRefused(f"not the certificate of {name}")


def _matches(pattern: str, name: str) -> bool:
    """RFC 6125: a wildcard is the whole leftmost label."""
    pattern, name = pattern.lower().rstrip("."), name.lower().rstrip(".")
    if pattern.startswith("*."):
        return "." in name and name.partition(".")[2] == pattern[2:]
    return pattern == name
