"""Data mode's input, free of I/O: the byte count, the `+++` guards, the ACKs that are due.

SMTP note 1.3: data mode ends when the announced count has come, when its time is over,
on `+++` with a second of silence before and after it and typed within one second, or on
DTR.
"""

from dataclasses import dataclass, field

from .observations import TransferEnd

_PLUS = ord("+")
_ACK_BLOCK = 1024


@dataclass(slots=True)
class DataMode:
    """The input of one data mode.

    expected: bytes announced; last_input: when the last byte before it came;
    guard: length of the silences around `+++`, in seconds.
    """

    expected: int
    last_input: float
    guard: float
    data: bytearray = field(default_factory=bytearray)
    end: TransferEnd | None = None
    acks_given: int = 0
    _pluses: int = 0
    _first_plus: float = 0.0

    def take(self, chunk: bytes, now: float) -> int:
        """Take bytes that came at `now`; how many of them belong to this data mode."""
        self.tick(now)
        if self.end is not None or not chunk:
            return 0
        run = self._escape_characters(chunk, now)
        room = self.expected - len(self.data)
        if run == len(chunk) and self._pluses < room:
            return run
        held, self._pluses = self._pluses, 0
        taken = (b"+" * held + chunk[run:])[:room]
        self.data += taken
        if len(self.data) == self.expected:
            self.end = TransferEnd.COMPLETE
        return len(taken) - (held - run)

    def tick(self, now: float) -> None:
        """Let time pass: an escape sequence may have become whole, or plain data."""
        if self.end is not None or not self._pluses:
            return
        if self._pluses == 3:
            if now - self.last_input >= self.guard:
                self.end = TransferEnd.ESCAPED
        elif now - self._first_plus > self.guard:
            self._keep_pluses()

    def escape_at(self) -> float | None:
        """When a `+++` that stands last becomes an escape, if nothing follows it."""
        return self.last_input + self.guard if self._pluses == 3 else None

    def finish(self, end: TransferEnd) -> None:
        """End it from outside; pluses that wait for their guard become data."""
        if self.end is None:
            self._keep_pluses()
            self.end = end

    def acks_due(self) -> int:
        """How many new whole blocks of 1024 bytes ask for their ACK."""
        due = len(self.data) // _ACK_BLOCK - self.acks_given
        self.acks_given += due
        return due

    def _escape_characters(self, chunk: bytes, now: float) -> int:
        """How many bytes at the chunk's start may belong to an escape sequence."""
        silent_before = now - self.last_input >= self.guard
        self.last_input = now
        if not self._pluses and not silent_before:
            return 0
        run = 0
        while run < len(chunk) and chunk[run] == _PLUS and self._pluses < 3:
            if not self._pluses:
                self._first_plus = now
            self._pluses += 1
            run += 1
        return run

    def _keep_pluses(self) -> None:
        self.data += b"+" * self._pluses
        self._pluses = 0
