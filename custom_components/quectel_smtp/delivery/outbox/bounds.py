"""``Bounds``: how much may wait in an outbox."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...modem.mail.attachments import Attachment
from ..enclosures import Missing, MissingReason
from ..errors import OutboxFullError
from ..rules.acceptance import left_out
from . import items
from .store import Store


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may wait.

    ``reserved`` places, and a tenth of the bytes, are for critical emails only.
    """

    emails: int
    size: int
    reserved: int

    def check(self, store: Store, critical: bool, size: int) -> None:
        """Raise ``OutboxFullError`` if there is no room for one more email."""
        emails = self.emails if critical else self.emails - self.reserved
        if store.totals.emails >= emails:
            raise OutboxFullError(emails, "emails")
        if size > self.room(store, critical):
            raise OutboxFullError(self._most(critical), "bytes")

    def room(self, store: Store, critical: bool) -> int:
        """Return for how many bytes there is room."""
        return self._most(critical) - store.totals.size

    def _most(self, critical: bool) -> int:
        return self.size if critical else self.size - self.size // 10

    def fitting(
        self,
        store: Store,
        critical: bool,
        attachments: Sequence[Attachment],
        beside: int = 0,
    ) -> tuple[tuple[Attachment, ...], tuple[Missing, ...]]:
        """Return the attachments for which there is room, and the others as missing.

        They leave a twentieth of the bytes to texts, which are never refused for the
        sake of pictures. ``beside``: bytes that are taken up by what comes with them.
        """
        room = self.room(store, critical) - self.size // 20 - beside
        fit, over = [], []
        for one in attachments:
            if items.size(one) <= room:
                room -= items.size(one)
                fit.append(one)
            else:
                over.append(one)
        return tuple(fit), left_out(over, MissingReason.NO_ROOM)
