"""``Listeners``: those who want to be called, none of whom harms the others."""

from collections.abc import Callable
import logging

_LOGGER = logging.getLogger(__name__)


class Listeners[**P]:
    """Callbacks that are called one after the other, the first to come first."""

    def __init__(self) -> None:
        """Have nobody to call."""
        self._callbacks: list[Callable[P, None]] = []

    def add(self, callback: Callable[P, None]) -> Callable[[], None]:
        """Call back from now on; returns the undoing."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def tell(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call all of them; one that raises is logged, and keeps nothing from anybody.

        What is told has happened: it is no failure of whoever made it happen.
        """
        for callback in tuple(self._callbacks):
            try:
                callback(*args, **kwargs)
            except Exception:
                _LOGGER.exception("A listener failed; the others are told all the same")
