"""AT+QSSLCFG: SSL contexts."""

from typing import TYPE_CHECKING

from ..errors import PLAIN_ERROR, AtError
from ..syntax import Form
from .registry import Handler, entering

if TYPE_CHECKING:
    from ..call import Call
    from ..modem import Modem

COMMANDS: dict[str, Handler] = {}
_command = entering(COMMANDS)


@_command("+QSSLCFG")
def qsslcfg(modem: Modem, call: Call) -> None:
    """Read or change one key of one context."""
    contexts = modem.tls
    if call.form is Form.TEST:
        for key in contexts.keys.values():
            call.info(key.described(modem.profile.ssl_contexts))
        return
    if call.form is not Form.WRITE:
        raise AtError(PLAIN_ERROR)
    call.count(2, 4)
    name = call.string(0).lower()
    if name not in contexts.keys:
        raise AtError(PLAIN_ERROR)
    key = contexts.keys[name]
    context = call.number(1, 0, modem.profile.ssl_contexts - 1)
    if call.count(2, 4) == 2:
        value = contexts.get(context, name)
        shown = f'"{value}"' if key.is_file else value
        call.info(f'+QSSLCFG: "{name}",{context},{shown}')
        return
    contexts.set(context, name, call.command.parameters[2].text or "")
