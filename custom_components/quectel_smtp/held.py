"""Tries at once what is held, after a person has mended the reason."""

from contextlib import suppress

from .delivery.courier.courier import Courier
from .delivery.errors import NotWaitingError
from .delivery.records import Reason


async def retry_held(courier: Courier, reason: Reason) -> None:
    """Have sent what is held for this reason, and nothing that waits for another.

    ``OutboxError`` if the outbox can't be written.
    """
    # Also by what is on its way now, and may come to the same end as it did before.
    courier.try_anew(reason)
    for email in await courier.listed():
        if email.reason is reason:
            # It may have gone, or been cancelled, meanwhile.
            with suppress(NotWaitingError):
                await courier.retry(email.reference)
