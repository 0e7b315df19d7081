"""``Results``: tells who asks what becomes of an email, once that is known.

It hears of ends as soon as they are on disk, whether anybody is shown them yet or not.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from ..listeners import Listeners
from ..outbox.thread import OutboxThread
from ..records import EmailResult, Finding, Transition

_REMEMBERED: Final = 500
"""Ends whose finding is known to who asks late: a finding may name people, and is not
kept on disk once it was shown."""


class Results:
    """Knows of each end what it came to, and has those wait who ask before it."""

    def __init__(self, outbox: OutboxThread) -> None:
        """Take the outbox."""
        self._outbox = outbox
        # None: nothing more becomes of any of them for now.
        self._ended = Listeners[str | None]()
        self._findings: OrderedDict[str, Finding] = OrderedDict()
        # The number of the last transition that was heard of.
        self._heard = 0

    def take(self, unshown: Iterable[Transition]) -> None:
        """Hear of those of the transitions, oldest first, that were not heard before."""
        for found in unshown:
            if found.number <= self._heard:
                continue
            self._heard = found.number
            if found.state.over:
                self._findings[found.reference] = found.finding or Finding()
                if len(self._findings) > _REMEMBERED:
                    self._findings.popitem(last=False)
                self._ended.tell(found.reference)

    async def release(self) -> None:
        """Have all who wait go with what is known: nobody works on emails any more."""
        self._ended.tell(None)
        # They look in this turn of the loop, before the outbox may be closed.
        await asyncio.sleep(0)

    async def of(self, reference: str, timeout: float) -> EmailResult | None:
        """Return what has become of an email when it is over, or after so many seconds."""
        news = asyncio.Event()
        released = False

        def ended(whose: str | None) -> None:
            nonlocal released
            released = released or whose is None
            if whose in {reference, None}:
                news.set()

        unlisten = self._ended.add(ended)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    while (
                        (found := await self._look(reference))
                        and found.state.waiting
                        and not released
                    ):
                        await news.wait()
                        news.clear()
                    return found
            return await self._look(reference)
        finally:
            unlisten()

    async def _look(self, reference: str) -> EmailResult | None:
        found = await self._outbox.do(lambda outbox, at: outbox.result(reference, at))
        if found is None or found.state.waiting:
            return found
        return replace(found, finding=self._findings.get(reference))
