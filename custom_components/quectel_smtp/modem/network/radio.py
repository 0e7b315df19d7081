"""The radio and what hangs on it: signal quality, band, functionality, contexts."""

from dataclasses import dataclass
from enum import IntEnum

from ..at.channel import AtChannel
from ..at.commands import Command, Deadline
from ..at.errors import CommandError
from ..at.syntax import number, parameters


@dataclass(frozen=True, slots=True)
class Quality:
    """``AT+QCSQ``: access technology, RSSI and RSRP in dBm, RSRQ in dB.

    ``sinr`` is as the firmware gives it: its unit differs between firmwares.
    """

    technology: str
    rssi: int | None
    rsrp: int | None
    sinr: int | None
    rsrq: int | None


@dataclass(frozen=True, slots=True)
class Cell:
    """``AT+QNWINFO``: access technology, operator's number, band, channel."""

    technology: str
    plmn: str
    band: str
    channel: int | None


class Functionality(IntEnum):
    """``AT+CFUN``: how much of the modem is on."""

    MINIMUM = 0
    FULL = 1
    RADIO_OFF = 4


async def _read(channel: AtChannel, line: str, prefix: str) -> tuple[str, ...] | None:
    """Return the parameters of a one-line answer, None where there is none."""
    try:
        lines = await channel.execute(Command(line, prefixes=(prefix,)))
    except CommandError:
        return None
    return parameters(lines[0]) if lines else None


async def quality(channel: AtChannel) -> Quality | None:
    """Return the signal's quality, None where firmware or network has none."""
    found = await _read(channel, "AT+QCSQ", "+QCSQ:")
    if found is None or len(found) < 5:
        return None
    rssi, rsrp, sinr, rsrq = (number(value) for value in found[1:5])
    return Quality(found[0], rssi, rsrp, sinr, rsrq)


async def cell(channel: AtChannel) -> Cell | None:
    """Return the serving cell, None without service."""
    found = await _read(channel, "AT+QNWINFO", "+QNWINFO:")
    if found is None or len(found) < 4:
        return None
    return Cell(found[0], found[1], found[2], number(found[3]))


async def subscriber(channel: AtChannel) -> str | None:
    """Return the SIM's IMSI, which never leaves diagnostics unredacted."""

    def is_imsi(text: str) -> bool:
        return text.isascii() and text.isdigit() and 6 <= len(text) <= 15

    try:
        lines = await channel.execute(
            Command("AT+CIMI", bare=is_imsi, deadline=Deadline.SIM)
        )
    except CommandError:
        return None
    return lines[0] if lines else None


async def functionality(channel: AtChannel) -> int | None:
    """Return ``AT+CFUN``'s value, None where it isn't told."""
    found = await _read(channel, "AT+CFUN?", "+CFUN:")
    return None if found is None else number(found[0])


async def set_functionality(channel: AtChannel, wanted: Functionality) -> None:
    """Turn the radio on or off; up to 15 s. It wears the modem's flash."""
    await channel.execute(Command(f"AT+CFUN={int(wanted)}", deadline=Deadline.REBOOT))


async def restart(channel: AtChannel) -> None:
    """Restart the modem: its answer, then ``ModemRebootedError`` to what follows."""
    await channel.execute(Command("AT+CFUN=1,1", deadline=Deadline.REBOOT))


async def attach(channel: AtChannel) -> None:
    """Attach the packet domain; up to 140 s (note 4.2)."""
    await channel.execute(Command("AT+CGATT=1", deadline=Deadline.ATTACH))


async def detach(channel: AtChannel) -> None:
    """Detach the packet domain; up to 140 s."""
    await channel.execute(Command("AT+CGATT=0", deadline=Deadline.ATTACH))


async def active_contexts(channel: AtChannel) -> tuple[int, ...]:
    """Return the contexts whose bearer is up, whoever activated them."""
    lines = await channel.execute(
        Command("AT+CGACT?", prefixes=("+CGACT:",), single=False)
    )
    found = []
    for line in lines:
        context, state = (*parameters(line), "")[:2]
        place = number(context)
        if place is not None and state == "1":
            found.append(place)
    return tuple(found)


async def release(channel: AtChannel, context_id: int) -> None:
    """Take down another context's bearer, where the network grants one only."""
    await channel.execute(
        Command(f"AT+CGACT=0,{context_id}", deadline=Deadline.DEACTIVATE)
    )
