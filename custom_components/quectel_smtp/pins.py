"""Remembers which PINs a SIM has refused, so that none is ever sent twice."""

from collections.abc import Mapping
import hashlib
from typing import Any

from homeassistant.const import CONF_PIN
from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from .const import CONF_REFUSED_PINS, DOMAIN
from .typed import tidied

# Also those of set-ups that were given up, until the next start.
_REFUSED: HassKey[set[str]] = HassKey(f"{DOMAIN}_refused_pins")


def pin_digest(pin: str, iccid: str | None) -> str:
    """Return what a PIN is remembered by, for this SIM only."""
    return hashlib.sha256(f"{iccid}:{pin}".encode()).hexdigest()


def refused_pins(hass: HomeAssistant, data: Mapping[str, Any]) -> frozenset[str]:
    """Return the digests of all that is known to have been refused."""
    return frozenset(hass.data.get(_REFUSED, ())) | {*data.get(CONF_REFUSED_PINS, ())}


def without_pin(
    hass: HomeAssistant, data: Mapping[str, Any], pin: str, iccid: str | None
) -> dict[str, Any]:
    """Return an entry's data after the SIM has refused ``pin``, and remember it."""
    digest = pin_digest(pin, iccid)
    hass.data.setdefault(_REFUSED, set()).add(digest)
    changed = dict(data)
    changed[CONF_REFUSED_PINS] = [*data.get(CONF_REFUSED_PINS, ()), digest]
    if tidied(data).get(CONF_PIN) == pin:
        changed[CONF_PIN] = None
    return changed
