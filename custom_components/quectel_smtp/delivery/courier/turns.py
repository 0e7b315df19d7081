"""A piece of work whatever it meets, and the rest after it."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
import logging
from typing import Any, Final

from ...modem.at.errors import UnexpectedError
from ..errors import OutboxError
from ..status import Board, OutboxState
from .judge import WRITE_EVERY

_LOGGER = logging.getLogger(__name__)

_AFTER_DEFECT: Final = 30.0


async def whatever_fails(
    work: Coroutine[Any, Any, float | None], board: Board
) -> float | None:
    """Return how many seconds to rest after a piece of work, or after its failure."""
    try:
        return await work
    except OutboxError as err:
        board.post(outbox=OutboxState.after(err))
        return WRITE_EVERY
    except Exception:
        # A defect of ours costs time, never the emails after it.
        _LOGGER.exception("Unexpected error, the courier goes on")
        board.post(trouble=UnexpectedError())
        return _AFTER_DEFECT


async def until_woken(wake: asyncio.Event, pause: float | None) -> None:
    """Sleep for so many seconds, None: for ever, or until woken."""
    if pause is None or pause > 0:
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await wake.wait()
