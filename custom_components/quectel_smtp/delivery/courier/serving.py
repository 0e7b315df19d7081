"""``Serving``: brings the modem into service, and posts what it tells meanwhile."""

from collections.abc import Callable
import logging
from typing import Final, Protocol

from ...modem.at.errors import (
    ModemError,
    NoAnswerError,
    RoamingError,
    UnexpectedAnswerError,
)
from ...modem.at.port import PortSettings
from ...modem.mail.uploads import Uploads
from ...modem.modem import Modem
from ...modem.network.pdp import PdpState
from ...modem.network.sim import SimState
from ...modem.network.status import Identity, Network, Registration
from ..outbox.thread import OutboxThread
from ..settings import Settings
from ..status import Board
from .line import FindPorts, Line
from .meter import Meter
from .pace import Pace

_LOGGER = logging.getLogger(__name__)

# Seconds between two looks at the line for what the modem tells: some tell it again
# whenever they are asked.
_LOOK_EVERY: Final = 2.0


class Waking(Protocol):
    """Who is to do something once the line tells what it waited for."""

    def wake_turn(self) -> None:
        """Have the next turn begin."""

    def mended(self) -> None:
        """The path may be mended for what waits for it; has the next turn begin."""

    def try_anew(self) -> None:
        """The path may be mended, and nothing need wait any longer."""

    def connect_anew(self) -> None:
        """The data connection may be made at once; has the next turn begin."""


