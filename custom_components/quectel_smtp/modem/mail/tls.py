"""The modem's SSL context for SMTP: version, CA certificate, SNI, clock check."""

from dataclasses import dataclass
import hashlib
from typing import Final

from ..at.channel import AtChannel
from ..at.commands import Command
from ..at.errors import CommandError, InvalidValueError
from ..network.profile import Profile
from . import files

SSL_CONTEXT: Final = 1
CA_PREFIX: Final = "qsmtp_ca_"

_ALL_CIPHERS: Final = "0XFFFF"
# Seconds for the handshake, 10-300: far below what one send may take in all.
_NEGOTIATE_TIME: Final = 60


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """How the mail server proves who it is.

    ``ca_pem`` is the root certificate in PEM that the server's chain must end in;
    None leaves the server unverified, so that anyone on the path can read the mail
    and its password.
    """

    ca_pem: str | None = None

    def __post_init__(self) -> None:
        """Refuse what can't be a certificate."""
        if self.ca_pem is not None and (
            not self.ca_pem.isascii()
            or "-----BEGIN CERTIFICATE-----" not in self.ca_pem
        ):
            raise InvalidValueError("certificate", "invalid")

    @property
    def ca_file(self) -> str | None:
        """The certificate's name in the modem's store, told by its content."""
        if self.ca_pem is None:
            return None
        digest = hashlib.sha256(self.ca_pem.encode()).hexdigest()[:12]
        return f"{CA_PREFIX}{digest}.pem"


async def store_ca(channel: AtChannel, settings: TlsSettings) -> None:
    """Upload the CA certificate unless the modem has it; older ones of ours go."""
    name = settings.ca_file
    if name is None or settings.ca_pem is None:
        return
    data = settings.ca_pem.encode("ascii")
    present = False
    for file in await files.listing(channel):
        if file.name == name and file.size == len(data):
            present = True
        elif file.name.startswith(CA_PREFIX):
            await files.delete(channel, file.name)
    if not present:
        await files.upload(channel, name, data)


def commands(
    settings: TlsSettings, profile: Profile
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the configuration: each setting's name with the spellings to try.

    What the firmware doesn't know is left out, unless the server's identity depends on
    it: then its refusal is an error. The note prints ``seclvl`` where every firmware
    seen says ``seclevel``.
    """
    context = SSL_CONTEXT
    verify = settings.ca_file is not None

    def line(name: str, value: str) -> str:
        return f'AT+QSSLCFG="{name}",{context},{value}'

    level = str(int(verify))
    wanted: list[tuple[str, tuple[str, ...]]] = [
        ("sslversion", (line("sslversion", str(profile.tls_version)),)),
        ("ciphersuite", (line("ciphersuite", _ALL_CIPHERS),)),
    ]
    if verify:
        wanted.append(("cacert", (line("cacert", f'"UFS:{settings.ca_file}"'),)))
    wanted += [
        ("seclevel", (line("seclevel", level), line("seclvl", level))),
        ("ignorelocaltime", (line("ignorelocaltime", str(int(not verify))),)),
    ]
    # Without SNI a server that shares its address with others shows the wrong
    # certificate, which verification then refuses: no reason to refuse beforehand.
    wanted += [
        (name, (line(name, value),))
        for name, value in (("sni", "1"), ("negotiatetime", str(_NEGOTIATE_TIME)))
        if profile.tls_settings is not None and name in profile.tls_settings
    ]
    return tuple(wanted)


async def configure(channel: AtChannel, spellings: tuple[str, ...]) -> None:
    """Send one setting in the first spelling that the firmware takes."""
    for spelling in spellings[:-1]:
        try:
            await channel.execute(Command(spelling))
        except CommandError:
            continue
        return
    await channel.execute(Command(spellings[-1]))
