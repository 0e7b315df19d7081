"""What long use does to the modem, its time from a server, and its open connections."""

from collections.abc import Callable

from .conftest import Started
from .mail_server import MailServer

_APN = 'AT+QICSGP=1,1,"internet","","",0'
_OPEN = 'AT+QIOPEN=1,{},"TCP","mail.example.com",25,0,0'


def test_after_many_connections_every_one_fails_until_a_reboot(
    start: Callable[..., Started],
) -> None:
    """N: neither QIDEACT nor QIACT repairs it."""
    with MailServer() as server:
        modem, host = start(
            settings={"decay_after": 2},
            hosts={"mail.example.com": {25: server.port}},
        )
        host.ok(_APN, "AT+QIACT=1")
        for number in range(2):
            host.ok(_OPEN.format(number))
            host.read_until(f"+QIOPEN: {number},0\r\n".encode())
            # The server's greeting.
            host.read_until(f'+QIURC: "recv",{number}\r\n'.encode())
        host.ok(_OPEN.format(2))
        host.read_until(b"+QIOPEN: 2,552\r\n")
        host.ok("AT+QIDEACT=1", "AT+QIACT=1", _OPEN.format(3))
        host.read_until(b"+QIOPEN: 3,552\r\n")
        modem.reboot()
        # In either order.
        for _ in range(2):
            host.read_until(b"SMS DONE\r\n", b"PB DONE\r\n")
        host.command("ATE0")
        host.ok(_APN, "AT+QIACT=1", _OPEN.format(0))
        host.read_until(b"+QIOPEN: 0,0\r\n")


def test_open_connections_are_listed_until_they_are_closed(
    start: Callable[..., Started],
) -> None:
    """With address and port."""
    with MailServer() as server:
        _, host = start(hosts={"mail.example.com": {25: server.port}})
        host.ok(_APN, "AT+QIACT=1", _OPEN.format(4))
        host.read_until(b"+QIOPEN: 4,0\r\n")
        host.read_until(b'+QIURC: "recv",4\r\n')
        assert host.lines("AT+QISTATE?")[0].startswith('+QISTATE: 4,"TCP",')
        host.ok("AT+QICLOSE=4")
        assert host.lines("AT+QISTATE?") == ["OK"]


def test_a_time_server_sets_the_clock(start: Callable[..., Started]) -> None:
    """The result comes later; the clock then counts as set."""
    _, host = start(settings={"clock": "unset"}, hosts={"time.example.com": {123: 0}})
    host.ok(_APN, "AT+QIACT=1", 'AT+QNTP=1,"time.example.com"')
    host.read_until(b"+QNTP: 0,")
    assert not host.lines("AT+CCLK?")[0].startswith('+CCLK: "80')
    host.ok('AT+QNTP=1,"nowhere.example.com"')
    host.read_until(b"+QNTP: 565\r\n")
