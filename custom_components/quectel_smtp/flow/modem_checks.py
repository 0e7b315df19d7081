"""What a config flow has the modem do before anything is saved."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ..delivery.records import Way
from ..delivery.rules.capacity import CAPACITIES, carries_fields
from ..delivery.settings import Pin, Settings
from ..modem.at.errors import (
    CommandError,
    ModemError,
    NoAnswerError,
    PinRefusedError,
    PinTriesExhaustingError,
    WrongModemError,
)
from ..modem.mail.server import ServerSettings
from ..modem.modem import Modem
from ..modem.network.pdp import PdpSettings
from ..modem.network.profile import ALL_PORTS
from ..modem.network.sim import SimState
from ..modem.network.status import Identity, Network
from ..modem.service import await_registration, settle, unlock
from ..pins import RefusedPins

REGISTRATION_WAIT: Final = 60.0
"""Seconds that a modem may take to register."""
RESOLVE_WAIT: Final = 20.0
"""Seconds that the name of the mail server may take to resolve."""


class Stage(StrEnum):
    """What is being checked; each is an action of ``config.progress``."""

    FIND = "find"
    OPEN = "open"
    IDENTIFY = "identify"
    SIM = "sim"
    REGISTER = "register"
    ACTIVATE = "activate"
    RESOLVE = "resolve"
    ACCOUNT = "account"
    ACCOUNT_BY_HOST = "account_by_host"
    CONFIGURE = "configure"
    ROUTE = "route"
    TEST = "test"


type Show = Callable[[Stage], None]


class ResultsElsewhereError(ModemError):
    """Result codes are routed to another port: route them to ours, or choose it."""

    key = "results_elsewhere"

    def __init__(self, urc_port: str, *, routable: bool = True) -> None:
        """Take the port that they go to, and whether they can be routed to all."""
        self.urc_port = urc_port
        self.routable = routable
        super().__init__(urc_port)


class NoResultError(ModemError):
    """A result code never arrived, and nothing says where it went."""

    key = "no_result"


class PinKnownRefusedError(PinRefusedError):
    """The SIM has refused this PIN before: it is not sent again."""

    key = "pin_refused_before"


@dataclass(slots=True)
class Found:
    """What the checks have learnt so far, also when they end with an error."""

    identity: Identity | None = None
    has_mail_client: bool = True
    iccid: str | None = field(default=None, repr=False)
    network: Network | None = None


async def identify(modem: Modem, found: Found, imei: str | None, show: Show) -> None:
    """Open the port and see that a modem that emails can leave by is behind it.

    ``WrongModemError`` if ``imei`` is given and is another one's,
    ``UnsupportedModemError`` where no email leaves by it in any way.
    """
    show(Stage.OPEN)
    await modem.open()
    show(Stage.IDENTIFY)
    found.identity = await modem.identify()
    if imei not in (None, found.identity.imei):
        raise WrongModemError
    found.has_mail_client = await modem.has_mail_client()


async def make_ready(
    modem: Modem,
    found: Found,
    pin: Pin | None,
    kept: int,
    refused: RefusedPins,
    pdp: PdpSettings | None,
    show: Show,
    unlocked: Callable[[str | None], None],
) -> None:
    """Unlock the SIM and wait for the network, with the APN where it is known.

    A PIN that the SIM has refused is not sent again, ``PinKnownRefusedError``, and none
    with ``kept`` tries left or fewer: ``PinTriesExhaustingError``. Where nobody counts
    them, what was refused is. ``unlocked`` is told what the SIM was known by until then.
    """
    show(Stage.SIM)
    # Before it is ready it does not tell its number, by which its PINs are known.
    state = await settle(modem)
    found.iccid = await modem.iccid()
    if pin is not None and state is SimState.PIN_REQUIRED:
        tries = await modem.pin_tries()
        if refused.has(pin.code, found.iccid):
            raise PinKnownRefusedError(tries)
        if tries is None and refused.spent(found.iccid):
            raise PinTriesExhaustingError(None)
    code, iccid = (None, None) if pin is None else (pin.code, pin.iccid)
    await unlock(modem, code, iccid, kept)
    unlocked(found.iccid)
    # Some modems read the SIM's number only once it is unlocked.
    found.iccid = found.iccid or await modem.iccid()
    show(Stage.REGISTER)
    if pdp is not None:
        await modem.give_apn(pdp)
    found.network = await await_registration(modem, REGISTRATION_WAIT)


async def connect(modem: Modem, pdp: PdpSettings, show: Show) -> None:
    """Activate the PDP context."""
    show(Stage.ACTIVATE)
    await modem.activate(pdp)


async def find_server(modem: Modem, settings: Settings, show: Show) -> None:
    """Activate the PDP context and resolve the mail server's name."""
    await connect(modem, settings.pdp, show)
    show(Stage.RESOLVE)
    try:
        await modem.resolve(settings.server.host, RESOLVE_WAIT)
    except NoAnswerError as err:
        urc_port = await modem.urc_port()
        if urc_port in (None, ALL_PORTS):
            raise NoResultError from err
        routable = await modem.takes_all_ports()
        raise ResultsElsewhereError(urc_port, routable=routable) from err
    except CommandError:
        # A firmware without this command: the check of the account, or the first email,
        # will tell.
        pass


async def hand_over(
    modem: Modem, server: ServerSettings, found: Found, show: Show
) -> None:
    """Give the mail server's settings to the modem's own mail client.

    Unless it has none, or one that can't carry them: ours does then. Where it lacks the
    TCP commands for that, ``InvalidValueError`` names what is too much.
    """
    if not found.has_mail_client:
        return
    fits = carries_fields(CAPACITIES[Way.MODULE], server)
    if fits or not await modem.has_tcp():
        show(Stage.CONFIGURE)
        await modem.configure(server)
