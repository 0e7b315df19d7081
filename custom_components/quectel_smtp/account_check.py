"""The weekly check of the mail account: what will fail is told before the night it matters."""

from collections.abc import Callable
from datetime import datetime, timedelta
import random
from typing import TYPE_CHECKING, Final, NotRequired, TypedDict

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .const import CONF_CERTIFICATE, DOMAIN
from .delivery.client.check import (
    Failed,
    Passed,
    Trouble,
    Verdict,
    over_host,
    over_modem,
)
from .delivery.client.echo import unaddressed
from .delivery.courier.courier import Courier
from .delivery.errors import OutboxError
from .delivery.records import Reason
from .delivery.settings import Settings
from .entry_data import finds_root, read
from .issues import issue_id
from .modem.at.errors import ModemError
from .modem.mail.server import ServerSettings
from .modem.modem import Modem
from .runtime import QuectelConfigEntry
from .stored import moment, stored

if TYPE_CHECKING:
    # Home Assistant answers the import of voluptuous with this, its own engine.
    import probatio as vol
else:
    import voluptuous as vol

FIRST: Final = timedelta(days=1)
"""From new settings to their first check."""
EVERY: Final = timedelta(days=7)
FAILING: Final = timedelta(days=1)
"""Until the next look at what failed."""
AGAIN: Final = timedelta(hours=6)
"""Until the next try where nobody reached the server."""
SOON: Final = timedelta(minutes=10)
"""What became due while Home Assistant was off waits for so long after its start."""

# Many homes have the same provider: they don't come all at once.
_JITTER: Final = (0.9, 1.3)

_TOLD: Final = (
    Trouble.NAME,
    Trouble.EXPIRED,
    Trouble.ROOT,
    Trouble.CERTIFICATE_NAME,
    Trouble.VERSION,
    Trouble.METHOD,
    Trouble.LOGIN,
    Trouble.SENDER,
)
ACCOUNT_KEYS: Final = frozenset(f"account_{trouble.value}" for trouble in _TOLD)
"""The repair issues that a check may lead to."""


class _Kept(TypedDict):
    """What is kept over restarts."""

    due: str
    failed: NotRequired[bool]


_SHAPE: Final = vol.Schema({vol.Required("due"): moment, "failed": bool})


def _store(hass: HomeAssistant, entry_id: str) -> Store[_Kept]:
    return Store(hass, 1, f"{DOMAIN}.{entry_id}.check")


async def forget(hass: HomeAssistant, entry_id: str) -> None:
    """Leave nothing of an entry's checks behind."""
    await _store(hass, entry_id).async_remove()
    for key in ACCOUNT_KEYS:
        ir.async_delete_issue(hass, DOMAIN, issue_id(key, entry_id))


