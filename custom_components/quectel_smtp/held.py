"""Tries at once what is held, after a person has mended the reason, and sees it go."""

import asyncio
from contextlib import suppress

from .delivery.courier.courier import Courier
from .delivery.errors import NotWaitingError
from .delivery.records import Last, Reason, State


async def retry_held(courier: Courier, reason: Reason) -> None:
    """Have sent what is held for this reason, and nothing that waits for another.

    ``OutboxError`` if the outbox can't be written.
    """
    for email in await courier.listed():
        # Of one that is being sent another part may be held.
        if email.reason is reason or email.state is State.SENDING:
            # It may have gone, or been cancelled, meanwhile.
            with suppress(NotWaitingError):
                await courier.retry(email.reference)


async def is_mended(
    courier: Courier, reason: Reason, before: Last | None, patience: float
) -> bool:
    """Return whether something was tried since, and nothing is held for this any more.

    ``before`` is what the last attempt was before that. ``patience``: seconds that an
    attempt is awaited for.
    """
    tried = asyncio.Event()

    def look() -> None:
        mail = courier.status.mail
        if mail.last != before or not mail.waiting:
            tried.set()

    unwatch = courier.watch(look)
    look()
    try:
        await asyncio.wait_for(tried.wait(), patience)
    except TimeoutError:
        return False
    finally:
        unwatch()
    return reason not in courier.status.mail.held
