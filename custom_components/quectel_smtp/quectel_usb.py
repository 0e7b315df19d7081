"""Quectel's LTE modules on USB: by which product ids they come, and where AT answers.

From USB descriptors, udev outputs and the Linux driver ``option``. One product id covers
many modules, and some change their interfaces with their mode: it says where to ask
first, the modem itself says what it is. The interface number counts, not the order of
the ``ttyUSB`` names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

QUECTEL: Final = "2C7C"
"""USB vendor id, as Home Assistant writes it."""


@dataclass(frozen=True, slots=True)
class Product:
    """What comes by one product id.

    ``name`` is empty where modules of several names do. ``at`` has the numbers of the
    interfaces that take AT commands, the likeliest first; none where it is not known.
    """

    name: str = ""
    at: tuple[int, ...] = ()


_MDM: Final = (2, 3)

PRODUCTS: Final[Mapping[str, Product]] = {
    "0121": Product("EC21", _MDM),
    "0125": Product("EC25", _MDM),
    "0191": Product("EG91", _MDM),
    "0195": Product("EG95", _MDM),
    "0296": Product("BG96", _MDM),
    "0306": Product("EG06", _MDM),
    "0512": Product("EG12", _MDM),
    "0800": Product("RM500", _MDM),
    # 03 to 06 write logs without end.
    "0901": Product("EC200U", (2,)),
    "0903": Product("EC800G"),
    "0904": Product("EC200G"),
    # 02 is for diagnostics, 04 for a dial-up, and answers too.
    "6001": Product(at=(3, 4)),
    "6002": Product(at=(3, 4)),
    "6005": Product("EC200A", (3, 4)),
    "6007": Product("EG916Q"),
    "6026": Product("EC200T", (1,)),
}
"""By product id: those that Home Assistant discovers."""


def rank(pid: str, interface: int | None) -> tuple[int, int]:
    """Return how soon an interface is to be asked, among those of one product."""
    at = PRODUCTS.get(pid, Product()).at
    number = -1 if interface is None else interface
    return (at.index(number) if number in at else len(at), number)
