"""The limits of QISEND and QIRD are asked for, and settings of others undone."""

import pytest

from custom_components.quectel_smtp.modem.at.errors import CommandError
from custom_components.quectel_smtp.modem.tcp.preparation import Limits, prepare
from tests.modem.scripted_port import ERROR, OK, frame, open_port
from tests.modem.virtual_time import virtual_time

USUAL = Limits(1460, 1500)


@pytest.mark.parametrize(
    ("send", "read", "limits"),
    [
        (frame("+QISEND: (0-11),(0-1460)"), frame("+QIRD: (0-11),(0-1500)"), USUAL),
        (
            frame("+QISEND: (0-11),(1-1024)"),
            frame("+QIRD: (0-11),(0-512)"),
            Limits(1024, 512),
        ),
        (frame("+QISEND: (0-11),(0-9999)"), frame("+QIRD: (0-11)"), USUAL),
        (frame("+QISEND: (0-11),<length>"), OK, USUAL),
        (frame("+QISEND: (0-11),(0-0)"), OK, USUAL),
    ],
)
@virtual_time
async def test_limits_are_what_the_test_commands_say(
    send: bytes, read: bytes, limits: Limits
) -> None:
    port = open_port()
    port.answers |= {"AT+QISEND=?": send, "AT+QIRD=?": read, "AT+QISDE=0": ERROR}
    assert await prepare(port.channel) == limits
    assert 'AT+QICFG="viewmode",0' in port.lines
    assert "AT+QISDE=0" in port.lines


@virtual_time
async def test_a_firmware_without_tcp_commands_is_told() -> None:
    port = open_port()
    port.answers["AT+QISEND=?"] = ERROR
    with pytest.raises(CommandError):
        await prepare(port.channel)
