"""Remembers which PINs a SIM has refused, so that none is ever sent twice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import hashlib
from typing import TYPE_CHECKING, Any, Final

from homeassistant.const import CONF_PIN
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .stored import stored
from .typed import tidied

if TYPE_CHECKING:
    # Home Assistant answers the import of voluptuous with this, its own engine.
    import probatio as vol
else:
    import voluptuous as vol

_UNCOUNTED_MOST: Final = 2
"""PINs that a SIM may refuse whose tries nobody counts; most have three."""

# Digests of PINs, by what the SIM is known by. Also those of set-ups that were given up,
# and kept over restarts: the SIM counts on.
type _Refused = dict[str, list[str]]
_SHAPE: Final = vol.Schema({str: [str]})
_REFUSED: HassKey[_Refused] = HassKey(f"{DOMAIN}_refused_pins")
_STORE: HassKey[Store[_Refused]] = HassKey(f"{DOMAIN}_refused_pins_store")


@dataclass(frozen=True, slots=True)
class RefusedPins:
    """The digests of what each SIM has refused since it took a PIN."""

    digests: Mapping[str, frozenset[str]] = field(repr=False)

    def has(self, pin: str, iccid: str | None) -> bool:
        """Whether this SIM has refused this PIN."""
        return pin_digest(pin, iccid) in self._of(iccid)

    def spent(self, iccid: str | None) -> bool:
        """Whether a SIM whose tries nobody counts may lock itself with the next one."""
        return self.count(iccid) >= _UNCOUNTED_MOST

    def count(self, iccid: str | None) -> int:
        """How many PINs this SIM has refused since it took one."""
        return len(self._of(iccid))

    def _of(self, iccid: str | None) -> frozenset[str]:
        return self.digests.get(_sim(iccid), frozenset())


def pin_digest(pin: str, iccid: str | None) -> str:
    """Return what a PIN is remembered by, for this SIM only."""
    return hashlib.sha256(f"{iccid}:{pin}".encode()).hexdigest()


async def load_refused_pins(hass: HomeAssistant) -> None:
    """Know again what was refused before a restart; to be called before a PIN is sent."""
    if _REFUSED not in hass.data:
        kept = await stored(_store(hass), _SHAPE)
        hass.data.setdefault(_REFUSED, kept or {})


def refused_pins(hass: HomeAssistant) -> RefusedPins:
    """Return what is known of all SIMs."""
    found = hass.data.get(_REFUSED, {})
    return RefusedPins({sim: frozenset(digests) for sim, digests in found.items()})


def without_pin(
    hass: HomeAssistant, data: Mapping[str, Any], pin: str, iccid: str | None
) -> dict[str, Any]:
    """Return an entry's data after the SIM has refused ``pin``, and remember it."""
    digest = pin_digest(pin, iccid)
    of_sim = hass.data.setdefault(_REFUSED, {}).setdefault(_sim(iccid), [])
    if digest not in of_sim:
        of_sim.append(digest)
        _keep(hass)
    dropped = {CONF_PIN: None} if tidied(data).get(CONF_PIN) == pin else {}
    return {**data, **dropped}


@callback
def all_tries_are_back(hass: HomeAssistant, iccid: str | None) -> None:
    """Count anew for a SIM that has taken a PIN, or asks for none."""
    if hass.data.get(_REFUSED, {}).pop(_sim(iccid), None) is not None:
        _keep(hass)


def _sim(iccid: str | None) -> str:
    """Return what a SIM is known by; those that tell no number are one."""
    return pin_digest("", iccid)


def _store(hass: HomeAssistant) -> Store[_Refused]:
    # One for all: its writes come one after the other, in the order of what was refused.
    if _STORE not in hass.data:
        hass.data[_STORE] = Store(hass, 1, f"{DOMAIN}.refused_pins", private=True)
    return hass.data[_STORE]


@callback
def _keep(hass: HomeAssistant) -> None:
    kept = {sim: [*digests] for sim, digests in hass.data[_REFUSED].items()}
    hass.async_create_task(_store(hass).async_save(kept))
