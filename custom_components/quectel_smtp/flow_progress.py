"""A check that goes on while the dialog shows its present stage."""

import asyncio
from collections.abc import Callable, Coroutine
import logging
from typing import Any

from homeassistant.core import HomeAssistant, callback

from .modem.errors import ModemError
from .modem_checks import Show, Stage

_LOGGER = logging.getLogger(__name__)


class Check:
    """Work on the modem, in a task of its own."""

    def __init__(
        self, hass: HomeAssistant, work: Callable[[Show], Coroutine[Any, Any, None]]
    ) -> None:
        """Begin; the work says which stage it has reached."""
        self.stage = Stage.OPEN
        self.error: ModemError | None = None
        self._hass = hass
        self._turn: asyncio.Future[None] = hass.loop.create_future()
        self._watch: asyncio.Task[None] | None = None
        self._task = hass.async_create_task(self._run(work), eager_start=False)
        self._task.add_done_callback(lambda _: self._end_turn())

    @property
    def done(self) -> bool:
        """Whether it has ended; ``error`` then says how."""
        return self._task.done()

    def turn(self) -> asyncio.Task[None]:
        """Return a task that lasts as long as the present stage does."""
        if self._watch is None:
            self._watch = self._hass.async_create_task(_until(self._turn))
        return self._watch

    def cancel(self) -> None:
        """Stop the work; it closes the port on its way out."""
        self._task.cancel()

    async def _run(self, work: Callable[[Show], Coroutine[Any, Any, None]]) -> None:
        try:
            await work(self._show)
        except ModemError as err:
            self.error = err
        except Exception:
            _LOGGER.exception("Unexpected exception")
            self.error = ModemError()

    @callback
    def _show(self, stage: Stage) -> None:
        if stage is not self.stage:
            self.stage = stage
            self._end_turn()

    @callback
    def _end_turn(self) -> None:
        turn = self._turn
        self._turn = self._hass.loop.create_future()
        self._watch = None
        if not turn.done():
            turn.set_result(None)


async def _until(turn: asyncio.Future[None]) -> None:
    await turn
