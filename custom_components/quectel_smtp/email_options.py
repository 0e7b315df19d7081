"""What an entry's options say of emails: whom answers go to, who may be added, pictures.

What was edited into nonsense stands for nobody, and for the usual size.
"""

from collections.abc import Mapping
from typing import Any, Final

from . import typed
from .allowed_addresses import entry_of
from .const import CONF_ALLOWED_ADDRESSES, CONF_PICTURE_BUDGET, CONF_REPLY_TO
from .modem.at.errors import InvalidValueError
from .modem.mail.message import check_address

_KILOBYTE: Final = 1000
BUDGETS: Final = (20, 1000)
"""Least and most kilobytes of a picture."""
DEFAULT_BUDGET: Final = 200


def reply_to(options: Mapping[str, Any]) -> str:
    """Return the address that answers go to; empty: the sender's.

    ``InvalidValueError`` for what is none.
    """
    found = options.get(CONF_REPLY_TO, "")
    if not isinstance(found, str):
        raise InvalidValueError(CONF_REPLY_TO, "unusable")
    address = typed.address(typed.visible(found, CONF_REPLY_TO))
    return check_address(address, CONF_REPLY_TO) if address else ""


def allowed_addresses(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the addresses and domains that an action may add to a recipient's own."""
    found = options.get(CONF_ALLOWED_ADDRESSES, ())
    if not isinstance(found, list | tuple) or not all(
        isinstance(entry, str) for entry in found
    ):
        return ()
    try:
        return tuple(entry_of(entry) for entry in found if typed.stripped(entry))
    except InvalidValueError:
        return ()


def picture_budget(options: Mapping[str, Any]) -> int:
    """Return the bytes that a picture has at most."""
    found = options.get(CONF_PICTURE_BUDGET)
    least, most = BUDGETS
    if isinstance(found, int) and least <= found <= most:
        return found * _KILOBYTE
    return DEFAULT_BUDGET * _KILOBYTE
