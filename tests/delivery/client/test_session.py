"""A session says what failed, in the server's own words, and when nothing was sent."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import trustme

from custom_components.quectel_smtp.delivery.client.session import (
    Account,
    Reply,
    ResultLostError,
    SessionError,
    Step,
)
from custom_components.quectel_smtp.modem.mail.server import Security
from tests.virtual_modem.tests.mail_server import Manners

from .bench import (
    CONTENT,
    HOST,
    LOGIN,
    SENDER,
    YOU,
    account,
    hand_over,
    pem,
    serving,
    session,
)

BOTH = pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
NOBODY = Account(HOST, Security.NONE)


@BOTH
async def test_an_email_is_handed_over(security: Security) -> None:
    root = trustme.CA()
    async with (
        serving(root.issue_cert(HOST), security) as server,
        session(server.port, pem(root), account(security)) as mail,
    ):
        assert await mail.offer(SENDER, [YOU]) == {}
        assert (await hand_over(mail)).code == 250
        (received,) = server.received
        assert received.rcpt_tos == [YOU]
        assert received.content == CONTENT


async def test_a_refused_recipient_does_not_stop_the_others() -> None:
    manners = Manners(refused={"bad@example.org": "550 no such mailbox here"})
    root = trustme.CA()
    async with (
        serving(root.issue_cert(HOST), Security.NONE, manners) as server,
        session(server.port, None, NOBODY) as mail,
    ):
        refused = await mail.offer(SENDER, [YOU, "bad@example.org", "b@example.org"])
        assert refused == {"bad@example.org": Reply(550, "no such mailbox here")}
        await hand_over(mail)
        assert server.received[0].rcpt_tos == [YOU, "b@example.org"]


async def test_what_is_withdrawn_is_not_sent() -> None:
    root = trustme.CA()
    async with (
        serving(root.issue_cert(HOST), Security.NONE, Manners()) as server,
        session(server.port, None, NOBODY) as mail,
    ):
        await mail.offer(SENDER, [YOU])
        await mail.withdraw()
        assert server.received == []


async def failed(manners: Manners, security: Security = Security.TLS) -> SessionError:
    """What a session on that server fails with, before anything was sent."""
    root = trustme.CA()
    async with serving(root.issue_cert(HOST), security, manners) as server:

        async def send() -> None:
            of = account(security)
            async with session(server.port, pem(root), of) as mail:
                await mail.offer(SENDER, [YOU])
                await hand_over(mail)

        with pytest.raises(SessionError) as raised:
            await send()
        assert server.received == []
        return raised.value


async def test_each_refusal_is_named_with_the_servers_words() -> None:
    wrong = await failed(Manners(login=("user", "another")))
    assert wrong.step is Step.LOGIN
    assert wrong.reply is not None
    assert wrong.reply.code == 535
    assert LOGIN[1] not in f"{wrong!r}{wrong}"
    sender = await failed(Manners(login=LOGIN, replies={"MAIL": "553 not you"}))
    assert (sender.step, sender.reply) == (Step.SENDER, Reply(553, "not you"))
    content = await failed(Manners(login=LOGIN, replies={"DATA": "554 no"}))
    assert (content.step, content.reply) == (Step.CONTENT, Reply(554, "no"))


@pytest.mark.parametrize(
    "manners",
    [
        Manners(login=LOGIN, hide_starttls=True),
        Manners(login=LOGIN, replies={"STARTTLS": "454 not now"}),
    ],
    ids=["hidden", "refused"],
)
async def test_without_starttls_no_password_is_told(manners: Manners) -> None:
    error = await failed(manners, Security.STARTTLS)
    assert error.step is Step.TLS


async def test_a_reply_that_is_lost_after_the_content_is_doubt() -> None:
    manners = Manners(close_at_data=True)
    root = trustme.CA()
    async with (
        serving(root.issue_cert(HOST), Security.NONE, manners) as server,
        session(server.port, None, NOBODY) as mail,
    ):
        await mail.offer(SENDER, [YOU])
        with pytest.raises(ResultLostError):
            await hand_over(mail)


async def test_a_session_in_the_midst_of_an_email_takes_no_leave() -> None:
    """The server would take it for the email's text."""
    root = trustme.CA()
    async with (
        serving(root.issue_cert(HOST), Security.NONE, Manners()) as server,
        session(server.port, None, NOBODY) as mail,
    ):
        await mail.offer(SENDER, [YOU])
        await mail.announce()
        assert await mail.write(CONTENT) >= len(CONTENT)
        await mail.end()
        # What is written after the end of a connection is lost, and no error here.
        assert await mail.write(CONTENT) >= len(CONTENT)
        assert server.received == []


