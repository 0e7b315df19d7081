"""Cuts what is written in data mode, so that no stall makes an escape of it."""

from collections.abc import Iterator
from typing import Final

ACK_BLOCK: Final = 1024
"""Bytes of an upload in ACK mode that one ``A`` of the modem answers."""
_PIECE: Final = 511


def pieces(data: bytes, block: int | None) -> Iterator[tuple[int, int]]:
    """Cut ``data`` into writes of at most 511 bytes, none of them a bare ``+++``.

    The modem leaves data mode at ``+++`` with silence on both sides. So a cut never
    falls next to a plus sign where it can be helped: whatever stalls between two
    writes, the three signs arrive with a neighbour. With ``block`` there is a cut at
    each multiple of it, since the modem's acknowledgement is awaited there.
    """
    start = 0
    while start < len(data):
        limit = len(data) if block is None else (start // block + 1) * block
        end = min(start + _PIECE, limit, len(data))
        if end < limit and end < len(data):
            cut = end
            while cut > start + 1 and b"+" in data[cut - 1 : cut + 1]:
                cut -= 1
            if cut > start + 1:
                end = cut
        yield start, end
        start = end
