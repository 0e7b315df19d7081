"""``AtChannel``: commands, and the data that some of them take or give, counted exactly.

It runs over any asyncio transport. What is data never becomes a command, nor an answer:
a data mode or a prompt that is cut off is left before anything else is written.
"""

import asyncio
from typing import Final, cast

from . import outgoing
from .command_channel import CommandChannel
from .commands import Command
from .data_mode import ACK_BLOCK, pieces
from .errors import (
    CommandError,
    DataModeError,
    ModemError,
    NoAnswerError,
    UnexpectedAnswerError,
)
from .exchange import Exchange

# Seconds for data to leave once it was asked for: a prompt waits 5 s where nobody has
# set another time (TCP/IP note 2.4.1, "qisend/timeout"); what comes later are commands.
_PROMPT_TIME: Final = 4.0


class AtChannel(CommandChannel):
    """AT commands over one open port; the fifteen rules of a trustworthy engine."""

    async def transfer(
        self,
        command: Command,
        data: bytes,
        *,
        timeout: float,
        acknowledged: bool = False,
        settle: float = 0.0,
    ) -> tuple[str, ...]:
        """Send ``command``, then ``data`` in data mode; returns the lines after it.

        ``timeout`` in seconds is for the data and its result, and has to end well before
        the input time that the command gives the modem: what a stalled link delivers
        after that are commands. So what has not left by then is thrown away, if need be
        with the port. The command's own deadline is for ``CONNECT``.

        With ``acknowledged`` the modem answers each 1,024 bytes (FILE note, ACK mode).
        ``settle`` is a pause in seconds between ``CONNECT`` and the first byte.
        ``DataModeError`` if the modem left data mode before it had every byte: nothing
        more is written then.
        """
        async with self._lock:
            await self._resync()
            exchange = await self._begin(command, connect=True)
            if not await self._connect(exchange):
                await self._finish(exchange, command.deadline)
                raise UnexpectedAnswerError(command.name)
            ends = self._loop.time() + timeout
            self._in_data_mode = True
            try:
                with outgoing.short_lived(self._require_port()):
                    async with asyncio.timeout_at(ends):
                        await self._write_data(exchange, data, acknowledged, settle)
                    lines = await self._finish(exchange, ends - self._loop.time())
            except TimeoutError as err:
                self._abandon_data(exchange)
                raise NoAnswerError(command.name) from err
            except NoAnswerError, asyncio.CancelledError:
                # Bytes may be missing: the next command begins with the escape.
                self._abandon_data(exchange)
                raise
            except ModemError:
                # The modem has left data mode; what was under way to it may have
                # been taken for a command.
                self._abandon_data(exchange)
                self._in_data_mode = False
                raise
            finally:
                self._parser.expect_lines()
            self._in_data_mode = False
            return lines

    async def receive(self, command: Command, limit: int) -> bytes:
        """Send ``command`` and return the bytes that its information line counts.

        They are ``limit`` at most, and may be anything: none of them is read as a line,
        not even when they come late. ``UnexpectedAnswerError`` where they don't end as
        counted; then they are lost. Else as ``execute``.
        """
        async with self._lock:
            await self._resync()
            self._parser.expect_data(command.prefixes[0], limit)
            exchange = await self._begin(command)
            try:
                lines = await self._finish(exchange, command.deadline)
            except UnexpectedAnswerError:
                # What is left of the answer must not wait for the next command.
                await self._resync()
                raise
            finally:
                self._expect_no_more()
            if not lines:
                raise UnexpectedAnswerError(command.name)
            return exchange.data

    async def send(self, command: Command, data: bytes) -> str:
        """Send ``command``, then ``data`` once it is asked for by a prompt.

        Returns the final result, ``OK`` or one of the command's own. After an error the
        modem may have taken other bytes in the place of ``data``. What has not left in
        time never may: it is thrown away, if need be with the port. Else as ``execute``.
        """
        async with self._lock:
            await self._resync()
            self._parser.expect_prompt()
            self._owed = len(data)
            exchange = await self._begin(command, connect=True)
            await self._await_connected(exchange)
            try:
                with outgoing.short_lived(self._require_port(), _PROMPT_TIME):
                    if not exchange.done.done():
                        self._write(data)
                        async with asyncio.timeout(_PROMPT_TIME):
                            await self._writable.wait()
                    await self._finish(exchange, command.deadline)
            except TimeoutError as err:
                self._abandon_data(exchange)
                raise NoAnswerError(command.name) from err
            except CommandError:
                raise
            except ModemError, asyncio.CancelledError:
                # Something of it may be under way, to a modem that asks for none.
                self._abandon_data(exchange)
                raise
            finally:
                self._expect_no_more()
            return exchange.done.result()

    def _expect_no_more(self) -> None:
        """Read lines only, unless the answer may still come: it must not be lines."""
        if not self.dirty:
            self._owed = 0
            self._parser.expect_lines()

    def _abandon_data(self, exchange: Exchange) -> None:
        """Give up on a data mode: nothing of it may arrive once that is over."""
        self._abandon(exchange)
        self._throw_away()

    # Data mode.

    async def _connect(self, exchange: Exchange) -> bool:
        """Wait for ``CONNECT``; False if a final result came instead."""
        # Should the wait be cut off, CONNECT may be on its way all the same.
        self._in_data_mode = True
        await self._await_connected(exchange)
        if exchange.done.done():
            self._in_data_mode = False
            return False
        return True

    async def _await_connected(self, exchange: Exchange) -> None:
        """Wait until the modem takes data, or the command has ended without."""
        connected = cast("asyncio.Future[None]", exchange.connected)
        try:
            await asyncio.wait(
                (connected, exchange.done),
                timeout=exchange.command.deadline,
                return_when=asyncio.FIRST_COMPLETED,
            )
        except asyncio.CancelledError:
            self._abandon(exchange)
            raise
        if not connected.done() and not exchange.done.done():
            self._abandon(exchange)
            raise NoAnswerError(exchange.command.name)

    async def _write_data(
        self, exchange: Exchange, data: bytes, acknowledged: bool, settle: float
    ) -> None:
        """Write every byte, or none after the modem has left data mode."""
        self._acknowledged = 0
        if acknowledged:
            self._parser.expect_acknowledgements()
        if settle:
            await asyncio.sleep(settle)
        for start, end in pieces(data, ACK_BLOCK if acknowledged else None):
            while acknowledged and self._acknowledged < start // ACK_BLOCK:
                self._check_data_mode(exchange)
                self._progress.clear()
                await self._progress.wait()
            self._check_data_mode(exchange)
            self._write(data[start:end])
            await self._writable.wait()

    def _check_data_mode(self, exchange: Exchange) -> None:
        """Raise if the modem no longer takes data: the rest would be commands."""
        if exchange.done.done():
            self._raise_error(exchange.command, exchange.done.result())
            raise DataModeError(exchange.command.name)
