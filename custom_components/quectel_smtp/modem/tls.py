"""The modem's SSL context for SMTP: version, CA certificate, SNI, clock check."""

from dataclasses import dataclass
import hashlib
from typing import Final

from . import files
from .at import AtChannel
from .commands import Command
from .errors import CommandError, InvalidValueError

SSL_CONTEXT: Final = 1
CA_PREFIX: Final = "qsmtp_ca_"

_TLS_1_2: Final = 3
_ALL_CIPHERS: Final = "0XFFFF"


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


def commands(settings: TlsSettings) -> tuple[tuple[str, ...], ...]:
    """Return the configuration, each setting with the spellings to try in turn.

    The note prints ``seclvl`` where every firmware seen says ``seclevel``.
    """
    context = SSL_CONTEXT
    verify = settings.ca_file is not None
    level = int(verify)
    lines: list[tuple[str, ...]] = [
        (f'AT+QSSLCFG="sslversion",{context},{_TLS_1_2}',),
        (f'AT+QSSLCFG="ciphersuite",{context},{_ALL_CIPHERS}',),
    ]
    if verify:
        lines.append((f'AT+QSSLCFG="cacert",{context},"UFS:{settings.ca_file}"',))
    lines += [
        (
            f'AT+QSSLCFG="seclevel",{context},{level}',
            f'AT+QSSLCFG="seclvl",{context},{level}',
        ),
        (f'AT+QSSLCFG="ignorelocaltime",{context},{int(not verify)}',),
    ]
    return tuple(lines)


# Not every firmware has it; without it a server that shares its address with others
# shows the wrong certificate, which verification then refuses.
SNI_COMMAND: Final = f'AT+QSSLCFG="sni",{SSL_CONTEXT},1'


async def configure(channel: AtChannel, spellings: tuple[str, ...]) -> None:
    """Send one setting in the first spelling that the firmware takes."""
    for spelling in spellings[:-1]:
        try:
            await channel.execute(Command(spelling))
        except CommandError:
            continue
        return
    await channel.execute(Command(spellings[-1]))
