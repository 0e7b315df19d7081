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


async def store_ca(
    channel: AtChannel, settings: TlsSettings, *, acknowledged: bool = True
) -> None:
    """Upload the CA certificate unless the modem has it; older ones of ours go.

    ``acknowledged``: whether the firmware has the upload in ACK mode.
    """
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
        # One that the list keeps back is ours, too.
        await files.delete(channel, name)
        await files.upload(channel, name, data, acknowledged=acknowledged)


@dataclass(frozen=True, slots=True)
class TlsSetting:
    """One setting of the SSL context.

    ``spellings`` are command lines, tried in turn. A refusal of the last one is an
    error where the setting is ``required``.
    """

    name: str
    spellings: tuple[str, ...]
    required: bool


def commands(settings: TlsSettings, profile: Profile) -> tuple[TlsSetting, ...]:
    """Return the configuration, in the order in which it is sent.

    Every firmware has what the SMTP note shows (3.2): version, cipher suites, security
    level, certificate. The note prints ``seclvl`` where every firmware seen says
    ``seclevel``. The rest is newer: it is sent unless the test command lacks it. What
    the server's identity rests on is tried even then, and required where it is listed.
    """
    verify = settings.ca_file is not None
    listed = profile.tls_settings

    def setting(value: str, *names: str, required: bool = True) -> TlsSetting:
        lines = (f'AT+QSSLCFG="{name}",{SSL_CONTEXT},{value}' for name in names)
        return TlsSetting(names[0], tuple(lines), required)

    wanted = [
        setting(str(profile.tls_version), "sslversion"),
        setting(_ALL_CIPHERS, "ciphersuite"),
    ]
    if verify:
        wanted.append(setting(f'"UFS:{settings.ca_file}"', "cacert"))
    wanted.append(setting(str(int(verify)), "seclevel", "seclvl"))
    wanted += [
        setting(
            value, name, required=identity and listed is not None and name in listed
        )
        for name, value, identity in (
            # Without it a certificate that has run out is taken.
            ("ignorelocaltime", str(int(not verify)), verify),
            # Without it some firmware takes any server's certificate of the same root.
            ("checkhost", str(int(verify)), verify),
            # Without it a server that shares its address with others shows the wrong
            # certificate, which verification then refuses.
            ("sni", "1", False),
            ("negotiatetime", str(_NEGOTIATE_TIME), False),
        )
        if identity or listed is None or name in listed
    ]
    return tuple(wanted)


async def configure(channel: AtChannel, setting: TlsSetting) -> None:
    """Send one setting in the first spelling that the firmware takes."""
    refused: CommandError | None = None
    for spelling in setting.spellings:
        try:
            await channel.execute(Command(spelling))
        except CommandError as err:
            refused = err
        else:
            return
    if setting.required and refused is not None:
        raise refused
