"""Byte streams as no modem should send them: real answers, mutated, and sheer noise."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

from custom_components.quectel_smtp.modem.recording.transcript import parse

_TRANSCRIPTS = Path(__file__).parents[1] / "virtual_modem" / "transcripts"
# What no recorder asks for, because it changes something.
_SPOKEN = (
    b"\r\nCONNECT\r\n",
    b"A",
    b"AA\r\n+QFUPL: 2048,1a2b\r\n\r\nOK\r\n",
    b"\r\n+QFUPL: 100,0\r\n\r\n+CME ERROR: 421\r\n",
    b"\r\n+QSMTPBODY: 100\r\n\r\nOK\r\n",
    b"\r\nOK\r\n\r\n+QSMTPPUT: 0,250\r\n",
    b"\r\n+QSMTPPUT: 654,0\r\n\r\nOK\r\n",
    b"\r\n+CME ERROR: SIM not inserted\r\n",
    b"\r\n+CMS ERROR: 500\r\n",
    b"\r\nNO CARRIER\r\n",
    b"AT+CGSN\r\r\n861234567890123\r\n\r\nOK\r\n",
    b"\r\n+FUZZ: 1\r\n\r\nOK\r\n",
    '\r\n+COPS: 0,0,"中国移动",7\r\n\r\nOK\r\n'.encode(),
)
_URCS = (
    b"\r\nRDY\r\n",
    b"\r\nAPP RDY\r\n",
    b"\r\nPOWERED DOWN\r\n",
    b"\r\n+CFUN: 1\r\n",
    b"\r\n+CPIN: NOT READY\r\n",
    b"\r\n+QIND: SMS DONE\r\n",
    b'\r\n+QIURC: "pdpdeact",1\r\n',
    b'\r\n+CEREG: 1,"1A2B","0C3D4E01",7\r\n',
    b"\r\n+QSMTPPUT: 0,250\r\n",
    b"\r\nRING\r\n",
    b'\r\n+CMT: "+491234"\r\nOK\r\n',
)
_SPECKS = (
    b"\x00",
    b"\xff",
    b"\xff\xfe\xe9",
    b"\x80",
    b"\r",
    b"\n",
    b"\r\n",
    b"\n\n",
    b"\r\r",
    b'"',
    b",",
    b":",
    b"+",
    b"+++",
    b"A",
    b"OK",
    b"ERROR",
    b"> ",
    b"\xe4\xb8",
    b"\x1b[0m",
    b"+CME ERROR: ",
    b"\r\n+",
)
_LARGE = 64 * 1024


def seeds() -> tuple[bytes, ...]:
    """Return what real and virtual modems said, with and without echo."""
    found = list(_SPOKEN)
    for path in sorted(_TRANSCRIPTS.glob("*.txt")):
        for exchange in parse(path.read_text("utf-8")).exchanges:
            echo = exchange.command.encode() + b"\r"
            found += [exchange.received, echo + exchange.received]
    return tuple(found)


class Streams:
    """An endless supply; the same for the same ``random``."""

    def __init__(self, random: Random, found: Sequence[bytes]) -> None:
        """Take the source of chance and the seeds."""
        self._random = random
        self._seeds = found

    def stream(self) -> bytes:
        """Return one stream: now and then noise, or large; else a mutated seed."""
        chance = self._random.random()
        if chance < 0.05:
            return self._random.randbytes(int(self._random.random() * 300))
        data = bytearray(self._pick(self._seeds))
        for _ in range(int(self._random.random() * 5)):
            self._mutate(data)
        if chance > 0.9995:
            return self._large(data)
        return bytes(data)

    def pieces(self, data: bytes) -> list[bytes]:
        """Cut a stream as a port may: not at all, somewhere, or everywhere."""
        chance = self._random.random()
        if chance < 0.5 or not data:
            return [data]
        if chance > 0.97 and len(data) < 500:
            return [data[at : at + 1] for at in range(len(data))]
        first, second = sorted((self._place(data), self._place(data)))
        return [data[:first], data[first:second], data[second:]]

    def _pick(self, choices: Sequence[bytes]) -> bytes:
        return choices[int(self._random.random() * len(choices))]

    def _place(self, data: bytes | bytearray) -> int:
        return int(self._random.random() * (len(data) + 1))

    def _mutate(self, data: bytearray) -> None:
        start = self._place(data)
        end = start + int(self._random.random() * 12)
        match int(self._random.random() * 9):
            case 0:
                del data[start:end]
            case 1:
                del data[start:]
            case 2:
                del data[:start]
            case 3:
                data[start:start] = data[start:end]
            case 4:
                data[start:start] = self._pick(_URCS)
            case 5:
                data += self._pick(self._seeds)
            case 6:
                data[start:start] = self._pick(self._seeds)
            case 7:
                data[start:end] = self._random.randbytes(end - start)
            case _:
                data[start:start] = self._pick(_SPECKS)

    def _large(self, data: bytearray) -> bytes:
        """Return 64 KiB and more: an endless line, or lines without end."""
        filling = self._pick((b"x", b"\xff", b"\r", b"\n", b"A", b"+FUZZ: 1\r\n"))
        if self._random.random() < 0.5 and data:
            filling = bytes(data)
        place = self._place(data)
        many = filling * (int(_LARGE * (1 + self._random.random())) // len(filling))
        return bytes(data[:place]) + many + bytes(data[place:])
