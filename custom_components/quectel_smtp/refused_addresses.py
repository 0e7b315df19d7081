"""Tells of an address that the mail server refuses, until it takes it or it is gone.

It is kept over restarts in a file of our own: what Home Assistant keeps of a repair it
adds to each file of diagnostics, which people publish, and these have addresses.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypedDict

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .delivery.records import State, Transition
from .issues import issue_id, reply_of
from .recipients import recipients_of
from .runtime import QuectelConfigEntry
from .stored import stored

if TYPE_CHECKING:
    # Home Assistant answers the import of voluptuous with this, its own engine.
    import probatio as vol
else:
    import voluptuous as vol

KEY: Final = "address_refused"
"""The repair issue's; there is one for each address."""


class _Refused(TypedDict):
    """One address, and what the server said of it."""

    recipient: str
    address: str
    words: str


_SHAPE: Final = vol.Schema(
    {
        vol.All(str, str.isdecimal): {
            vol.Required(key): str for key in _Refused.__annotations__
        }
    }
)


def _store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, _Refused]]:
    return Store(hass, 1, f"{DOMAIN}.{entry_id}.refused", private=True)


class RefusedAddresses:
    """Shows them over restarts: nobody may look before the next alarm."""

    def __init__(self, hass: HomeAssistant, entry: QuectelConfigEntry) -> None:
        """Take the entry whose emails they are of."""
        self._hass = hass
        self._entry = entry
        self._store = _store(hass, entry.entry_id)
        # By numbers, which the repairs are known by: an address tells of a person.
        self._refused: dict[str, _Refused] = {}

    async def start(self) -> None:
        """Show what was kept."""
        self._refused = await stored(self._store, _SHAPE) or {}
        _clear(self._hass, self._entry.entry_id)
        for number in self._refused:
            self._show(number)
        self.entry_changed()

    @callback
    def take(self, transition: Transition) -> None:
        """Show an address for which an email came to its end; clear it with one sent."""
        finding = transition.finding
        if transition.state is State.SENT:
            self._forget(lambda of: of["recipient"] == transition.recipient)
        elif not transition.state.waiting and finding and finding.address:
            of = _Refused(
                recipient=transition.recipient,
                address=finding.address,
                words=reply_of(finding),
            )
            number = self._number(of)
            self._refused[number] = of
            self._show(number)
            self._keep()

    @callback
    def entry_changed(self) -> None:
        """Clear those that no recipient has any more."""
        wanted = {
            address
            for addresses in recipients_of(self._entry).values()
            for address in addresses or ()
        }
        self._forget(lambda of: of["address"] not in wanted)

    def _number(self, of: _Refused) -> str:
        """Return the one that it has, or a new one."""
        for number, known in self._refused.items():
            if known["address"] == of["address"]:
                return number
        return str(max(map(int, self._refused), default=0) + 1)

    def _forget(self, which: Callable[[_Refused], bool]) -> None:
        gone = [number for number, of in self._refused.items() if which(of)]
        for number in gone:
            del self._refused[number]
            ir.async_delete_issue(
                self._hass, DOMAIN, _number_id(self._entry.entry_id, number)
            )
        if gone:
            self._keep()

    def _keep(self) -> None:
        self._hass.async_create_task(self._store.async_save(dict(self._refused)))

    def _show(self, number: str) -> None:
        entry, of = self._entry, self._refused[number]
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            _number_id(entry.entry_id, number),
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=KEY,
            translation_placeholders={
                "name": entry.title,
                "recipient": of["recipient"],
                "address": of["address"],
                "words": of["words"],
            },
        )


def _number_id(entry_id: str, number: str) -> str:
    return f"{issue_id(KEY, entry_id)}_{number}"


async def forget(hass: HomeAssistant, entry_id: str) -> None:
    """Leave nothing of an entry's behind."""
    await _store(hass, entry_id).async_remove()
    _clear(hass, entry_id)


@callback
def _clear(hass: HomeAssistant, entry_id: str) -> None:
    for domain, number in tuple(ir.async_get(hass).issues):
        if domain == DOMAIN and number.startswith(issue_id(KEY, entry_id)):
            ir.async_delete_issue(hass, DOMAIN, number)