class AccountCheck:
    """Checks once a week, in silence, and in nobody's way."""

    def __init__(
        self, hass: HomeAssistant, entry: QuectelConfigEntry, courier: Courier
    ) -> None:
        """Take the courier, whose modem may be used while no email wants it."""
        self._hass = hass
        self._entry = entry
        self._courier = courier
        self._store = _store(hass, entry.entry_id)
        self._timer: CALLBACK_TYPE | None = None
        self._server = self._settings_server()
        self.failed = False
        """Whether the last check that came to something found a fault."""
        self.on_change: Callable[[], None] = lambda: None
        """Called when that changes."""

    async def start(self) -> None:
        """Go on with the time that was set before a restart."""
        kept = await stored(self._store, _SHAPE)
        due = dt_util.parse_datetime(kept["due"]) if kept else None
        self._note(failed=bool(kept and kept.get("failed")))
        now = dt_util.utcnow()
        if due is None or due > now + EVERY * _JITTER[1]:
            # There is none yet, or the clock was wrong when it was set.
            await self._next(FIRST)
        else:
            self._arm(max(due, now + SOON))

    @callback
    def stop(self) -> None:
        """Check no more."""
        if self._timer is not None:
            self._timer()
            self._timer = None

    @callback
    def entry_changed(self) -> None:
        """Begin anew with another account: what was told was of the one before."""
        server = self._settings_server()
        if server == self._server:
            return
        self._server = server
        self._show(None)
        self._entry.async_create_background_task(
            self._hass, self._next(FIRST), "quectel_smtp next check"
        )

    def _settings(self) -> Settings | None:
        entry = self._entry
        return read(entry.data, entry.options, entry.unique_id).settings

    def _settings_server(self) -> ServerSettings | None:
        settings = self._settings()
        return None if settings is None else settings.server

    # Its time.

    async def _next(self, pause: timedelta) -> None:
        due = dt_util.utcnow() + pause * random.uniform(*_JITTER)
        self._arm(due)
        await self._store.async_save({"due": due.isoformat(), "failed": self.failed})

    def _arm(self, due: datetime) -> None:
        self.stop()
        self._timer = async_track_point_in_utc_time(self._hass, self._is_due, due)

    @callback
    def _is_due(self, _: datetime) -> None:
        self._timer = None
        self._entry.async_create_background_task(
            self._hass, self._run(), "quectel_smtp account check"
        )

    # The check.

    async def _run(self) -> None:
        settings = self._settings()
        verdict = None if settings is None else await self._verdict(settings)
        if settings is not None and settings.server != self._server:
            # It was changed meanwhile, which has set another time.
            return
        await self._next(self._take(verdict))

    def _take(self, verdict: Verdict | None) -> timedelta:
        """Act on what was found; returns the pause until the next check."""
        match verdict:
            case Passed(root=root):
                self._keep_root(root)
                self._show(None)
                return EVERY
            case Failed(trouble=trouble) if verdict.lasting or trouble is Trouble.NAME:
                self._show(verdict)
                return FAILING
        return AGAIN

    async def _verdict(self, settings: Settings) -> Verdict | None:
        """Ask over the host's line, else over the modem; None if nobody can tell now.

        While emails wait for the login, the courier tries it in its own time: another
        try might lock the account.
        """
        if Reason.LOGIN in self._courier.status.mail.held:
            return None
        find_root = finds_root(self._entry.data)
        now = dt_util.utcnow()
        verdict = await over_host(settings.server, find_root=find_root, now=now)
        if isinstance(verdict, Passed) or verdict.reached:
            return verdict

        async def ask(modem: Modem) -> Verdict | None:
            await modem.activate(settings.pdp)
            return await over_modem(
                modem, settings.server, find_root=find_root, now=now
            )

        try:
            found = await self._courier.while_idle(ask)
        except ModemError, OutboxError:
            return None
        unknown = isinstance(found, Failed) and found.trouble is Trouble.NAME
        if unknown and verdict.trouble is not Trouble.NAME:
            # A network that resolves nothing just now: a name that is gone, both miss.
            return None
        return found

    def _keep_root(self, root: str | None) -> None:
        """Give the modem the root that the server's chain ends in by now."""
        entry = self._entry
        if not finds_root(entry.data) or entry.data.get(CONF_CERTIFICATE) == root:
            return
        data = entry.data | {CONF_CERTIFICATE: root}
        # It is the same account: no reason to begin anew.
        settings = read(data, entry.options, entry.unique_id).settings
        self._server = None if settings is None else settings.server
        self._hass.config_entries.async_update_entry(entry, data=data)

    def _note(self, *, failed: bool) -> None:
        changed, self.failed = self.failed is not failed, failed
        if changed:
            self.on_change()

    def _show(self, failed: Failed | None) -> None:
        """Have a person told, also after a restart; or not any more."""
        self._note(failed=failed is not None)
        key = None if failed is None else f"account_{failed.trouble.value}"
        for other in ACCOUNT_KEYS - {key}:
            ir.async_delete_issue(
                self._hass, DOMAIN, issue_id(other, self._entry.entry_id)
            )
        if failed is None or key is None:
            return
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id(key, self._entry.entry_id),
            data={"entry_id": self._entry.entry_id, "key": key},
            is_fixable=True,
            is_persistent=True,
            severity=ir.IssueSeverity.ERROR,
            translation_key=key,
            translation_placeholders={
                "name": self._entry.title,
                # What is kept for a restart is in each file of diagnostics, too.
                "words": unaddressed(failed.said),
            },
        )
