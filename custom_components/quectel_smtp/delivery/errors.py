"""What keeps a person from having done what they asked for."""


class OutboxError(Exception):
    """The email was not accepted: nothing of it is kept."""


class OutboxFullError(OutboxError):
    """As many emails as there is room for wait already: ``limit`` of ``unit``."""

    def __init__(self, limit: int, unit: str) -> None:
        """Take the limit, and whether it counts ``emails`` or ``bytes``."""
        self.limit = limit
        self.unit = unit
        super().__init__(f"{limit} {unit}")


class OutboxWriteError(OutboxError):
    """The commit failed: the disk is full, read-only or broken."""


class UnreadableError(OutboxWriteError):
    """A block of the disk is bad: what lies on it can't be read, nor erased."""


class OutboxNewerError(OutboxWriteError):
    """A newer version of this program wrote the outbox: nothing of it is touched."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("written by a newer version")


class NotWaitingError(Exception):
    """No email with this reference waits: it is over, or there never was one."""


class BeingSentError(Exception):
    """The email is being sent at this moment: whether it can be stopped is unknown."""


class BusyError(Exception):
    """The modem is being used for an email, or by a dialog: it is left alone."""


class TooSoonError(Exception):
    """The modem was restarted often of late: it may be again in ``seconds``."""

    def __init__(self, seconds: float) -> None:
        """Take how long it has to wait."""
        self.seconds = seconds
        super().__init__(f"{seconds:.0f} s")
