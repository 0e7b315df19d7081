"""A stream carries any bytes, says when it has ended, and never holds the modem."""

import asyncio

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.errors import (
    ConnectionLostError,
    InvalidValueError,
    ModemError,
    NoAnswerError,
    PortLostError,
    ServerNameError,
    ServerUnreachableError,
    UnexpectedAnswerError,
)
from custom_components.quectel_smtp.modem.tcp.stream import TcpStream
from tests.modem.scripted_port import ERROR, OK, frame
from tests.modem.virtual_time import run, virtual_time

from .server_port import CLOSE, CLOSED, LIMITS, OPEN, READ, RECV, STATE, ServerPort

PDPDEACT = b'\r\n+QIURC: "pdpdeact",1\r\n'
CSQ = Command("AT+CSQ", prefixes=("+CSQ:",))


async def read_all(stream: TcpStream) -> bytes:
    """Read to the server's end."""
    data = b""
    while piece := await stream.read():
        data += piece
    return data


@given(st.lists(st.binary(max_size=3200), max_size=4), st.binary(max_size=3200))
def test_any_bytes_go_both_ways(pieces: list[bytes], other: bytes) -> None:
    async def talk() -> None:
        port = ServerPort()
        stream = await port.stream()
        for piece in pieces:
            await stream.write(piece)
        assert port.sent == b"".join(pieces)
        port.unread += other
        port.receive(RECV + CLOSED)
        assert await read_all(stream) == other
        assert await stream.read() == b""
        assert (stream.sent, stream.received) == (len(port.sent), len(other))
        await stream.close()
        assert port.lines[-1] == CLOSE

    run(talk())


@virtual_time
async def test_reading_waits_for_the_result_code_without_a_command() -> None:
    port = ServerPort()
    stream = await port.stream()
    reading = asyncio.create_task(stream.read())
    await asyncio.sleep(1)
    assert port.lines == [OPEN]
    port.unread += b"220 mail\r\n"
    port.receive(b'\r\n+QIURC: "recv",1\r\n\r\n+QIURC: "recv",x\r\n' + RECV)
    assert await reading == b"220 mail\r\n"
    assert port.lines == [OPEN, READ]


@virtual_time
async def test_bytes_are_found_where_no_result_code_tells_of_them() -> None:
    """It may be late, or routed to another port."""
    port = ServerPort()
    stream = await port.stream()
    reading = asyncio.create_task(stream.read())
    await asyncio.sleep(5)
    assert STATE in port.lines
    port.unread += b"late"
    assert await reading == b"late"
    port.state = 4
    assert await stream.read() == b""


@virtual_time
async def test_an_answer_goes_out_before_the_modem_is_asked_whether_there_is_more() -> (
    None
):
    port = ServerPort()
    stream = await port.stream()
    port.unread += b"220 mail\r\n"
    port.receive(RECV)
    assert await stream.read() == b"220 mail\r\n"
    for _ in range(3):
        port.lines.clear()
        reading = asyncio.create_task(stream.read())
        await asyncio.sleep(0.05)
        await stream.write(b"NOOP\r\n")
        port.unread += b"250 yes\r\n"
        assert await reading == b"250 yes\r\n"
        assert port.lines == ["AT+QISEND=10,6", READ]


@virtual_time
async def test_more_is_asked_for_once_though_nothing_is_answered() -> None:
    """Some firmware tells of further bytes only when it has said that it had none."""
    port = ServerPort()
    stream = await port.stream()
    port.unread += b"220-one\r\n"
    port.receive(RECV)
    assert await stream.read() == b"220-one\r\n"
    reading = asyncio.create_task(stream.read())
    await asyncio.sleep(0.5)
    assert port.lines == [OPEN, READ, READ]
    port.unread += b"220 two\r\n"
    port.receive(RECV)
    await asyncio.sleep(0)
    assert await reading == b"220 two\r\n"


@virtual_time
async def test_a_result_code_with_nothing_to_read_is_no_end() -> None:
    port = ServerPort()
    stream = await port.stream()
    reading = asyncio.create_task(stream.read())
    port.receive(RECV)
    await asyncio.sleep(0.1)
    assert port.lines == [OPEN, READ]
    assert not reading.done()
    port.unread += b"220 mail\r\n"
    port.receive(RECV)
    assert await reading == b"220 mail\r\n"


@virtual_time
async def test_a_connection_that_is_not_listed_has_ended() -> None:
    port = ServerPort()
    stream = await port.stream()
    port.state = 0
    assert await stream.read() == b""


@virtual_time
async def test_a_state_that_is_not_told_ends_nothing() -> None:
    port = ServerPort()
    stream = await port.stream()
    port.answers[STATE] = ERROR
    reading = asyncio.create_task(stream.read())
    await asyncio.sleep(5)
    assert not reading.done()
    # A line without a state is as good as none.
    port.answers[STATE] = frame("+QISTATE: 10")
    assert await reading == b""


@virtual_time
async def test_what_the_server_sent_before_its_end_is_read_first() -> None:
    port = ServerPort()
    stream = await port.stream()
    port.unread += b"421 bye\r\n"
    port.state = 4
    port.receive(CLOSED)
    with pytest.raises(ConnectionLostError):
        await stream.write(b"QUIT\r\n")
    assert await read_all(stream) == b"421 bye\r\n"


@virtual_time
async def test_a_modem_that_forgets_a_connection_with_its_end_has_ended_it() -> None:
    port = ServerPort()
    stream = await port.stream()
    port.answers[READ] = ERROR
    port.receive(CLOSED)
    assert await stream.read() == b""
    other = ServerPort()
    stream = await other.stream()
    other.answers[READ] = ERROR
    other.receive(RECV)
    with pytest.raises(ConnectionLostError):
        await stream.read()
    with pytest.raises(ConnectionLostError):
        await stream.write(b"x")


