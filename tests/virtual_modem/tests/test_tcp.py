"""QIOPEN, QISEND, QIRD, QICLOSE, QISTATE, QICFG: T, chapters 2.4 and 2.5."""

from collections.abc import Callable, Iterator

import pytest

from ..client import VirtualModem
from ..fault_model import Action, Fault, Moment
from .conftest import Started
from .host import Host
from .tcp_server import TcpServer

NAME = "mail.example.com"
RECV = b'\r\n+QIURC: "recv",0\r\n'
CLOSED = b'\r\n+QIURC: "closed",0\r\n'

type Connected = tuple[VirtualModem, Host, TcpServer]
type Connect = Callable[..., Connected]


@pytest.fixture
def connect(start: Callable[..., Started]) -> Iterator[Connect]:
    """Start a modem that has a connection to a server."""
    with TcpServer() as server:

        def begin(*, mode: int = 0, **settings: str | float) -> Connected:
            modem, host = start(hosts={NAME: {25: server.port}}, settings=settings)
            host.ok('AT+QICSGP=1,1,"internet"', "AT+QIACT=1")
            open_connection(host, 0, mode)
            return modem, host, server

        yield begin


def open_connection(host: Host, number: int, mode: int = 0) -> None:
    """Open one; its result comes after OK."""
    host.ok(f'AT+QIOPEN=1,{number},"TCP","{NAME}",25,0,{mode}')
    assert host.read_until(b"\r\n+QIOPEN: %d,0\r\n" % number)


def send(host: Host, data: bytes, result: bytes = b"SEND OK") -> None:
    """Send a counted piece; the prompt has no end of line."""
    host.write(b"AT+QISEND=0,%d\r" % len(data))
    assert host.read_until(b"> ") == b"\r\n> "
    host.write(data)
    assert host.read_until(result + b"\r\n") == b"\r\n" + result + b"\r\n"


def read(host: Host, most: int = 1500) -> bytes:
    """Read once: the count, then exactly so many bytes, then OK."""
    host.write(b"AT+QIRD=0,%d\r" % most)
    head = host.read_until(b"\r\n+QIRD: ")
    assert head == b"\r\n+QIRD: "
    count = int(host.read_until(b"\r\n"))
    if not count:
        assert host.read_until(b"OK\r\n") == b"\r\nOK\r\n"
        return b""
    answer = host.read_until(b"\r\n\r\nOK\r\n")
    while len(answer) < count + 8:
        answer += host.read_until(b"\r\n\r\nOK\r\n")
    assert len(answer) == count + 8
    return answer[:count]


def wait_received(host: Host, count: int) -> None:
    """Wait until so many bytes have come to the modem in all."""
    while not host.lines("AT+QIRD=0,0")[0].startswith(f"+QIRD: {count},"):
        pass


def test_data_waits_in_the_modem_until_it_is_read(connect: Connect) -> None:
    """One recv for all of it; the next once everything was read."""
    _, host, server = connect()
    server.send(b"220 mail\r\n")
    assert host.read_until(RECV) == RECV
    server.send(b"more")
    wait_received(host, 14)
    assert read(host, 5) == b"220 m"
    assert read(host) == b"ail\r\nmore"
    assert b"recv" not in host.rest()
    server.send(b"again")
    assert host.read_until(RECV) == RECV
    assert read(host) == b"again"
    assert read(host) == b""
    assert host.lines("AT+QIRD=0,0") == ["+QIRD: 19,19,0", "OK"]


def test_read_data_may_hold_anything(connect: Connect) -> None:
    """Answers of a modem, too: only the count tells where it ends."""
    _, host, server = connect()
    data = b"\r\nOK\r\n+QSMTPPUT: 0,0\r\n" + bytes(range(256)) + b"\r\n\r\nOK\r\n"
    server.send(data)
    host.read_until(RECV)
    assert read(host) == data


def test_sent_data_reaches_the_server_as_it_is(connect: Connect) -> None:
    """No escape in it, and no command after it is part of it."""
    _, host, server = connect()
    data = b"+++\x1b\x1aAT\r\n" + bytes(range(256))
    send(host, data)
    assert server.read(len(data)) == data
    host.ok("AT")
    longest = bytes(1460)
    send(host, longest)
    assert server.read(1460) == longest


