"""Work that blocks, a bounded number of times at once, whoever stops waiting for it."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

# A file on a server that has gone keeps its thread for as long as the kernel likes. All of
# Home Assistant shares 64 of them.
_FILES_AT_ONCE: Final = 10
# Each takes memory: see ``pictures``.
_PICTURES_AT_ONCE: Final = 1


class Threads:
    """Runs jobs in Home Assistant's threads, ``most`` of them at once."""

    def __init__(self, hass: HomeAssistant, most: int) -> None:
        """Begin with all free."""
        self._hass = hass
        self._free = asyncio.Semaphore(most)

    async def run[T](self, job: Callable[[], T]) -> T:
        """Return what ``job`` does.

        Its place is taken until it ends, also when it hangs and nobody waits any more.
        """
        await self._free.acquire()
        # None that Home Assistant waits for when it stops: it may hang.
        running = self._hass.loop.run_in_executor(None, job)
        running.add_done_callback(self._ended)
        # Unlike ``await running`` this does not cancel it, nor complains of its error.
        await asyncio.wait({running})
        return running.result()

    def _ended(self, running: asyncio.Future[Any]) -> None:
        self._free.release()
        if not running.cancelled():
            # Heard, also where nobody waits for it any more.
            running.exception()


_FILES: HassKey[Threads] = HassKey("quectel_smtp_files")
_PICTURES: HassKey[Threads] = HassKey("quectel_smtp_pictures")


def for_files(hass: HomeAssistant) -> Threads:
    """Return those that read files."""
    return hass.data.setdefault(_FILES, Threads(hass, _FILES_AT_ONCE))


def for_pictures(hass: HomeAssistant) -> Threads:
    """Return those that scale pictures."""
    return hass.data.setdefault(_PICTURES, Threads(hass, _PICTURES_AT_ONCE))
