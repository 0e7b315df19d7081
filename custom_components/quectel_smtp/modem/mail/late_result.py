"""The result of an email that was handed over earlier, and who waits for it.

``+QSMTPPUT`` carries no identity: while one may still arrive, it must not be taken for
that of another email.
"""

import asyncio
from contextlib import suppress
from typing import Final

from ..at.errors import ModemRebootedError, NoAnswerError, PortLostError
from .smtp import Outcome, parse_result

_RESULT: Final = "+QSMTPPUT:"


class LateResult:
    """Guards one unsettled PUT, over any number of openings of the port.

    How it ended is kept until somebody was told: by ``outcome``, or by the next PUT.
    """

    def __init__(self) -> None:
        """Guard nothing, on a port that isn't open."""
        # On the loop's clock; None: there is nothing to wait for.
        self._until: float | None = None
        self._outcome: Outcome | None = None
        self._rebooted = False
        self.overdue = False
        """Whether a PUT's time is over, and it is unknown if it ended."""
        self._lost: PortLostError | None = PortLostError("the port is not open")
        self._news = asyncio.Event()

    @property
    def unsettled(self) -> bool:
        """Whether it is unknown how the PUT ended, its time may be over or not."""
        return self._until is not None

    def begin(self, seconds: float) -> None:
        """Guard our own PUT, which reports within ``seconds``."""
        self.withdraw()
        self._until = asyncio.get_running_loop().time() + seconds

    def expect(self, seconds: float) -> None:
        """Guard an earlier PUT, which may report within ``seconds``.

        It may be known already how that ended: one PUT at most is unsettled.
        """
        if self._outcome is None and not self._rebooted:
            self.begin(seconds)

    def withdraw(self) -> None:
        """Forget the PUT: it never began, or has its result."""
        self._until = None
        self._outcome = None
        self._rebooted = self.overdue = False

    # What arrives.

    def take(self, line: str) -> None:
        """Take the result's line, if one is awaited."""
        self.overdue = False
        if self._until is not None:
            self._until = None
            self._outcome = parse_result(line)
            self._news.set()

    def rebooted(self) -> None:
        """The modem has restarted: nothing that it was sending goes on."""
        self.overdue = False
        if self._until is not None:
            self._until = None
            self._rebooted = True
            self._news.set()

    def opened(self) -> None:
        """The port is open: what arrives is heard."""
        self._lost = None

    def lost(self, error: PortLostError) -> None:
        """The port is gone: whoever waits is told, and the guard stays."""
        self._lost = error
        self._news.set()

    # Who waits.

    async def wait(self) -> None:
        """Wait until no result can arrive; ``PortLostError`` if the port is gone."""
        loop = asyncio.get_running_loop()
        while self._until is not None:
            self._require_port()
            if loop.time() >= self._until:
                self._until = None
                return
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._until):
                    await self._news.wait()

    async def outcome(self) -> Outcome:
        """Return how the PUT ended; ``ModemRebootedError``, ``NoAnswerError``.

        ``PortLostError`` if the port is gone, and how it ended is unknown.
        """
        await self.wait()
        outcome, rebooted = self._outcome, self._rebooted
        self.withdraw()
        if rebooted:
            raise ModemRebootedError
        if outcome is None:
            self.overdue = True
            raise NoAnswerError(_RESULT)
        return outcome

    def _require_port(self) -> None:
        if self._lost is not None:
            raise PortLostError(str(self._lost)) from self._lost
