"""The one error by which anything here says that something can't be attached."""

from ..delivery.enclosures import MissingReason


class NotAttachedError(Exception):
    """It is not attached; ``reason`` says why, for people."""

    def __init__(self, reason: MissingReason) -> None:
        """Keep the reason: names and paths are private, and not part of the error."""
        super().__init__(reason)
        self.reason = reason