class Serving:
    """Has the line opened and in service; hears what it tells."""

    def __init__(
        self,
        settings: Settings,
        make_modem: Callable[[PortSettings], Modem],
        find_ports: FindPorts,
        uploads: Callable[[str | None], Uploads],
        outbox: OutboxThread,
        board: Board,
        pace: Pace,
        waking: Waking,
    ) -> None:
        """Take the settings, and whom it concerns; nothing is opened yet."""
        self.line = Line(settings, make_modem, find_ports, self, uploads)
        self.meter = Meter(self.line, outbox, board)
        self._settings = settings
        self._outbox = outbox
        self._board = board
        self._pace = pace
        self._waking = waking
        # Attempts that are being made.
        self._attempts = 0
        self._was_in_service = False
        # Whether the modem could not be brought into service the last time.
        self._absent = False
        # What it suffered that we know of: more of it may have mended something.
        self._upsets_known = self._upsets
        # How much the modem has told of its line, and what of that it was asked about.
        self._news_known = self._news
        self._looked = float("-inf")

    def update(self, settings: Settings) -> None:
        """Judge by other settings from now on where the modem may go."""
        self._settings = settings
        self._post_network(self._board.status.network)

    async def open(self, unsettled_for: float | None = None) -> bool:
        """Open the line as ``Line.open`` does; whether that worked."""
        try:
            await self.line.open(unsettled_for)
        except ModemError as err:
            self.failed(err)
            return False
        return True

    async def keep(self) -> None:
        """Bring the modem into service while there is no email to send."""
        if self.line.in_service:
            return
        try:
            await self.line.bring_into_service()
        except ModemError as err:
            await self.failed_to_answer(err)

    async def failed_to_answer(self, trouble: ModemError) -> None:
        """Take that it can't be in service; what gave no answer is opened anew."""
        if isinstance(trouble, NoAnswerError):
            await self.line.close()
        self.failed(trouble)

    def failed(self, trouble: ModemError) -> None:
        """Take that it can't be brought into service."""
        self._absent = True
        self._pace.service_failed()
        self._board.post(
            trouble=trouble,
            connected=self.line.modem.connected,
            sim=self.line.modem.known_sim or self._board.status.sim,
        )

    @property
    def pause(self) -> float:
        """Seconds until it is tried again."""
        return self._pace.service_pause(self._board.status.trouble)

    def attempt_begins(self) -> None:
        """Take that an email is being sent: what that does to the modem is no news."""
        self._attempts += 1

    def attempt_ends(self) -> None:
        """Take that it is no more; what it did to the modem is known."""
        self._attempts -= 1
        self.meter.due = True
        self.know()

    def know(self) -> None:
        """Take what the modem has suffered as known."""
        self._upsets_known = self._upsets

    # What the modem is asked for.

    def until_look(self, now: float) -> float | None:
        """Return the seconds until the modem is asked for what it has told of."""
        if self._news == self._news_known or not self.line.in_service:
            return None
        return max(self._looked + _LOOK_EVERY - now, 0.0)

    async def look(self) -> None:
        """Refresh SIM, network and PDP state; the caller holds the port."""
        modem = self.line.modem
        self._news_known = self._news
        self._looked = self._outbox.now().elapsed
        try:
            sim = await modem.sim_state()
            network = await modem.network()
            await modem.refresh_pdp()
        except NoAnswerError, UnexpectedAnswerError:
            # What does not even answer this is opened anew.
            await modem.close()
            self._waking.wake_turn()
        except ModemError:
            self._waking.wake_turn()
        else:
            known = self._board.status.network
            if network.registration.registered and not (
                known is None or known.registration.registered
            ):
                self._waking.connect_anew()
            if not sim.usable and self.line.in_service:
                # It was taken out, or has lost its power: it may want its PIN again.
                self.line.leave_service()
                self._waking.wake_turn()
            self._post_network(network)
            await self._measure()
            await self.meter.read()

    def _post_network(self, network: Network | None) -> None:
        """Post the network, and what follows from where it is."""
        abroad = network and network.registration is Registration.ROAMING
        barred = bool(abroad) and not self._settings.pdp.roaming
        status = self._board.status
        over = not barred and isinstance(status.trouble, RoamingError)
        if status.barred and not barred:
            self._pace.reset()
            self._waking.mended()
        self._board.post(
            sim=self.line.modem.known_sim or status.sim,
            network=network,
            address=self.line.modem.address,
            barred=barred,
            trouble=None if over else status.trouble,
        )

    async def _measure(self) -> None:
        """Look at the signal; give back a data connection that may not be used here."""
        modem = self.line.modem
        try:
            self._board.post(quality=await modem.quality())
            if self._board.status.barred:
                await modem.deactivate()
        except ModemError as err:
            _LOGGER.debug("The signal can't be measured: %s", err)

    # What the line tells.

    def changed(self) -> None:
        """Take a change of connection or PDP context."""
        modem = self.line.modem
        serving = self.line.in_service
        before, now = self._board.status.pdp, modem.pdp_state
        activated = now is not before is PdpState.INACTIVE
        # One that stays is brought back.
        fell = before is PdpState.ACTIVE is not now and not self._settings.options.idle
        news = (activated or fell) and not self._attempts
        told = self._news != self._news_known
        if news or told or (self._was_in_service and not serving):
            self._waking.wake_turn()
        self._was_in_service = serving
        self._board.post(
            connected=modem.connected,
            port=modem.port.url,
            pdp=modem.pdp_state,
            address=modem.address,
        )

    def identified(self, identity: Identity) -> None:
        """Take who the modem is."""
        self._board.post(identity=identity)

    def unlocked(self) -> None:
        """Take that the SIM is ready."""
        self._board.post(sim=SimState.READY)

    def registered(self, network: Network) -> None:
        """Take that the modem is in service; what waited for it need not wait."""
        self._was_in_service = self.line.in_service
        self._pace.in_service()
        self._post_network(network)
        known, self._upsets_known = self._upsets_known, self._upsets
        trouble = self._board.status.trouble
        if self._absent or isinstance(trouble, NoAnswerError | UnexpectedAnswerError):
            # Whatever an attempt met: it answers.
            self._board.post(trouble=None)
        if self._absent:
            self._absent = False
            if not self._attempts:
                self._waking.try_anew()
        elif known != self._upsets and not self._attempts:
            # It may do better now.
            self._pace.welcome(critical=False)
            self._waking.mended()

    @property
    def _news(self) -> tuple[Modem, int]:
        """Which modem it is, and how often it told that its line changed."""
        return self.line.modem, self.line.modem.news

    @property
    def _upsets(self) -> tuple[Modem, int]:
        """Which modem it is, and how often it was unplugged or restarted."""
        return self.line.modem, self.line.modem.upsets
