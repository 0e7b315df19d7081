"""Which addresses an action may add to a recipient's own: those that an option allows.

An entry of the option is an address, or a domain with or without ``@``, which stands for
all of its addresses, not for those of its sub-domains. Case makes no difference, nor
whether an internationalised domain is written in Unicode or in its ASCII form.
"""

from collections.abc import Iterable, Iterator
import re
from typing import Final

from . import typed
from .delivery.addresses import Addresses
from .modem.at.errors import InvalidValueError
from .modem.mail.message import check_address

_ANYBODY: Final = "anybody@"
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
    local = "" if not entry.startswith("@") else _ANYBODY.removesuffix("@")
    check_address(f"{local}{entry}", "allowed_addresses")
    return entry


def first_refused(addresses: Iterable[str], allowed: Iterable[str]) -> str | None:
    """Return the first address that no entry of the option allows."""
    entries = {entry_of(entry) for entry in allowed}
    for address in addresses:
        wanted = normal(address)
        if not {wanted, f"@{wanted.rpartition('@')[2]}"} & entries:
            return address
    return None


def without_repeats(extra: Addresses, own: Addresses) -> Addresses:
    """Return the addresses of ``extra`` that ``own`` lacks, each once."""
    seen = {normal(address) for address in own}

    def new(addresses: tuple[str, ...]) -> Iterator[str]:
        for address in addresses:
            if (key := normal(address)) not in seen:
                seen.add(key)
                yield address

    return Addresses(*(tuple(new(kind)) for kind in (extra.to, extra.cc, extra.bcc)))
