"""A scripted modem with TCP commands, and a mail server at the other end of them."""

import asyncio
import base64
from collections.abc import Callable
from typing import Final, override

from tests.modem.scripted_port import ERROR, OK, Answer, Data, frame

from .bench import HOST, PUT_LINE, SendingModem, result

STREAM_LINE: Final = f'AT+QIOPEN=1,10,"TCP","{HOST}",25,0,0'
_CLOSE: Final = "AT+QICLOSE=10,1"
_READ: Final = "AT+QIRD=10,1500"
_STATE: Final = "AT+QISTATE=1,10"
_SEND: Final = "AT+QISEND=10,"
_REFUSED: Final = "535 5.7.8 Authentication credentials invalid\r\n"


class PostOffice:
    """A mail server with one account, in clear text: what it hears, and what it says."""

    def __init__(self) -> None:
        """Know the account of the bench's settings."""
        self.password = "p"  # of a scripted server
        self.logins: list[float] = []
        """When somebody tried to log in, by whichever way."""
        self.received: list[bytes] = []
        self.quits = 0
        self.greeting = "220 hello\r\n"
        self.go_on = "354 go on\r\n"
        # Whether it has closed the connection.
        self.hung_up = False
        self.replies: dict[str, str] = {}
        """What is said to a verb, or to the final dot, in another's place."""
        self.on_line: Callable[[bytes], None] = lambda _: None
        """Hears each line of a client before it is answered."""
        self._content: bytearray | None = None
        self._heard = bytearray()

    def connect(self) -> str:
        """Greet whoever has connected."""
        self._content = None
        self.hung_up = False
        self._heard.clear()
        return self.greeting

    def hear(self, data: bytes) -> str:
        """Return what the server says to some bytes."""
        self._heard += data
        said = ""
        while b"\r\n" in self._heard:
            line, _, rest = bytes(self._heard).partition(b"\r\n")
            self._heard[:] = rest
            said += self._answer(line)
        return said

    def _answer(self, line: bytes) -> str:
        self.on_line(line)
        if self._content is not None:
            if line != b".":
                self._content += line.removeprefix(b".") + b"\r\n"
                return ""
            content, self._content = bytes(self._content), None
            return self.take(content)
        verb = line.split(b" ")[0].decode().upper()
        if verb in self.replies:
            return self.replies[verb]
        match verb:
            case "EHLO":
                return "250-mail\r\n250 AUTH PLAIN\r\n"
            case "AUTH":
                given = base64.b64decode(line.split(b" ")[2]).split(b"\0")[2].decode()
                right = self.log_in(given)
                return "235 welcome\r\n" if right else _REFUSED
            case "DATA":
                self._content = bytearray()
                return self.go_on
            case "QUIT":
                self.quits += 1
                return "221 bye\r\n"
            case _:
                return "250 OK\r\n"

    def take(self, content: bytes) -> str:
        """Take an email, and return what is said to it."""
        reply = self.replies.get(".", "250 OK\r\n")
        if reply.startswith("2"):
            self.received.append(content)
        return reply

    def log_in(self, password: str) -> bool:
        """Try a password."""
        self.logins.append(asyncio.get_running_loop().time())
        return password == self.password


class TcpLine:
    """The TCP commands of a modem (TCP/IP note 2.4), to one mail server."""

    def __init__(self, office: PostOffice) -> None:
        """Be connected to nothing."""
        self.office = office
        self.connected = False
        self._unread = bytearray()

    @staticmethod
    def knows(line: str) -> bool:
        """Whether a line is one of these commands."""
        return line == _STATE or line.startswith(
            ("AT+QIOPEN=1,10,", "AT+QISEND", "AT+QIRD", "AT+QICLOSE=10")
        )

    def answer(self, line: str) -> Answer:
        """Answer a line."""
        if line.endswith("=?"):
            return OK
        if line == STREAM_LINE:
            return self._connect()
        if line == _CLOSE:
            self.connected = False
            return OK
        if line == _READ:
            piece = bytes(self._unread[:1500])
            del self._unread[:1500]
            return b"\r\n+QIRD: %d\r\n" % len(piece) + piece + b"\r\n" + OK
        if line == _STATE:
            return self._state()
        if self.connected:
            return Data(int(line.removeprefix(_SEND)), self._take, opening=b"\r\n> ")
        return ERROR

    def _connect(self) -> bytes:
        self.connected = True
        self._unread[:] = self.office.connect().encode()
        return OK + b"\r\n+QIOPEN: 10,0\r\n" + self._news()

    def _take(self, data: bytes) -> bytes:
        self._unread += self.office.hear(data).encode()
        return b"\r\nSEND OK\r\n" + self._news()

    def _news(self) -> bytes:
        news = b'\r\n+QIURC: "recv",10\r\n' if self._unread else b""
        if self.office.hung_up:
            self.connected = False
            news += b'\r\n+QIURC: "closed",10\r\n'
        return news

    def _state(self) -> bytes:
        state = 2 if self.connected else 4
        return frame(f'+QISTATE: 10,"TCP","203.0.113.1",25,1024,{state},1,10,0,"usbat"')


class TalkingModem(SendingModem):
    """A modem over which a mail server is talked to; its own client knows it, too.

    That client is terse: whatever fails is 654.
    """

    def __init__(self) -> None:
        """Be connected to nothing."""
        super().__init__()
        self.office = PostOffice()
        self.tcp = TcpLine(self.office)
        # Whether the firmware has the TCP commands at all.
        self.has_tcp = True
        self._account = ""
        del self.answers["AT+QISEND=?"]
        del self.answers[PUT_LINE]

    @override
    def answer(self, line: str) -> Answer:
        """Answer what has no answer of its own."""
        if TcpLine.knows(line):
            return self.tcp.answer(line) if self.has_tcp else ERROR
        if line.startswith('AT+QSMTPCFG="account"'):
            self._account = line
        if line == PUT_LINE:
            right = self.office.log_in(self._account.split('"')[5])
            return result(0, 250) if right else result(654)
        return super().answer(line)