def test_data_without_a_length_ends_with_control_z_or_is_cancelled(
    connect: Connect,
) -> None:
    """T 2.4.10."""
    _, host, server = connect()
    host.write(b"AT+QISEND=0\r")
    host.read_until(b"> ")
    host.write(b"EHLO me\r\n\x1a")
    assert host.read_until(b"SEND OK\r\n") == b"\r\nSEND OK\r\n"
    host.write(b"AT+QISEND=0\r")
    host.read_until(b"> ")
    host.write(b"never\x1b")
    assert host.read_until(b"OK\r\n") == b"\r\nOK\r\n"
    assert server.read(9) == b"EHLO me\r\n"
    assert host.lines("AT+QISEND=0,0") == ["+QISEND: 9,9,0", "OK"]


def test_what_the_server_has_not_acknowledged_fills_the_buffer(
    connect: Connect,
) -> None:
    """SEND FAIL: none of it was taken, and it may be sent again."""
    _, host, server = connect(send_buffer=100, ack_seconds=0.3)
    send(host, b"a" * 60)
    assert host.lines("AT+QISEND=0,0") == ["+QISEND: 60,0,60", "OK"]
    send(host, b"b" * 60, b"SEND FAIL")
    while host.lines("AT+QISEND=0,0") != ["+QISEND: 60,60,0", "OK"]:
        pass
    send(host, b"c" * 60)
    assert server.read(120) == b"a" * 60 + b"c" * 60


def test_a_peer_that_sends_much_is_held_back(connect: Connect) -> None:
    """The buffer has its size; nothing of the rest is lost."""
    _, host, server = connect(receive_buffer=2000)
    server.peer.setblocking(True)
    data = bytes(index % 251 for index in range(9000))
    server.send(data)
    host.read_until(RECV)
    got = b""
    while len(got) < len(data):
        piece = read(host)
        assert len(piece) <= 1500
        got += piece
    assert got == data


def test_after_the_peers_end_the_rest_can_be_read(connect: Connect) -> None:
    """The state is closing until QICLOSE; nothing can be sent."""
    _, host, server = connect()
    server.send(b"421 bye\r\n")
    server.hang_up()
    assert host.read_until(CLOSED) == RECV + CLOSED
    assert ",4,1,0,0," in host.lines("AT+QISTATE=1,0")[0]
    assert read(host) == b"421 bye\r\n"
    assert host.lines("AT+QISEND=0,1") == ["ERROR"]
    assert host.lines("AT+QIGETERROR")[0].startswith("+QIGETERROR: 567,")
    host.ok("AT+QICLOSE=0", "AT+QISTATE=1,0")
    assert host.lines("AT+QIRD=0,0") == ["ERROR"]


def test_late_result_codes_are_one_for_all_that_came(connect: Connect) -> None:
    """And the end is told after the data."""
    _, host, server = connect(recv_seconds=0.3)
    server.send(b"one")
    server.send(b"two")
    server.hang_up()
    assert host.read_until(CLOSED) == RECV + CLOSED
    assert read(host) == b"onetwo"


def test_a_module_may_want_to_be_asked_once_more(connect: Connect) -> None:
    """Then no recv comes before QIRD has answered 0."""
    _, host, server = connect(recv_again="read_zero")
    server.send(b"one")
    host.read_until(RECV)
    assert read(host) == b"one"
    server.send(b"two")
    wait_received(host, 6)
    assert b"recv" not in host.rest()
    assert read(host) == b"two"
    assert read(host) == b""
    server.send(b"three")
    assert host.read_until(RECV) == RECV


def test_push_mode_writes_data_to_the_port(connect: Connect) -> None:
    """Where its lines look like the modem's; QIRD has nothing to read."""
    _, host, server = connect(mode=1)
    server.send(b"OK\r\n")
    pushed = b'\r\n+QIURC: "recv",0,4\r\nOK\r\n\r\n'
    assert host.read_until(b"OK\r\n\r\n") == pushed
    assert host.lines("AT+QIRD=0,1500") == ["ERROR"]
    assert ",2,1,0,1," in host.lines("AT+QISTATE")[0]


