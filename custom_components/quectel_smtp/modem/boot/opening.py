"""Opens the port of a modem at the speed that the modem listens at."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from ..at.channel import AtChannel
from ..at.errors import ModemError, NoAnswerError, NotAModemError
from ..at.port import Connect, PortSettings

# Where a modem is found that someone has set up: the usual ones first.
SPEEDS: Final = (115200, 9600, 921600, 460800, 230400, 57600, 38400, 19200)


async def open_synchronised(
    settings: PortSettings,
    connector: Connect,
    listen: Callable[[AtChannel], None],
    speeds: Sequence[int] = SPEEDS,
) -> AtChannel:
    """Return the channel of a modem that answers; a wrong port is told within 20 s.

    A modem that is set to another of the ``speeds`` is found at that one. ``listen`` is
    called with each port that is opened, before anything can have been read from it.
    """

    async def synchronised(settings: PortSettings, escape: bool) -> AtChannel:
        channel = await connector(settings)
        try:
            listen(channel)
            await channel.synchronise(escape=escape)
        except BaseException:
            await channel.close()
            raise
        return channel

    silent: ModemError
    try:
        return await synchronised(settings, escape=True)
    except (NoAnswerError, NotAModemError) as err:
        silent = err
    # Behind a URL the other end knows the speed.
    for speed in () if "://" in settings.url else speeds:
        if speed == settings.baudrate:
            continue
        try:
            return await synchronised(replace(settings, baudrate=speed), escape=False)
        except NoAnswerError, NotAModemError:
            continue
    raise silent
