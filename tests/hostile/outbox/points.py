"""Where a process is killed: the points between which an email is nowhere safe by itself.

The numbers are those of the promises; for an outbox on SQLite the first five are those of
its transaction. Each has its meaning by the stream, too, where PUT is the end of DATA's
text: the line with a dot.
"""

from enum import StrEnum
import os
import signal
import threading


class Point(StrEnum):
    """A moment in an email's life."""

    BEFORE_BEGIN = "01 accepting, before BEGIN"
    AFTER_INSERT = "02 accepting, after INSERT"
    BEFORE_COMMIT = "03 accepting, before COMMIT"
    AFTER_COMMIT = "04 accepting, after COMMIT"
    BEFORE_RETURN = "05 accepted, before the caller knows"
    BEFORE_INTENT = "06 before the intent to send is recorded"
    AFTER_INTENT = "07 after the intent to send is recorded"
    CONFIGURING = (
        "08 during the account's configuration, or before the server is connected to"
    )
    BETWEEN_RECIPIENTS = "09 between two recipients"
    AFTER_SUBJECT = "10 after the subject, or before DATA"
    AFTER_CONNECT = "11 after CONNECT, or DATA's reply, before the body"
    MID_BODY = "12 in the middle of the body, or of its first piece"
    MID_UPLOAD = "13 in the middle of an attachment, or between two pieces"
    BEFORE_PUT = "14 before PUT, or the last piece"
    PUT_WRITTEN = "15 after PUT, or the last piece, before its OK"
    PUT_ACCEPTED = "16 after PUT's OK, before the result"
    BEFORE_RECORD = "17 after the result, before it is recorded"
    AFTER_RECORD = "18 after the result is recorded, before anything is erased"
    RECOVERING = "19 while a start looks for what was left"
    EXPIRING = "20 while an email expires"
    SETTING_ASIDE = "20 while a damaged outbox is set aside"
    BEFORE_SHOWN = "21 after the commit, before the event"
    AFTER_SHOWN = "22 after the event, before it is marked as shown"

    @property
    def in_doubt(self) -> bool:
        """Whether the email may be under way, or gone, without a result we know of."""
        return self in _IN_DOUBT


# The intent is recorded right before PUT, or the last line: after it nobody knows whether
# that was written.
_IN_DOUBT = frozenset(
    {
        Point.AFTER_INTENT,
        Point.BEFORE_PUT,
        Point.PUT_WRITTEN,
        Point.PUT_ACCEPTED,
        Point.BEFORE_RECORD,
    }
)


class Trap:
    """Kills this process, outright, when a point is reached for the n-th time."""

    def __init__(self) -> None:
        """Set for nothing."""
        self._point: Point | None = None
        self._count = 0
        self._delay = 0.0

    def set(self, point: Point, count: int = 1, delay: float = 0.0) -> None:
        """Spring at the ``count``-th passage of ``point``, ``delay`` seconds later."""
        self._point, self._count, self._delay = point, count, delay

    def reach(self, point: Point) -> None:
        """Pass a point."""
        if point is not self._point:
            return
        self._count -= 1
        if self._count:
            return
        if self._delay:
            timer = threading.Timer(self._delay, _kill)
            timer.daemon = True
            timer.start()
        else:
            _kill()


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
