"""Remembers which PINs a SIM has refused, so that none is ever sent twice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import hashlib
from typing import Any, Final

from homeassistant.const import CONF_PIN
from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from .const import CONF_REFUSED_PINS, DOMAIN
from .typed import tidied

_UNCOUNTED_MOST: Final = 2
"""PINs that a SIM may refuse whose tries nobody counts; most have three."""

# By the SIM's number. Also those of set-ups that were given up, until the next start.
_REFUSED: HassKey[dict[str | None, set[str]]] = HassKey(f"{DOMAIN}_refused_pins")


@dataclass(frozen=True, slots=True)
class RefusedPins:
    """The digests of all that is known to have been refused, and how many by each SIM."""

    digests: frozenset[str] = field(repr=False)
    counts: Mapping[str | None, int] = field(repr=False)

    def has(self, pin: str, iccid: str | None) -> bool:
        """Whether this SIM has refused this PIN."""
        return pin_digest(pin, iccid) in self.digests

    def spent(self, iccid: str | None) -> bool:
        """Whether a SIM whose tries nobody counts may lock itself with the next one."""
        return self.counts.get(iccid, 0) >= _UNCOUNTED_MOST


def pin_digest(pin: str, iccid: str | None) -> str:
    """Return what a PIN is remembered by, for this SIM only."""
    return hashlib.sha256(f"{iccid}:{pin}".encode()).hexdigest()


def refused_pins(hass: HomeAssistant, data: Mapping[str, Any]) -> RefusedPins:
    """Return what is known: that of an entry, and since the start of all."""
    found = hass.data.get(_REFUSED, {})
    return RefusedPins(
        frozenset(data.get(CONF_REFUSED_PINS, ())).union(*found.values()),
        {iccid: len(digests) for iccid, digests in found.items()},
    )


def without_pin(
    hass: HomeAssistant, data: Mapping[str, Any], pin: str, iccid: str | None
) -> dict[str, Any]:
    """Return an entry's data after the SIM has refused ``pin``, and remember it."""
    digest = pin_digest(pin, iccid)
    hass.data.setdefault(_REFUSED, {}).setdefault(iccid, set()).add(digest)
    changed = dict(data)
    changed[CONF_REFUSED_PINS] = [*data.get(CONF_REFUSED_PINS, ()), digest]
    if tidied(data).get(CONF_PIN) == pin:
        changed[CONF_PIN] = None
    return changed
