"""The serial wire: when which byte is on it, in both directions.

A pty has no speed, so bytes are let through at the rate of a UART: 10 bits a byte (start,
eight, stop), each on a schedule that is kept from the first byte of a burst, so that
errors of single wake-ups don't add up.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from .endpoint import Endpoint

# One wake-up carries what has become due; the last byte of a burst has its own
_QUANTUM = 0.001
# What the modem's UART buffers ahead of its interpreter, in time; the rest waits in the
# host's driver, so that a host feels the speed of the wire
_AHEAD = 0.1
_LARGEST_BACKLOG = 1 << 20
_LARGEST_READ = 65536


class Wire:
    """Carries bytes between an endpoint and the modem's console."""

    def __init__(
        self,
        endpoint: Endpoint,
        receive: Callable[[bytes], None],
        baud: int | None,
        garble: Callable[[bytes], bytes],
    ) -> None:
        """`baud` None: no pacing. `garble` sees every byte both ways (wrong speed)."""
        self._loop = asyncio.get_running_loop()
        self._endpoint = endpoint
        self._receive = receive
        self._garble = garble
        self._byte_time = 10 / baud if baud else 0.0
        self._out: deque[bytes | float] = deque()
        self._out_started = 0.0
        self._out_sent = 0
        self._out_timer: asyncio.TimerHandle | None = None
        self._glued: list[bytes] | None = None
        self._stuck = bytearray()
        self._in = bytearray()
        self._in_started = 0.0
        self._in_timer: asyncio.TimerHandle | None = None
        self._watched: int | None = None
        self._unstuck: int | None = None

    def duration(self, size: int) -> float:
        """How long so many bytes take, in seconds."""
        return size * self._byte_time

    # To the host

    def write(self, data: bytes) -> None:
        """Put bytes on the wire after those that are on it."""
        if self._glued is not None:
            self._glued.append(data)
        elif data:
            self._put(data)

    def pause(self, seconds: float) -> None:
        """Let the wire be silent for so long, after what is on it."""
        if seconds > 0:
            self._put(float(seconds))

    def glue(self, seconds: float) -> None:
        """Hold all output back for so long, then send it at one go."""
        if self._glued is None:
            self._glued = []
            self._loop.call_later(seconds, self._release)

    def flush(self) -> None:
        """Send at once what is not yet on the wire (the modem is about to go)."""
        for item in self._out:
            if isinstance(item, bytes):
                self._deliver(item[self._out_sent :])
            self._out_sent = 0
        self._out.clear()

    def drop_output(self) -> None:
        """Forget what is not yet on the wire."""
        self._out.clear()
        self._out_sent = 0
        self._stuck.clear()
        self._glued = None

    @property
    def idle(self) -> bool:
        """Whether all output has left, and no input is on the wire."""
        return not (self._out or self._stuck or self._in or self._glued)

    def _release(self) -> None:
        held, self._glued = self._glued, None
        self.write(b"".join(held or ()))

    def _put(self, item: bytes | float) -> None:
        if not self._out:
            self._out_started = max(self._out_started, self._loop.time())
            if not self._byte_time:
                self._out_started = self._loop.time()
        self._out.append(item)
        if self._out_timer is None:
            self._send_due()

    def _send_due(self) -> None:
        self._out_timer = None
        while self._out:
            now = self._loop.time()
            head = self._out[0]
            if isinstance(head, float):
                end = self._out_started + head
                if now < end:
                    self._out_timer = self._loop.call_at(end, self._send_due)
                    return
            else:
                length = self._byte_time * len(head)
                end = self._out_started + length
                due = self._due(head, now - self._out_started)
                self._deliver(head[self._out_sent : due])
                self._out_sent = due
                if due < len(head):
                    wake = min(end, max(now, self._out_started) + _QUANTUM)
                    self._out_timer = self._loop.call_at(wake, self._send_due)
                    return
            if self._out:
                self._out.popleft()
            self._out_started, self._out_sent = end, 0

    def _due(self, data: bytes, elapsed: float) -> int:
        if not self._byte_time:
            return len(data)
        return max(
            self._out_sent, min(len(data), int(elapsed / self._byte_time + 1e-6))
        )

    def _deliver(self, data: bytes) -> None:
        if not data or not self._endpoint.host_present():
            return
        data = self._garble(data)
        if self._stuck:
            if len(self._stuck) < _LARGEST_BACKLOG:
                self._stuck += data
            return
        sent = self._endpoint.write(data)
        if sent < len(data) and (fd := self._endpoint.fileno()) is not None:
            self._stuck += data[sent:]
            self._unstuck = fd
            self._loop.add_writer(fd, self._unstick)

    def _unstick(self) -> None:
        del self._stuck[: self._endpoint.write(bytes(self._stuck))]
        if not self._stuck:
            self._stop_writing()

    def _stop_writing(self) -> None:
        if self._unstuck is not None:
            self._loop.remove_writer(self._unstuck)
            self._unstuck = None

    # From the host

    def attach(self) -> None:
        """Begin to listen to the endpoint, which has just opened."""
        self._listen(True)

    def detach(self) -> None:
        """Stop: the endpoint is about to close. What is on the wire is lost."""
        self._listen(False)
        for timer in (self._in_timer, self._out_timer):
            if timer is not None:
                timer.cancel()
        self._in_timer = self._out_timer = None
        self._in.clear()
        self.drop_output()
        self._stop_writing()

    def _listen(self, wanted: bool) -> None:
        fd = self._endpoint.fileno() if wanted else None
        if fd == self._watched:
            return
        if self._watched is not None:
            self._loop.remove_reader(self._watched)
        self._watched = fd
        if fd is not None:
            self._loop.add_reader(fd, self._readable)

    def _room(self) -> int:
        if not self._byte_time:
            return _LARGEST_READ
        return max(64, int(_AHEAD / self._byte_time)) - len(self._in)

    def _readable(self) -> None:
        self._endpoint.host_present()
        data = self._endpoint.read(self._room())
        if not data:
            return
        data = self._garble(data)
        if not self._byte_time:
            self._receive(data)
            return
        if not self._in:
            self._in_started = max(self._in_started, self._loop.time())
        self._in += data
        if self._room() <= 0:
            self._listen(False)
        if self._in_timer is None:
            self._receive_due()

    def _receive_due(self) -> None:
        self._in_timer = None
        now = self._loop.time()
        due = min(len(self._in), int((now - self._in_started) / self._byte_time + 1e-6))
        if due > 0:
            data = bytes(self._in[:due])
            del self._in[:due]
            self._in_started += due * self._byte_time
            if self._watched is None and self._room() > 0:
                self._listen(True)
            self._receive(data)
        if self._in and self._in_timer is None:
            end = self._in_started + len(self._in) * self._byte_time
            wake = min(end, self._loop.time() + _QUANTUM)
            self._in_timer = self._loop.call_at(wake, self._receive_due)
