"""A check that goes on while the dialog shows its present stage."""

import asyncio
from collections.abc import Callable, Coroutine
import logging
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..modem.at.errors import ModemError, PortBusyError
from .modem_checks import Show, Stage

_LOGGER = logging.getLogger(__name__)

SHOWN_FOR: Final = 1.0
"""Seconds that a stage is shown at least.

The frontend fetches the flow each time that it is told of a change. Were it told again
before it has done so, the first fetch could take the flow's end, and the second would
find no flow.
"""


# The checks of each port that have not ended.
_CHECKS: HassKey[dict[str, set[Check]]] = HassKey(f"{DOMAIN}_checks")


class Check:
    """Work on the modem, in a task of its own.

    A port is one check's at a time, the newest's: a page that was reloaded has left its
    dialog at work, where nobody finds it again.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        port: str,
        work: Callable[[Show], Coroutine[Any, Any, None]],
        first: Stage,
    ) -> None:
        """Begin with the first stage; the work says which one it has reached."""
        self.stage = first
        self.error: ModemError | None = None
        self.ended = False
        self._hass = hass
        self._news = asyncio.Event()
        self._turn: asyncio.Task[None] | None = None
        self._checks = hass.data.setdefault(_CHECKS, {}).setdefault(port, set())
        self._earlier = tuple(self._checks)
        self._checks.add(self)
        self._task = hass.async_create_task(self._run(work), eager_start=False)
        self._task.add_done_callback(self._end)

    def turn(self) -> asyncio.Task[None]:
        """Return a task that lasts as long as nothing else is to be shown.

        With the last one ``ended`` is true, and ``error`` says how.
        """
        if self._turn is None or self._turn.done():
            self._turn = self._hass.async_create_task(self._wait_for_news())
        return self._turn

    def cancel(self) -> None:
        """Stop the work; it closes the port on its way out."""
        self._task.cancel()

    @callback
    def _end(self, _: asyncio.Task[None]) -> None:
        self._checks.discard(self)
        self._news.set()

    async def give_way(self) -> None:
        """Stop the work for another dialog's, and wait until the port is closed."""
        if not self._task.done():
            self.error = PortBusyError()
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _run(self, work: Callable[[Show], Coroutine[Any, Any, None]]) -> None:
        for check in self._earlier:
            await check.give_way()
        try:
            await work(self._show)
        except ModemError as err:
            self.error = err
        except Exception:
            _LOGGER.exception("Unexpected exception")
            self.error = ModemError()

    @callback
    def _show(self, stage: Stage) -> None:
        self.stage = stage
        self._news.set()

    async def _wait_for_news(self) -> None:
        await _be_seen()
        await self._news.wait()
        self._news.clear()
        self.ended = self._task.done()


async def _be_seen() -> None:
    await asyncio.sleep(SHOWN_FOR)
