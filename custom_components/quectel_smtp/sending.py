"""Accepts an email for a recipient, whichever action asks for it.

The text is on disk first. Then files of this machine are copied, for which the caller
waits a moment, since it may delete them after; cameras and other media follow in the
background. Where Home Assistant stops meanwhile, the email names what did not come.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
import logging
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError

from . import typed
from .allowed_addresses import first_refused
from .asked import Asked
from .attachments.names import called
from .attachments.resolve import resolve, split
from .attachments.wanted import Budget, Resolved, Wanted
from .const import DEFAULT_SUBJECT, DOMAIN
from .delivery.addresses import Addresses
from .delivery.email import Email
from .delivery.enclosures import Missing, MissingReason
from .delivery.errors import OutboxError
from .delivery.rules.characters import cleaned, one_line
from .email_options import allowed_addresses, picture_budget
from .failures import outbox_failure, refused_value
from .modem.at.errors import InvalidValueError
from .modem.mail.message import check_address
from .recipients import addresses_of, is_critical
from .runtime import QuectelConfigEntry

_LOGGER = logging.getLogger(__name__)

_COPYING: Final = 4.0
"""Seconds that files of this machine may take, and that a caller waits for them."""


async def accept(
    hass: HomeAssistant, entry: QuectelConfigEntry, subentry_id: str, asked: Asked
) -> str:
    """Have an email sent to a recipient; returns its reference once it is on disk.

    ``ServiceValidationError`` names what can't be sent, ``HomeAssistantError`` says why
    nothing could be accepted. What an attachment fails of is said in the email.
    """
    subentry = entry.subentries[subentry_id]
    try:
        own = addresses_of(subentry.data)
        email = Email(
            # As it came: what no email can have is taken out, and told, when it is sent.
            subject=asked.title if _says_something(asked.title) else DEFAULT_SUBJECT,
            body=asked.message,
            to=own.to,
            cc=own.cc,
            bcc=own.bcc,
            recipient=subentry.title,
            recipient_id=subentry_id,
            critical=asked.critical or is_critical(subentry.data),
            html=asked.html,
            priority=asked.priority,
            extra=_extra(entry, asked.extra),
            lifetime=asked.lifetime,
            awaits=tuple(called(hass, wanted) for wanted in asked.attachments),
        )
        copied = asyncio.Event()

        def accepted(reference: str) -> None:
            """Have the attachments fetched, also where the caller is gone by now."""
            if asked.attachments:
                entry.async_create_background_task(
                    hass,
                    _attach(hass, entry, reference, asked.attachments, copied),
                    f"quectel_smtp attachments of {reference}",
                )

        reference = await entry.runtime_data.courier.submit(email, accepted)
    except InvalidValueError as err:
        raise refused_value(err) from err
    except OutboxError as err:
        raise outbox_failure(err) from err
    if asked.attachments:
        with suppress(TimeoutError):
            async with asyncio.timeout(_COPYING):
                await copied.wait()
    return reference


def _says_something(title: str) -> bool:
    """Whether anything of a title is left for a subject."""
    return bool(one_line(cleaned(title).text))


def _extra(entry: QuectelConfigEntry, wanted: Addresses) -> Addresses:
    """Return to whom else it goes, each once; refuse whom the option does not name."""
    for address in wanted:
        try:
            check_address(typed.address(address), "recipients")
        except InvalidValueError as err:
            raise _refused("address_unusable", address) from err
    allowed = allowed_addresses(entry.options)
    if (refused := first_refused(wanted, allowed)) is not None:
        raise _refused("address_not_allowed", refused)
    named = Addresses(*(tuple(map(typed.address, kind)) for kind in wanted.kinds))
    return Addresses().and_also(named)


def _refused(key: str, address: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"address": address},
    )


async def _attach(
    hass: HomeAssistant,
    entry: QuectelConfigEntry,
    reference: str,
    wanted: tuple[Wanted, ...],
    copied: asyncio.Event,
) -> None:
    """Add what is wanted to its email; ``copied``: files of this machine are there."""
    budget = Budget(picture=picture_budget(entry.options))

    async def keep(found: Resolved, awaits: Sequence[str] = ()) -> None:
        await entry.runtime_data.courier.attach(
            reference, found.attachments, found.missing, found.changes, awaits
        )

    try:
        await keep(await _fetched(hass, wanted, budget, copied, keep))
    except OutboxError as err:
        # The email is accepted, and names them as missing when it has waited for them.
        _LOGGER.warning(
            "The attachments of %s are not kept: %s", reference, type(err).__name__
        )
    finally:
        copied.set()


async def _fetched(
    hass: HomeAssistant,
    wanted: tuple[Wanted, ...],
    budget: Budget,
    copied: asyncio.Event,
    keep: Callable[[Resolved, Sequence[str]], Awaitable[None]],
) -> Resolved:
    """Fetch what is wanted; ``keep``: files that need not wait for the rest to be safe.

    Where Home Assistant stops meanwhile, the email goes with what is there by then,
    instead of waiting for more until it is over.
    """
    local, remote, too_many = split(hass, wanted)
    budget = budget.shared(len(local) + len(remote))
    found, lacking = Resolved(), (*local, *remote)
    try:
        found = await resolve(hass, local, replace(budget, seconds=_COPYING))
        lacking = remote
        if remote:
            left = budget.after(found)
            if local:
                kept, found = found, Resolved()
                to_come = (called(hass, one) for one in remote)
                await keep(kept, [*to_come, *(one.name for one in too_many)])
            copied.set()
            found += await resolve(hass, remote, left)
    except asyncio.CancelledError:
        lost = MissingReason.RESTARTED
        names = (called(hass, one) for one in lacking)
        found += Resolved(missing=tuple(Missing(name, lost) for name in names))
    return found + Resolved(missing=too_many)