def test_the_network_takes_the_connection_along(connect: Connect) -> None:
    """The result code pdpdeact tells of it, no closed; the server sees its end."""
    modem, host, server = connect()
    assert server.peer
    modem.pdpdeact()
    assert host.read_until(b'deact",1\r\n') == b'\r\n+QIURC: "pdpdeact",1\r\n'
    assert host.lines("AT+QISEND=0,1") == ["ERROR"]
    assert server.read(1) == b""


def test_a_prompt_that_nobody_answers_ends(connect: Connect) -> None:
    """QICFG="qisend/timeout", 5 s; what came is dropped."""
    _, host, _ = connect(shortest_patience=0.1)
    host.write(b"AT+QISEND=0,10\r")
    host.read_until(b"> ")
    host.write(b"short")
    assert host.read_until(b"ERROR\r\n") == b"\r\nERROR\r\n"
    assert host.lines("AT+QISEND=0,0") == ["+QISEND: 0,0,0", "OK"]


def test_result_codes_wait_for_the_end_of_the_prompt(connect: Connect) -> None:
    """They never stand between a prompt and SEND OK."""
    _, host, server = connect()
    host.write(b"AT+QISEND=0,3\r")
    host.read_until(b"> ")
    server.send(b"x")
    host.write(b"abc")
    assert host.read_until(RECV) == b"\r\nSEND OK\r\n" + RECV


def test_twelve_connections_and_no_more(
    start: Callable[..., Started],
) -> None:
    """Numbers 0 to 11; one that is taken is refused."""
    with TcpServer() as server:
        _, host = start(hosts={NAME: {25: server.port}})
        host.ok('AT+QICSGP=1,1,"internet"', "AT+QIACT=1")
        for number in range(12):
            open_connection(host, number)
        assert len(host.lines("AT+QISTATE=0,1")) == 13
        assert host.lines("AT+QISTATE=0,2") == ["OK"]
        assert host.lines(f'AT+QIOPEN=1,12,"TCP","{NAME}",25') == ["ERROR"]
        host.ok(f'AT+QIOPEN=1,3,"TCP","{NAME}",25')
        assert host.read_until(b",563\r\n") == b"\r\n+QIOPEN: 3,563\r\n"


FORMS = (
    ("AT+QISEND=?", ["+QISEND: (0-11),(0-1460)", "OK"]),
    ("AT+QIRD=?", ["+QIRD: (0-11),(0-1500)", "OK"]),
    ("AT+QICLOSE=?", ["+QICLOSE: (0-11),(0-65535)", "OK"]),
    ("AT+QISTATE=?", ["OK"]),
    ("AT+QISEND=0,1461", ["ERROR"]),
    ("AT+QIRD=0,1501", ["ERROR"]),
    ("AT+QISEND=1,5", ["ERROR"]),
    ("AT+QISEND=1,0", ["ERROR"]),
    ("AT+QIRD=1,5", ["ERROR"]),
    ("AT+QICLOSE=1", ["OK"]),
    ('AT+QIOPEN=1,1,"UDP","1.2.3.4",25', ["ERROR"]),
    ('AT+QICFG="viewmode"', ['+QICFG: "viewmode",0', "OK"]),
    ('AT+QICFG="transpktsize"', ['+QICFG: "transpktsize",1024', "OK"]),
    ('AT+QICFG="dataformat"', ['+QICFG: "dataformat",0,0', "OK"]),
    ('AT+QICFG="qisend/timeout"', ['+QICFG: "qisend/timeout",5', "OK"]),
    ('AT+QICFG="nothing"', ["ERROR"]),
    ('AT+QICFG="viewmode",2', ["ERROR"]),
    ("AT+QISDE=?", ["+QISDE: (0,1)", "OK"]),
    ("AT+QISDE?", ["+QISDE: 0", "OK"]),
)


def test_forms_limits_and_defaults(connect: Connect) -> None:
    """As T has them."""
    _, host, _ = connect()
    for line, answer in FORMS:
        assert host.lines(line) == answer, line
    assert len(host.lines("AT+QICFG=?")) > 10


