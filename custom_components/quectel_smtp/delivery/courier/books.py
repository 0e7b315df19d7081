"""``Books``: every change of the outbox, and the showing of what came of it.

A transition is kept with the change that made it and marked once it was shown, so
that one which a crash kept from being shown is shown at the next start.
"""

from collections.abc import Callable

from ..outbox.outbox import Outbox
from ..outbox.thread import OutboxThread
from ..records import Instant, Summary, Transition


class Books:
    """Changes the outbox and tells the listeners."""

    def __init__(
        self, outbox: OutboxThread, summarised: Callable[[Summary], None]
    ) -> None:
        """Take the outbox; ``summarised`` gets it at a glance after each change."""
        self._outbox = outbox
        self._summarised = summarised
        self._listeners: list[Callable[[Transition], None]] = []
        self._showing = False
        self._shown = 0

    def listen(self, callback: Callable[[Transition], None]) -> Callable[[], None]:
        """Call back for each transition; returns the undoing."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def show_from_now(self) -> None:
        """Show what comes, and with the next change what has come so far."""
        self._showing = True

    async def change[T](self, change: Callable[[Outbox, Instant], T]) -> T:
        """Make a change, and show what came of it once it is on disk."""

        def work(outbox: Outbox, at: Instant) -> tuple[T, Summary, _Unshown]:
            return change(outbox, at), outbox.summary(), outbox.unshown()

        result, summary, unshown = await self._outbox.do(work)
        self._summarised(summary)
        self._show(unshown)
        return result

    def _show(self, unshown: _Unshown) -> None:
        if not self._showing:
            return
        news = [found for found in unshown if found.number > self._shown]
        if not news:
            return
        self._shown = news[-1].number
        for transition in news:
            for callback in tuple(self._listeners):
                callback(transition)
        last = self._shown
        self._outbox.soon(lambda outbox: outbox.shown(last))


type _Unshown = tuple[Transition, ...]
