"""A ``Modem`` over scripted ports: what it opens anew is scripted alike."""

from collections.abc import Callable
from datetime import UTC, datetime

from custom_components.quectel_smtp.modem.at.channel import AtChannel
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.modem import Modem

from .scripted_port import Answer, Data, ScriptedPort, frame

IMEI = "861234567890123"
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)

MARK_LINE = 'AT+QSSLCFG="negotiatetime",5'

type Script = dict[str, Answer | list[Answer] | Callable[[], Answer]]


def body(count: int) -> Data:
    """Take a body of ``count`` bytes as the modem does."""
    return Data(count, lambda data: frame(f"+QSMTPBODY: {len(data)}"))


class ScriptedModem:
    """Opens a new scripted port each time it is asked, all with the same answers."""

    def __init__(self) -> None:
        """Answer like a modem in service."""
        self.ports: list[ScriptedPort] = []
        self.speeds: list[int] = []
        self.hears_only: int | None = None
        self.mark = 300
        self.answers: Script = {
            "AT+CGSN": frame(IMEI),
            "AT+CGMI": frame("Quectel"),
            "AT+CGMM": frame("EC200N"),
            "AT+CGMR": frame("EC200NCNAAR01A01M16"),
            "AT+CSQ": frame("+CSQ: 24,99"),
            "AT+CGATT?": frame("+CGATT: 1"),
            "AT+CCLK?": frame('+CCLK: "26/11/23,09:00:00+00"'),
            "AT+QLTS": frame('+QLTS: ""'),
            "AT+CPIN?": frame("+CPIN: READY"),
            "AT+CEREG?": frame("+CEREG: 0,1"),
            "AT+QSMTPCFG=?": frame('+QSMTPCFG: "smtpserver",<srvaddr>,<srvport>'),
            "AT+QSSLCFG=?": frame('+QSSLCFG: "sni",(0-5),(0-1)'),
            "AT+QICSGP=1": frame('+QICSGP: 1,"internet","","apn-secret",0'),
            "AT+COPS?": frame('+COPS: 0,0,"TEST",7'),
            MARK_LINE: lambda: frame(f'+QSSLCFG: "negotiatetime",5,{self.mark}'),
        }

    @property
    def port(self) -> ScriptedPort:
        """The port that was opened last."""
        return self.ports[-1]

    @property
    def lines(self) -> list[str]:
        """Every command line on every port, in order."""
        return [line for port in self.ports for line in port.lines]

    async def connect(self, settings: PortSettings) -> AtChannel:
        """Open another port; at a speed that isn't the modem's it is silent."""
        self.speeds.append(settings.baudrate)
        port = ScriptedPort(AtChannel())
        port.silent = self.hears_only not in (None, settings.baudrate)
        port.answers = self.answers
        port.before_line = self._keep_mark
        self.ports.append(port)
        return port.channel

    def _keep_mark(self, line: str) -> None:
        if line.startswith(f"{MARK_LINE},"):
            self.mark = int(line.rpartition(",")[2])

    def restart(self) -> None:
        """Forget the mark, and say that it started."""
        self.mark = 300
        self.port.receive(b"\r\nRDY\r\n")

    def modem(self) -> Modem:
        """Return a modem that opens these ports."""
        return Modem(PortSettings("scripted"), connector=self.connect, now=lambda: NOW)
