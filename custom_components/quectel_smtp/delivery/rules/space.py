"""Counts the room that an email has beside its text, by whichever way it goes.

A file in the modem's store takes whole blocks of it; by the stream all that is no plain
text is written in base64 or as quoted-printable, which makes it half as long again at
most, with the head of each part.
"""

from typing import Final

from ...modem.mail import files
from ..enclosures import MissingReason
from .capacity import Capacity

# A line of 76 characters and its end for 57 bytes (RFC 2045 6.8) is 1.37; in a text of
# which up to a sixth needs three characters for a byte (6.7), soft line breaks too, 1.39.
_TENTHS: Final = 14
_HEAD: Final = 1_000
"""Bytes of a part's head, with its name in whatever script (RFC 2231)."""
_HEADERS: Final = 12_000
"""Bytes of all headers of an email but its addresses: a subject of 250 characters, too."""


def encoded_size(size: int) -> int:
    """Return the bytes that a part of ``size`` bytes takes by the stream, at most."""
    return size * _TENTHS // 10 + _HEAD


class Space:
    """The room that is left."""

    def __init__(self, capacity: Capacity, addresses: int) -> None:
        """Begin with all of it; ``addresses``: bytes of those in headers."""
        self._count = capacity.attachments
        self._store = capacity.store
        # Each address on a line of its own, at most.
        self._size = (
            None
            if capacity.size is None
            else max(capacity.size - _HEADERS - 4 * addresses, 0)
        )

    @property
    def text(self) -> int | None:
        """Bytes that a part may have which goes by the stream; None: any number."""
        if self._size is None:
            return None
        return max((self._size - _HEAD) * 10 // _TENTHS, 0)

    def take(self, size: int) -> bool:
        """Take room for a part of ``size`` bytes that is no file of the modem's."""
        if self._size is None:
            return True
        needed = encoded_size(size)
        if needed > self._size:
            return False
        self._size -= needed
        return True

    def take_file(self, size: int) -> MissingReason | None:
        """Take room for a file of ``size`` bytes; return why there is none."""
        if self._count == 0:
            return MissingReason.TOO_MANY
        if self._store is not None:
            needed = files.space(size)
            if needed > self._store or size > files.SIZE_LIMIT:
                return MissingReason.TOO_LARGE
            self._store -= needed
        elif not self.take(size):
            return MissingReason.TOO_LARGE
        if self._count is not None:
            self._count -= 1
        return None
