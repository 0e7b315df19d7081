"""The data of AT+QISEND after its prompt, free of I/O (T 2.4.10).

With a length, exactly so many bytes are taken, whatever they are. Without one they end
with Ctrl-Z, and Esc drops them.
"""

from dataclasses import dataclass, field

from .observations import TransferEnd

_CTRL_Z = 0x1A
_ESC = 0x1B


@dataclass(slots=True)
class PromptInput:
    """The input after one prompt; `expected`: bytes announced, None for Ctrl-Z.

    longest: bytes that are taken without a length; what follows is lost.
    """

    expected: int | None
    longest: int
    data: bytearray = field(default_factory=bytearray)
    end: TransferEnd | None = None

    def take(self, chunk: bytes, _: float) -> int:
        """Take bytes; how many of them belong to this input."""
        if self.end is not None:
            return 0
        if self.expected is not None:
            taken = chunk[: self.expected - len(self.data)]
            self.data += taken
            if len(self.data) == self.expected:
                self.end = TransferEnd.COMPLETE
            return len(taken)
        for index, byte in enumerate(chunk):
            if byte in (_CTRL_Z, _ESC):
                ended = byte == _CTRL_Z
                self.end = TransferEnd.COMPLETE if ended else TransferEnd.ESCAPED
                return index + 1
            if len(self.data) < self.longest:
                self.data.append(byte)
        return len(chunk)

    def tick(self, now: float) -> None:
        """Nothing here depends on time."""

    def escape_at(self) -> None:
        """`+++` means nothing here."""
        return

    def finish(self, end: TransferEnd) -> None:
        """End it from outside."""
        if self.end is None:
            self.end = end

    def acks_due(self) -> int:
        """No acknowledgements here."""
        return 0
