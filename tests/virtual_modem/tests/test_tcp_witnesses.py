"""What public logs of other people's modules show of TCP, replayed.

`transcripts/README.md` says where each was seen, in the same order and under these names.
Addresses, numbers of bytes and payloads are our own where they don't matter.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from ..fault_model import Action, Fault, Moment
from .conftest import Started
from .tcp_server import TcpServer
from .test_tcp import CLOSED, NAME, RECV

OPENING = f'AT+QIOPEN=1,0,"TCP","{NAME}",25,0,'
OPENED = b"\r\nOK\r\n\r\n+QIOPEN: 0,0\r\n"
BINARY = bytes(range(256)) * 14


@dataclass(frozen=True)
class Host:
    """The host writes a command line, or data."""

    data: bytes


@dataclass(frozen=True)
class Modem:
    """The modem writes exactly this."""

    data: bytes


@dataclass(frozen=True)
class Listed:
    """The modem lists the connection: what stands before and after its local port."""

    before: bytes
    after: bytes


@dataclass(frozen=True)
class Server:
    """The server sends this, or hangs up (nothing)."""

    data: bytes


type Step = Host | Modem | Listed | Server


def ask(line: str, answer: bytes) -> tuple[Step, ...]:
    """A command and its answer."""
    return Host(line.encode() + b"\r"), Modem(answer)


def error(line: str) -> tuple[Step, ...]:
    """A command that fails."""
    return ask(line, b"\r\nERROR\r\n")


def told(line: str, info: str) -> tuple[Step, ...]:
    """A command with one line of information."""
    return ask(line, b"\r\n%s\r\n\r\nOK\r\n" % info.encode())


def read(line: str, data: bytes) -> tuple[Step, ...]:
    """A reading: count, data, and an empty line before OK."""
    return ask(line, b"\r\n+QIRD: %d\r\n%s\r\n\r\nOK\r\n" % (len(data), data))


def sent(data: bytes) -> tuple[Step, ...]:
    """A sending."""
    return (
        *ask(f"AT+QISEND=0,{len(data)}", b"\r\n> "),
        Host(data),
        Modem(b"\r\nSEND OK\r\n"),
    )


WITNESSES: dict[str, tuple[Step, ...]] = {
    "bg96-mqtt": (
        *ask(f"{OPENING}0", OPENED),
        *sent(b"x" * 83),
        *told("AT+QIRD=0,0", "+QIRD: 0,0,0"),
        Host(b"AT+QISTATE=1,0\r"),
        Listed(b'\r\n+QISTATE: 0,"TCP","203.0.113.1",25,', b',2,1,0,0,"usbat"'),
        Modem(b"\r\n\r\nOK\r\n"),
        Server(b"\x20\x02\x00\x00"),
        Modem(RECV),
        *told("AT+QIRD=0,0", "+QIRD: 4,0,4"),
        *read("AT+QIRD=0,4", b"\x20\x02\x00\x00"),
        *told("AT+QIRD=0,0", "+QIRD: 4,4,0"),
        *ask("AT+QICLOSE=0", b"\r\nOK\r\n"),
        *error("AT+QIRD=0,0"),
        *ask("AT+QISTATE=1,0", b"\r\nOK\r\n"),
    ),
    "bg96-tls": (
        *ask(f"{OPENING}0", OPENED),
        Server(BINARY[:3524]),
        Modem(RECV),
        *read("AT+QIRD=0,5", BINARY[:5]),
        *read("AT+QIRD=0,1500", BINARY[5:1505]),
        *read("AT+QIRD=0,1500", BINARY[1505:3005]),
        *told("AT+QIRD=0,0", "+QIRD: 3524,3005,519"),
        *read("AT+QIRD=0,519", BINARY[3005:3524]),
        *sent(b"\x16\x03\x03\x00\x07\x0b\x00\x00\x03\x00\x00\x00"),
    ),
    "bg96-unasked": (
        *ask(f"{OPENING}0", OPENED),
        Server(BINARY[:3000]),
        Modem(RECV),
        *read("AT+QIRD=0", BINARY[:1500]),
    ),
    "ec21-push": (
        *ask(f"{OPENING}1", OPENED),
        Server(b"HTTP/1.1 200 OK\r\n\r\nHello world!\n"),
        Modem(b'\r\n+QIURC: "recv",0,32\r\nHTTP/1.1 200 OK\r\n\r\nHello world!\n\r\n'),
        Server(b""),
        Modem(CLOSED),
    ),
    "ec21-nothing": (
        *ask(f"{OPENING}0", OPENED),
        *told("AT+QIRD=0", "+QIRD: 0"),
        *told("AT+QIRD=0", "+QIRD: 0"),
    ),
    "ec800m-download": (
        *ask(f"{OPENING}0", OPENED),
        Server(b"\x7fELF\r\nOK\r\n\x00\xff"),
        Modem(RECV),
        *ask(
            "AT+QIRD=0,400",
            b"\r\n+QIRD: 12\r\n\x7fELF\r\nOK\r\n\x00\xff\r\n"
            b"\r\n+QIND: SMS DONE\r\n\r\nOK\r\n",
        ),
    ),
    "atcom-refused": (
        *error(f'AT+QIOPEN=1,0,"TCP","{NAME}",25,0,7'),
        *told("AT+QIGETERROR", "+QIGETERROR: 552,invalid parameters"),
    ),
    "bg95-note": (
        *ask(f"{OPENING}0", OPENED),
        *sent(b"test2"),
        *sent(b"test"),
        *told("AT+QISEND=0,0", "+QISEND: 9,9,0"),
        Server(b"test1"),
        Modem(RECV),
        *read("AT+QIRD=0,1500", b"test1"),
        *told("AT+QIRD=0,1500", "+QIRD: 0"),
        *told("AT+QIRD=0,0", "+QIRD: 5,5,0"),
        *ask("AT+QICLOSE=0", b"\r\nOK\r\n"),
    ),
}


@pytest.mark.parametrize("name", WITNESSES)
def test_the_virtual_modem_speaks_as_the_modules_did(
    start: Callable[..., Started], name: str
) -> None:
    """Byte for byte."""
    with TcpServer() as server:
        modem, host = start(hosts={NAME: {25: server.port}})
        host.ok('AT+QICSGP=1,1,"internet"', "AT+QIACT=1")
        if name == "ec800m-download":
            late = Fault(
                Action.URC, "QIRD", Moment.BEFORE_FINAL, text="+QIND: SMS DONE"
            )
            modem.fault(late)
        for step in WITNESSES[name]:
            match step:
                case Host(data):
                    host.write(data)
                case Modem(data):
                    assert host.read_until(data) == data
                case Listed(before, after):
                    assert host.read_until(before) == before
                    assert host.read_until(after).removesuffix(after).isdigit()
                case Server(b""):
                    server.hang_up()
                case Server(data):
                    server.send(data)
