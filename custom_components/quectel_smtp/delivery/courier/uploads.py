"""``KeptUploads``: which files in the modem's store are ours, as the outbox knows it."""

from typing import override

from ...modem.mail.uploads import Uploads, digest
from ..outbox.thread import OutboxThread


class KeptUploads(Uploads):
    """The note of one modem: another one has files of its own."""

    def __init__(self, outbox: OutboxThread, imei: str | None) -> None:
        """Take the outbox, and who the modem is."""
        self._outbox = outbox
        self._modem = digest(imei or "")

    @override
    async def noted(self) -> tuple[str, ...]:
        return await self._outbox.do(lambda outbox, _: outbox.uploads(self._modem))

    @override
    async def note(self, digests: tuple[str, ...]) -> None:
        await self._outbox.do(
            lambda outbox, at: outbox.note_uploads(self._modem, digests, at)
        )
