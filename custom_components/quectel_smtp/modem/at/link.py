"""``Link``: an open port: whether what was written has left, and whether it is there."""

import asyncio
from collections.abc import Callable
from typing import Final, cast, override

from . import outgoing
from .errors import ModemError, PortLostError

# Longer than a live link takes to acknowledge, shorter than the guard that follows.
_ACKNOWLEDGED: Final = 0.5


class Link(asyncio.Protocol):
    """One open port; what arrives, and who waits for it, is a subclass's business."""

    def __init__(self) -> None:
        """Make a link that becomes usable when its transport is connected."""
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._lost: PortLostError | None = None
        self._closed = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._last_write = 0.0
        self._last_read = 0.0
        self._late_check: asyncio.TimerHandle | None = None
        self._lost_listeners: list[Callable[[PortLostError], None]] = []

    # The transport's side.

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport; its buffer's limit makes "written" mean written."""
        self._transport = cast(asyncio.Transport, transport)
        outgoing.prepare(self._transport)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Fail every waiter, each once and all with the same error."""
        self._lost = PortLostError(
            "the port was closed" if exc is None else type(exc).__name__
        )
        self._lost.__cause__ = exc
        self._writable.set()
        if self._late_check is not None:
            self._late_check.cancel()
        self._closed.set()
        self._fail_everything(self._lost)
        for listener in tuple(self._lost_listeners):
            listener(self._lost)

    @override
    def pause_writing(self) -> None:
        """Hold the writer until what it wrote has left."""
        self._writable.clear()

    @override
    def resume_writing(self) -> None:
        """Let the writer go on: all that it wrote has left."""
        self._writable.set()

    @override
    def data_received(self, data: bytes) -> None:
        """Note when something was read last."""
        self._last_read = self._loop.time()

    def _fail_everything(self, error: ModemError) -> None:
        """Fail whoever waits on this port."""

    # The callers' side.

    @property
    def connected(self) -> bool:
        """Whether the port is open."""
        return self._transport is not None and self._lost is None

    def now(self) -> float:
        """The channel's clock, in seconds from an arbitrary point."""
        return self._loop.time()

    def on_lost(self, callback: Callable[[PortLostError], None]) -> None:
        """Call back once when the port goes away."""
        self._lost_listeners.append(callback)

    async def close(self) -> None:
        """Close the port and wait until it is closed; every waiter fails."""
        if self._transport is None:
            return
        if self._lost is None:
            outgoing.abort(self._transport)
        await self._closed.wait()

    # Writing.

    def _require_port(self) -> asyncio.Transport:
        """Return the open port, or raise what closed it."""
        if self._transport is None or self._lost is not None:
            raise self._lost or PortLostError("the port is not open")
        return self._transport

    def _write(self, data: bytes) -> None:
        transport = self._require_port()
        try:
            transport.write(data)
        except OSError as err:
            raise PortLostError("the port refused a write") from err
        self._last_write = self._loop.time()

    def _throw_away(self) -> None:
        """Throw away what has not left, now or once it turns out that it never did."""
        transport = cast(asyncio.Transport, self._transport)
        outgoing.throw_away(transport)
        if transport.is_closing():
            return
        self._late_check = self._loop.call_later(
            _ACKNOWLEDGED, outgoing.close_if_stuck, transport
        )

    async def _silence(self, seconds: float) -> None:
        """Wait until nothing was written for ``seconds``."""
        while (rest := self._last_write + seconds - self._loop.time()) > 0:
            await asyncio.sleep(rest)
