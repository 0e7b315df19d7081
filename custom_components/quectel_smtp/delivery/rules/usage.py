"""``Usage``: the bytes that ever went over the data connection, as far as they are known."""

from dataclasses import dataclass, field

from ...modem.network.traffic import Traffic


@dataclass(frozen=True, slots=True)
class Usage:
    """What is kept over restarts, ours and the modem's."""

    total: Traffic = field(default_factory=Traffic)
    counter: Traffic | None = None
    """What the modem's counter showed last; None where that is not known."""

    def after(self, counter: Traffic | None, streamed: Traffic) -> Usage:
        """Return what it is after the modem's counter was read; None: it has none.

        ``streamed``: what we know of by ourselves since then, which is what went by
        streams. It counts where the modem does not: before the first reading, and where
        the firmware has no counter.
        """
        if counter is None or self.counter is None:
            return Usage(self.total + streamed, counter)
        if counter >= self.counter:
            return Usage(self.total + (counter - self.counter), counter)
        # The modem has started anew since then.
        return Usage(self.total + counter, counter)
