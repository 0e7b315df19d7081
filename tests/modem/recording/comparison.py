"""A recorded modem beside the virtual one: where their answers differ in shape."""

import re

from custom_components.quectel_smtp.modem.recording.transcript import Transcript
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.tests.host import Host

from .answer_shape import Shape, shape


def differences(transcript: Transcript, profile: str) -> dict[str, tuple[Shape, Shape]]:
    """Ask the virtual modem the same; return recorded and answered, by command."""
    found: dict[str, tuple[Shape, Shape]] = {}
    with VirtualModem(profile=profile) as virtual, Host(virtual.port) as host:
        host.command("ATE0")
        _report_as_recorded(host, transcript)
        for exchange in transcript.exchanges:
            recorded = shape(exchange.command, exchange.received)
            answered = shape(exchange.command, host.command(exchange.command).encode())
            if recorded.succeeded is not None and not recorded.matches(answered):
                found[exchange.command] = recorded, answered
    return found


def _report_as_recorded(host: Host, transcript: Transcript) -> None:
    """Choose how much a registration line tells: the first field of its answer."""
    for exchange in transcript.exchanges:
        for name in ("CREG", "CGREG", "CEREG"):
            if found := re.search(rb"\+%b: (\d)," % name.encode(), exchange.received):
                if exchange.command == f"AT+{name}?":
                    host.ok(f"AT+{name}={int(found[1])}")
