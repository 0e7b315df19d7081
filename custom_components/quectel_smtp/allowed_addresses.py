"""Which addresses an action may add to a recipient's own: those that an option allows.

An entry of the option is an address, or a domain with or without ``@``, which stands for
all of its addresses, not for those of its sub-domains. Case makes no difference, nor
whether an internationalised domain is written in Unicode or in its ASCII form.
"""

from collections.abc import Collection, Iterable
import re
from typing import Final

from . import typed
from .modem.at.errors import InvalidValueError
from .modem.mail.message import check_address

_ANYBODY: Final = "anybody"
"""A local part that any domain can have."""
_NAMED: Final = re.compile(r"[^@]+\.[^@]+")


def normal(address: str) -> str:
    """Return an address, or a domain behind ``@``, as it is compared with others."""
    return typed.address(address).casefold()


def entry_of(text: str) -> str:
    """Return what an entry of the option stands for, as it is compared.

    ``InvalidValueError`` for what is neither an address nor a domain.
    """
    found = typed.visible(text, "allowed_addresses")
    if "@" not in found and not _NAMED.fullmatch(found):
        raise InvalidValueError("allowed_addresses", "invalid")
    entry = normal(found if "@" in found else f"@{found}")
    local = _ANYBODY if entry.startswith("@") else ""
    check_address(f"{local}{entry}", "allowed_addresses")
    return entry


def first_refused(addresses: Iterable[str], allowed: Collection[str]) -> str | None:
    """Return the first address that is not allowed, by what ``entry_of`` returned."""
    for address in addresses:
        wanted = normal(address)
        if wanted not in allowed and f"@{wanted.rpartition('@')[2]}" not in allowed:
            return address
    return None
