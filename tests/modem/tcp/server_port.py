"""A scripted port with a TCP connection: what a server sends, and what it got."""

from custom_components.quectel_smtp.modem.at.channel import AtChannel
from custom_components.quectel_smtp.modem.tcp.preparation import Limits
from custom_components.quectel_smtp.modem.tcp.stream import TcpStream
from tests.modem.scripted_port import ERROR, OK, Answer, Data, ScriptedPort, frame

HOST = "mail.example.com"
OPEN = f'AT+QIOPEN=1,10,"TCP","{HOST}",25,0,0'
READ = "AT+QIRD=10,1500"
STATE = "AT+QISTATE=1,10"
CLOSE = "AT+QICLOSE=10,1"
RECV = b'\r\n+QIURC: "recv",10\r\n'
CLOSED = b'\r\n+QIURC: "closed",10\r\n'
LIMITS = Limits()

type Results = list[bytes]


class ServerPort(ScriptedPort):
    """Answers as a modem in buffer access mode does, without any network."""

    def __init__(self) -> None:
        """Have no connection yet."""
        super().__init__(AtChannel())
        self.unread = bytearray()
        self.sent = b""
        self.results: Results = []
        """Final results of QISEND, in order; then SEND OK."""
        self.state = 2
        self.answers |= {
            OPEN: OK + b"\r\n+QIOPEN: 10,0\r\n",
            READ: self._reading,
            STATE: self._listed,
            "AT+CGSN": frame("861234567890123"),
            "AT+CSQ": frame("+CSQ: 24,99"),
        }
        self.before_line = self._prepare

    def _prepare(self, line: str) -> None:
        """Have an answer to QISEND, whatever its length."""
        if line.startswith("AT+QISEND=10,"):
            self.answers[line] = self._sending(int(line.rpartition(",")[2]))

    def _sending(self, count: int) -> Answer:
        if self.state != 2:
            return ERROR

        def taken(data: bytes) -> bytes:
            result = self.results.pop(0) if self.results else b"SEND OK"
            if result == b"SEND OK":
                self.sent += data
            return b"\r\n" + result + b"\r\n"

        return Data(count, taken, opening=b"\r\n> ")

    def _reading(self) -> Answer:
        piece = bytes(self.unread[:1500])
        del self.unread[:1500]
        head = b"\r\n+QIRD: %d\r\n" % len(piece)
        return head + piece + (b"\r\n" if piece else b"") + OK

    def _listed(self) -> Answer:
        if not self.state:
            return OK
        return frame(
            f'+QISTATE: 10,"TCP","203.0.113.1",25,1024,{self.state},1,10,0,"usbat"'
        )

    async def stream(self) -> TcpStream:
        """Open a stream over this port."""
        return await TcpStream.open(self.channel, 1, HOST, 25, LIMITS)
