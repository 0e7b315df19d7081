"""Bare transports as contestants: no engine, only a read until ``OK``."""

import asyncio

import serial
from serialx import open_serial_connection

from .contestant import Contestant

_END = b"OK\r\n"


class Serialx:
    """asyncio's streams over serialx."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Take an open port."""
        self._reader = reader
        self._writer = writer

    async def ask(self, line: str) -> object:
        """Write, and read until ``OK``."""
        self._writer.write(line.encode() + b"\r")
        return await self._reader.readuntil(_END)

    def lines(self, answer: object) -> list[str]:
        """Return the lines as a caller would have to find them."""
        return lines_of(answer)

    async def elsewhere(self) -> list[str]:
        """Return nothing: there is no other way."""
        return []


class PySerial:
    """pyserial, blocking."""

    def __init__(self, port: str) -> None:
        """Open the port."""
        self._serial = serial.Serial(port, 115200, timeout=1)

    async def ask(self, line: str) -> object:
        """Write, and read until ``OK``."""
        self._serial.write(line.encode() + b"\r")
        return self._serial.read_until(_END)

    def lines(self, answer: object) -> list[str]:
        """Return the lines as a caller would have to find them."""
        return lines_of(answer)

    async def elsewhere(self) -> list[str]:
        """Return nothing: there is no other way."""
        return []


def lines_of(answer: object) -> list[str]:
    """Split an answer's bytes, without ``OK``."""
    assert isinstance(answer, bytes)
    found = [line for line in answer.decode("latin-1").split("\r\n") if line]
    return found[:-1] if found[-1:] == ["OK"] else found


async def open_port(port: str, name: str) -> Contestant:
    """Open ``port`` with the transport ``name``."""
    if name == "pyserial":
        return PySerial(port)
    return Serialx(*await open_serial_connection(port, 115200))
