"""A certificate authority of our own, and the mail server's certificate from it."""

from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """The authority in PEM, and the file with the server's chain and key."""

    authority_pem: str
    chain_and_key: Path


def make_certificate(host: str, folder: Path) -> ServerCertificate:
    """Make an authority, and a certificate for `host` that it vouches for."""
    authority = trustme.CA(
        organization_name="Demo mail",
        organization_unit_name="Root certificate of the demo's mail server",
    )
    server = authority.issue_cert(host)
    path = folder / "mail-server.pem"
    path.touch(mode=0o600)
    server.private_key_and_cert_chain_pem.write_to_path(path)
    return ServerCertificate(authority.cert_pem.bytes().decode("ascii"), path)