async def test_lines_of_dots_arrive_as_they_were() -> None:
    root = trustme.CA()
    content = b"Subject: x\r\n\r\n.\r\n..\r\nlast"
    async with (
        serving(root.issue_cert(HOST), Security.NONE, Manners()) as server,
        session(server.port, None, NOBODY) as mail,
    ):
        await mail.offer(SENDER, [YOU])
        await hand_over(mail, content)
        assert server.received[0].content == content + b"\r\n"


type Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def greeted(talk: Talk) -> SessionError | ResultLostError:
    """What a session with a server that talks like this ends with."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        try:
            async with session(port, None, NOBODY, timeout=1) as mail:
                await mail.offer(SENDER, [YOU])
                await hand_over(mail)
        except (SessionError, ResultLostError) as err:
            return err
    raise AssertionError("nothing failed")


async def test_what_is_no_mail_server_is_no_reply() -> None:
    async def other(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH\r\n")

    error = await greeted(other)
    assert isinstance(error, SessionError)
    assert (error.step, error.reply, error.reason) == (Step.CONNECT, None, None)


async def test_an_odd_reply_after_the_content_is_doubt() -> None:
    async def odd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        while line := await reader.readline():
            if line == b".\r\n":
                writer.write(b"299 who knows\r\n")
            elif line.startswith(b"DATA"):
                writer.write(b"354 go on\r\n")
            elif line[:4] in (b"EHLO", b"MAIL", b"RCPT", b"HELO"):
                writer.write(b"250 fine\r\n")

    assert isinstance(await greeted(odd), ResultLostError)


class Line:
    """What carries a session to its server, and garbles what that says from a byte on."""

    def __init__(self, from_: bytes = b"") -> None:
        """Garble nothing before the client has said this."""
        self.port = 0
        self.garbles = False
        self._from = from_

    def said(self, data: bytes) -> bytes:
        """Hear what the client says, and give it on."""
        self.garbles = self.garbles or bool(self._from and self._from in data)
        return data

    def answered(self, data: bytes) -> bytes:
        """Give on what the server says: or so many bytes of the modem's own."""
        return (b'\r\n+QIURC: "recv",10' * 99)[: len(data)] if self.garbles else data


@asynccontextmanager
async def carried_by(line: Line, port: int) -> AsyncIterator[Line]:
    """Have a line lead to that port."""

    async def carry(
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        passing: Callable[[bytes], bytes],
    ) -> None:
        while data := await reader.read(4096):
            writer.write(passing(data))
        writer.close()

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(
            carry(reader, to_server, line.said),
            carry(from_server, writer, line.answered),
        )

    async with await asyncio.start_server(join, "127.0.0.1", 0) as server:
        line.port = server.sockets[0].getsockname()[1]
        yield line


EACH = pytest.mark.parametrize("security", Security)


@EACH
async def test_what_a_line_garbles_in_a_session_is_no_fault_of_the_account(
    security: Security,
) -> None:
    """Neither of its certificate, nor of how one logs in: it breaks, and is tried anew."""
    root = trustme.CA()
    async with (
        serving(root.issue_cert(HOST), security) as server,
        carried_by(Line(), server.port) as line,
        session(line.port, pem(root), account(security)) as mail,
    ):
        line.garbles = True
        with pytest.raises(SessionError) as raised:
            await mail.offer(SENDER, [YOU])
        error = raised.value
        assert (error.step, error.reply, error.reason) == (Step.SENDER, None, None)
        assert error.broken
        assert server.received == []


@EACH
async def test_a_reply_that_a_line_garbles_after_the_content_is_doubt(
    security: Security,
) -> None:
    root = trustme.CA()
    async with (
        serving(root.issue_cert(HOST), security) as server,
        carried_by(Line(), server.port) as line,
        session(line.port, pem(root), account(security)) as mail,
    ):
        await mail.offer(SENDER, [YOU])
        await mail.announce()
        await mail.write(CONTENT)
        line.garbles = True
        with pytest.raises(ResultLostError):
            await mail.finish()


@pytest.mark.parametrize("verb", [b"EHLO", b"AUTH"])
async def test_a_log_in_whose_answers_a_line_garbles_was_not_refused(
    verb: bytes,
) -> None:
    root = trustme.CA()
    of = account(Security.NONE)
    async with (
        serving(root.issue_cert(HOST), Security.NONE) as server,
        carried_by(Line(verb), server.port) as line,
    ):
        with pytest.raises(SessionError) as raised:
            async with session(line.port, None, of):
                pass
    error = raised.value
    assert (error.step, error.reply, error.broken) == (Step.LOGIN, None, True)