def test_settings_change_the_framing(connect: Connect) -> None:
    """Each is lost at a reboot."""
    modem, host, server = connect()
    host.ok('AT+QICFG="viewmode",1', 'AT+QICFG="dataformat",1,1')
    host.ok('AT+QICFG="recvind",1', 'AT+QICFG="sendinfo",1')
    host.ok('AT+QICFG="formatcfg",1', 'AT+QICFG="close/mode",1')
    server.send(b"ab")
    host.read_until(b'\r\n+QIURC: "recv",0,2\r\n')
    assert host.lines("AT+QIRD=0") == ["+QIRD: 2,6162", "OK"]
    for data in (b"6364", b"xxxx"):
        host.write(b"AT+QISEND=0,4\r")
        assert host.read_until(b">\r\n") == b"\r\n>\r\n"
        host.write(data)
        answer = host.read_until(b"OK\r\n", b"ERROR\r\n")
    assert answer == b"\r\nERROR\r\n"
    assert server.read(2) == b"cd"
    host.ok("AT+QICLOSE=0")
    host.read_until(CLOSED)
    modem.reboot()
    host.read_until(b"PB DONE\r\n", b"SMS DONE\r\n")
    host.command("ATE0")
    assert host.lines('AT+QICFG="viewmode"')[0] == '+QICFG: "viewmode",0'


def test_sendinfo_answers_with_the_free_room(connect: Connect) -> None:
    """T 2.4.10, send_view_mode 1."""
    _, host, _ = connect(send_buffer=10, ack_seconds=5)
    host.ok('AT+QICFG="sendinfo",1', "AT+QISDE=1")
    for data, result in ((b"12345678", b"0,0,2"), (b"123", b"0,1,2")):
        host.write(b"AT+QISEND=0,%d\r" % len(data))
        host.read_until(b"> ")
        host.write(data)
        answer = host.read_until(b"OK\r\n")
        assert answer == data + b"\r\n+QISEND: " + result + b"\r\n\r\nOK\r\n"


def test_a_connection_can_be_given_up_while_it_is_opened(
    start: Callable[..., Started],
) -> None:
    """QICLOSE in state opening; the result tells that it is closed."""
    _, host = start(hosts={NAME: {25: 0}}, settings={"shortest_patience": 1})
    host.ok('AT+QICSGP=1,1,"internet"', "AT+QIACT=1")
    host.ok(f'AT+QIOPEN=1,0,"TCP","{NAME}",25')
    assert ",1,1,0,0," in host.lines("AT+QISTATE?")[0]
    host.ok("AT+QICLOSE=0", "AT+QISTATE?")
    assert host.read_until(b",567\r\n") == b"\r\n+QIOPEN: 0,567\r\n"


@pytest.mark.parametrize("timeout", [0, 1, 10])
def test_what_was_sent_before_the_end_arrives(connect: Connect, timeout: int) -> None:
    """Except where the end is forced."""
    _, host, server = connect()
    send(host, b"QUIT\r\n")
    host.ok(f"AT+QICLOSE=0,{timeout}")
    if timeout:
        assert server.read(100) == b"QUIT\r\n"


def test_faults_meet_a_prompt_as_they_meet_a_data_mode(connect: Connect) -> None:
    """No prompt; a reboot in the middle of the data; another result."""
    modem, host, server = connect()
    modem.fault(Fault(Action.ANSWER, "QISEND", text="SEND FAIL"))
    host.write(b"AT+QISEND=0,4\r")
    assert host.read_until(b"FAIL\r\n") == b"\r\nSEND FAIL\r\n"
    modem.fault(Fault(Action.DROP, "QISEND", Moment.BEFORE_CONNECT))
    host.write(b"AT+QISEND=0,4\r")
    host.write(b"AT\r\r")
    assert host.read_until(b"SEND OK\r\n") == b"\r\nSEND OK\r\n"
    assert server.read(4) == b"AT\r\r"
    modem.fault(Fault(Action.REBOOT, "QISEND", Moment.MID_DATA, offset=2))
    host.write(b"AT+QISEND=0,4\r")
    host.read_until(b"> ")
    host.write(b"abcd")
    host.read_until(b"RDY\r\n")
    assert server.read(1) == b""
