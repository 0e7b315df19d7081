"""QGDCNT and QAUGDCNT: EC200U and EC2x AT manuals, 10.15 and 10.16."""

from collections.abc import Callable

from ..client import VirtualModem
from .conftest import Started
from .host import Host
from .mail_server import MailServer
from .ready_email import NAME, prepare, put
from .tcp_server import TcpServer
from .test_tcp import open_connection, read, send, wait_received


def carried(host: Host) -> tuple[int, int]:
    """The bytes sent and received, as the modem tells them."""
    told, ok = host.lines("AT+QGDCNT?")
    assert ok == "OK"
    sent, received = told.removeprefix("+QGDCNT: ").split(",")
    return int(sent), int(received)


def test_a_new_modem_has_carried_nothing_and_saves_nothing_by_itself(
    modem_and_host: Started,
) -> None:
    """With the forms that the manual gives."""
    _, host = modem_and_host
    assert host.lines("AT+QGDCNT=?") == ["+QGDCNT: (0,1)", "OK"]
    assert host.lines("AT+QAUGDCNT=?") == ["+QAUGDCNT: (0,30-65535)", "OK"]
    assert host.lines("AT+QAUGDCNT?") == ["+QAUGDCNT: 0", "OK"]
    assert carried(host) == (0, 0)
    for refused in ("AT+QGDCNT=2", "AT+QGDCNT", "AT+QAUGDCNT=29", "AT+QAUGDCNT"):
        assert "ERROR" in host.lines(refused)[0]


def test_what_connections_carry_is_counted(start: Callable[..., Started]) -> None:
    """Both ways; what somebody resets begins anew."""
    with TcpServer() as server:
        _, host = start(hosts={NAME: {25: server.port}})
        host.ok('AT+QICSGP=1,1,"internet"', "AT+QIACT=1")
        open_connection(host, 0)
        send(host, b"EHLO you\r\n")
        server.send(b"250 hello\r\n\r\n")
        wait_received(host, 13)
        assert carried(host) == (10, 13)
        assert read(host) == b"250 hello\r\n\r\n"
        host.ok("AT+QGDCNT=0")
        assert carried(host) == (0, 0)


def test_what_the_mail_client_carries_is_counted(start: Callable[..., Started]) -> None:
    """The conversation with the server, and not only the email."""
    with MailServer() as server:
        _, host = start(hosts={NAME: {25: server.port}})
        prepare(host)
        assert put(host) == "0,0"
        sent, received = carried(host)
    (envelope,) = server.received
    assert isinstance(envelope.content, bytes)
    assert len(envelope.content) + 50 < sent < len(envelope.content) + 200
    assert 50 < received < 500


def restarted(modem: VirtualModem, host: Host) -> None:
    """Wait until it runs again."""
    modem.reboot()
    for _ in ("SMS", "PB"):
        host.read_until(b"DONE\r\n")
    host.command("ATE0")


def test_a_restart_goes_on_from_what_was_saved(start: Callable[..., Started]) -> None:
    """The interval of saving is not kept."""
    with TcpServer() as server:
        modem, host = start(hosts={NAME: {25: server.port}})
        host.ok('AT+QICSGP=1,1,"internet"', "AT+QIACT=1")
        open_connection(host, 0)
        send(host, b"one")
        host.ok("AT+QGDCNT=1", "AT+QAUGDCNT=65535")
        send(host, b"two")
        assert carried(host) == (6, 0)
        restarted(modem, host)
        assert carried(host) == (3, 0)
        assert host.lines("AT+QAUGDCNT?") == ["+QAUGDCNT: 0", "OK"]


def test_an_interval_saves_by_itself(start: Callable[..., Started]) -> None:
    """The last that was set; a command takes longer than it here."""
    with TcpServer() as server:
        modem, host = start(
            hosts={NAME: {25: server.port}},
            settings={"command_seconds": 0.1},
            time_scale=0.001,
        )
        host.ok('AT+QICSGP=1,1,"internet"', "AT+QIACT=1")
        open_connection(host, 0)
        send(host, b"one")
        host.ok("AT+QAUGDCNT=65535", "AT+QAUGDCNT=30", "AT", "AT")
        restarted(modem, host)
        assert carried(host) == (3, 0)
