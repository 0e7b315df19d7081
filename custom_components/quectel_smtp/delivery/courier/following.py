"""``Following``: has what waits go to the recipients that there are now."""

from dataclasses import dataclass
import logging

from ..outbox.outbox import Outbox
from ..outbox.readdress import Recipients
from ..records import Instant

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Following:
    """Recipients of which what waits may not know yet."""

    recipients: Recipients
    left: bool = False
    """Whether it is only what is being sent that does not."""

    def follow(self, outbox: Outbox, at: Instant) -> Following | None:
        """Have what waits go to them; return what has still to, None: nothing."""
        if self.left and outbox.unsettled() is not None:
            return self
        followed = outbox.follow(self.recipients, at)
        if followed.cancelled:
            _LOGGER.warning(
                "Cancelled, as their recipient was removed: %d emails",
                followed.cancelled,
            )
        return Following(self.recipients, left=True) if followed.left else None