@virtual_time
async def test_the_network_taking_the_context_ends_reader_and_writer() -> None:
    port = ServerPort()
    stream = await port.stream()
    reading = asyncio.create_task(stream.read())
    await asyncio.sleep(0.1)
    port.receive(b'\r\n+QIURC: "pdpdeact",2\r\n\r\n+QIURC: "other"\r\n')
    await asyncio.sleep(0.1)
    assert not reading.done()
    port.receive(PDPDEACT)
    with pytest.raises(ConnectionLostError):
        await reading
    with pytest.raises(ConnectionLostError):
        await stream.write(b"x")


@virtual_time
async def test_what_had_come_before_the_network_took_the_context_is_read() -> None:
    port = ServerPort()
    stream = await port.stream()
    port.unread += b"250 OK"
    port.receive(PDPDEACT)
    with pytest.raises(ConnectionLostError):
        await stream.write(b"x")
    assert await stream.read() == b"250 OK"
    with pytest.raises(ConnectionLostError):
        await stream.read()


@virtual_time
async def test_a_full_send_buffer_is_waited_for_and_other_work_goes_on() -> None:
    port = ServerPort()
    stream = await port.stream()
    port.results = [b"SEND FAIL"] * 5
    writing = asyncio.create_task(stream.write(b"x" * 2000))
    await asyncio.sleep(0.3)
    assert not port.channel.busy
    assert await port.channel.execute(CSQ) == ("+CSQ: 24,99",)
    await writing
    assert port.sent == b"x" * 2000


@virtual_time
async def test_a_server_that_takes_nothing_is_given_up() -> None:
    port = ServerPort()
    stream = await port.stream()
    port.results = [b"SEND FAIL"] * 100
    with pytest.raises(ConnectionLostError):
        await stream.write(b"x")
    assert len(port.results) > 50
    with pytest.raises(ConnectionLostError):
        await stream.read()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (565, ServerNameError),
        (566, ServerUnreachableError),
        (9, ServerUnreachableError),
    ],
)
@virtual_time
async def test_a_connection_that_is_not_made_is_told_with_its_code(
    code: int, error: type[ModemError]
) -> None:
    port = ServerPort()
    port.answers[OPEN] = OK + b"\r\n+QIOPEN: 10,%d\r\n" % code
    with pytest.raises(error) as raised:
        await port.stream()
    assert getattr(raised.value, "code", None) == code
    assert port.lines[-1] == CLOSE


@virtual_time
async def test_a_connection_that_was_left_open_is_closed_first() -> None:
    port = ServerPort()
    port.answers[OPEN] = [
        OK + b"\r\n+QIOPEN: 10,563\r\n",
        OK + b"\r\n+QIOPEN: 10,0\r\n",
    ]
    port.answers[CLOSE] = ERROR
    await port.stream()
    assert port.lines == [OPEN, CLOSE, OPEN]


@virtual_time
async def test_a_result_without_a_code_or_none_at_all_opens_nothing() -> None:
    port = ServerPort()
    port.answers[OPEN] = [OK + b"\r\n+QIOPEN: 10,x\r\n", OK]
    with pytest.raises(UnexpectedAnswerError):
        await port.stream()
    # Nor is there a connection of that number.
    port.answers[STATE] = OK
    with pytest.raises(NoAnswerError):
        await port.stream()
    assert [line for line in port.lines if line != STATE] == [OPEN, CLOSE] * 2


@pytest.mark.parametrize(("host", "port"), [('a"b', 25), ("ä", 25), ("h", 0)])
@virtual_time
async def test_no_host_becomes_a_command(host: str, port: int) -> None:
    server = ServerPort()
    with pytest.raises(InvalidValueError):
        await TcpStream.open(server.channel, 1, host, port, LIMITS)
    assert server.lines == []


@virtual_time
async def test_a_lost_port_ends_the_stream_and_its_close_is_no_error() -> None:
    port = ServerPort()
    stream = await port.stream()
    port.lose(OSError())
    with pytest.raises(PortLostError):
        await stream.read()
    with pytest.raises(ConnectionLostError):
        await stream.read()
    await stream.close()
    await stream.close()


@virtual_time
async def test_data_that_can_not_be_framed_ends_the_stream() -> None:
    port = ServerPort()
    stream = await port.stream()
    port.answers[READ] = b"\r\n+QIRD: 2\r\nabcdef" + OK
    port.receive(RECV)
    with pytest.raises(UnexpectedAnswerError):
        await stream.read()
    with pytest.raises(ModemError):
        await stream.read()


@virtual_time
async def test_a_reader_that_is_cancelled_within_a_command_ends_the_stream() -> None:
    """Its bytes are lost; one that only waits loses nothing."""
    port = ServerPort()
    stream = await port.stream()
    reading = asyncio.create_task(stream.read())
    await asyncio.sleep(0.1)
    reading.cancel()
    await asyncio.wait((reading,))
    port.unread += b"kept"
    port.receive(RECV)
    assert await stream.read() == b"kept"
    port.answers[READ] = None
    reading = asyncio.create_task(stream.read())
    await asyncio.sleep(0.5)
    reading.cancel()
    await asyncio.wait((reading,))
    with pytest.raises(ConnectionLostError):
        await stream.read()


@virtual_time
async def test_state_that_gets_no_answer_ends_the_stream() -> None:
    port = ServerPort()
    stream = await port.stream()
    port.answers[STATE] = None
    with pytest.raises(NoAnswerError):
        await stream.read()
