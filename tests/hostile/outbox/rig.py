"""A courier as the integration makes it, except for its clock and its traps."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from custom_components.quectel_smtp.delivery.courier.courier import Courier
from custom_components.quectel_smtp.delivery.outbox.file import Connect, connect
from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.outbox.thread import OutboxThread
from custom_components.quectel_smtp.delivery.records import Options
from custom_components.quectel_smtp.delivery.rules.wording import Wording
from custom_components.quectel_smtp.delivery.settings import Settings
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.server import Security, ServerSettings
from custom_components.quectel_smtp.modem.network.pdp import PdpSettings

from .fast_clock import FastClock
from .hooks import HookedChannel, HookedModem
from .points import Trap

HOST = "mail.example.com"
REPEAT = "(possible repeat)"
WORDING = Wording(
    reference="Ref: {reference}",
    repeat=REPEAT,
    waited="(waited since {time})",
    times="({count} times)",
    digest_subject="{count} notifications",
    digest_entry="{time} {subject}",
    attachments="The attachments of this email.",
    whole_text="(the whole text: {name})",
    not_attached="Not attached: {name} ({reason})",
    more_not_attached="Not attached: {count} more",
)
# Storms and digests only where a test wants them: every email is to be found by itself.
CALM = Options(per_hour=100_000, per_day=1_000_000, digest=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a courier is made of; see ``FastClock`` for the speeds."""

    database: Path
    port: str
    imei: str | None = None
    ports: tuple[str, ...] = ()
    """What a search for ports finds."""
    options: Options = field(default_factory=lambda: CALM)
    put_timeout: int = 60
    idle: float = 100.0
    waiting: float = 25.0
    late: float = 25.0
    start: float = 0.0
    """The time by the fast clock; it goes on over restarts."""


class Rig:
    """The courier and what surrounds it in its process."""

    def __init__(
        self,
        plan: Plan,
        clock: FastClock,
        trap: Trap | None = None,
        connect: Connect = connect,
    ) -> None:
        """Build it inside a loop that goes by ``clock``; nothing is opened yet."""
        self.clock = clock
        self.trap = trap or Trap()
        self.ports: Sequence[str] = plan.ports
        HookedChannel.trap, HookedChannel.clock = self.trap, clock
        self.courier = Courier(
            settings(plan),
            plan.database,
            WORDING,
            modem=HookedModem,
            find_ports=self._find_ports,
            now=clock.wall,
            outbox=OutboxThread(Outbox(plan.database, connect=connect), clock.wall),
            put_timeout=plan.put_timeout,
        )

    async def _find_ports(self) -> Sequence[str]:
        return self.ports


def settings(plan: Plan) -> Settings:
    """Return the courier's settings."""
    return Settings(
        PortSettings(plan.port),
        PdpSettings("internet"),
        ServerSettings(HOST, 25, Security.NONE, "", "", "Home", "home@example.com"),
        imei=plan.imei,
        options=plan.options,
    )
