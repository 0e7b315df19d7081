"""AT+QICFG: how the TCP/IP commands behave. Lost at every start (T 2.4.1)."""

from dataclasses import dataclass, field
from typing import Final

_TEXT = 0


@dataclass(frozen=True, slots=True)
class Item:
    """One setting: the default of each of its values, and the range of each."""

    defaults: tuple[int, ...]
    ranges: tuple[tuple[int, int], ...]


ITEMS: Final = {
    "transpktsize": Item((1024,), ((1, 1460),)),
    "transwaittm": Item((2,), ((0, 20),)),
    "dataformat": Item((0, 0), ((0, 1), (0, 1))),
    "viewmode": Item((0,), ((0, 1),)),
    "tcp/retranscfg": Item((8, 6), ((3, 12), (5, 60))),
    "tcp/keepalive": Item((0, 60, 30, 3), ((0, 1), (1, 1800), (25, 100), (3, 10))),
    "passiveclosed": Item((0,), ((0, 1),)),
    "close/mode": Item((0,), ((0, 1),)),
    "recvind": Item((0,), ((0, 1),)),
    "sendinfo": Item((0,), ((0, 1),)),
    "formatcfg": Item((0,), ((0, 1),)),
    "qisend/timeout": Item((5,), ((0, 120),)),
}


@dataclass(slots=True)
class TcpSettings:
    """What QICFG and QISDE have set since the last start."""

    values: dict[str, tuple[int, ...]] = field(default_factory=dict)
    # T 2.4.18: whether the data of QISEND is echoed
    echo: bool = False

    def reset(self) -> None:
        """A start."""
        self.values.clear()
        self.echo = False

    def get(self, name: str) -> tuple[int, ...]:
        """The values of a setting."""
        return self.values.get(name, ITEMS[name].defaults)

    def shown(self, data: bytes) -> str:
        """Received data as "dataformat" has it: as it is, or in hexadecimal."""
        as_text = self.get("dataformat")[1] == _TEXT
        return data.decode("latin-1") if as_text else data.hex().upper()

    def taken(self, data: bytes) -> bytes:
        """Data of the host as "dataformat" has it. Raises ValueError."""
        if self.get("dataformat")[0] == _TEXT:
            return data
        return bytes.fromhex(data.decode("latin-1"))

    @property
    def separator(self) -> str:
        """What stands between the header and the data."""
        return "," if self.get("viewmode")[0] else "\r\n"

    @property
    def recvind(self) -> bool:
        """Whether "recv" says how much there is."""
        return self.get("recvind")[0] == 1

    @property
    def sendinfo(self) -> bool:
        """Whether QISEND answers +QISEND and OK in place of SEND OK."""
        return self.get("sendinfo")[0] == 1

    @property
    def close_tells(self) -> bool:
        """Whether a "closed" follows QICLOSE's OK."""
        return self.get("close/mode")[0] == 1

    @property
    def prompt(self) -> str:
        """What asks for the data of QISEND."""
        return "\r\n>\r\n" if self.get("formatcfg")[0] else "\r\n> "

    @property
    def input_time(self) -> int:
        """Seconds that QISEND waits for its data; 0: for ever."""
        return self.get("qisend/timeout")[0]
