"""What a command's handler is, and how one is entered in its file's table."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..call import Call
    from ..modem import Modem

type Handler = Callable[[Modem, Call], Awaitable[None] | None]


def entering(table: dict[str, Handler]) -> Callable[..., Callable[[Handler], Handler]]:
    """A decorator that enters a handler in `table` under the names it is given."""

    def decorator(*names: str) -> Callable[[Handler], Handler]:
        def enter(handler: Handler) -> Handler:
            for name in names:
                table[name] = handler
            return handler

        return enter

    return decorator
