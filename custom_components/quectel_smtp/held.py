"""Tries at once what is held, after a person has mended the reason."""

from contextlib import suppress

from .delivery.courier.courier import Courier
from .delivery.errors import NotWaitingError
from .delivery.records import Reason, State


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
