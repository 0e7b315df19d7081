"""What a courier works with: port, data connection, mail server, SIM, and choices."""

from dataclasses import dataclass, field

from ..modem.at.port import PortSettings
from ..modem.mail.server import ServerSettings
from ..modem.network.pdp import PdpSettings
from .records import Options


@dataclass(frozen=True, slots=True)
class Pin:
    """A SIM's PIN, and the ICCID of the SIM that it unlocks, where that is known."""

    code: str = field(repr=False)
    iccid: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a courier needs; ``imei`` guards against another modem."""

    port: PortSettings
    pdp: PdpSettings
    server: ServerSettings
    pin: Pin | None = None
    imei: str | None = field(default=None, repr=False)
    options: Options = field(default_factory=Options)
    reply_to: str = field(default="", repr=False)
    """The address that answers go to; empty: the sender's."""
    known_roots: bool = False
    """Whether the server proves itself to our own mail client by any well-known root.

    Else by the root that the server's settings name; by none, where they name none.
    """
