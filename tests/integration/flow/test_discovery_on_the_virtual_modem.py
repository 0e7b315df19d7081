"""From the card to the port, down to what the ports of a modem really do when asked."""

from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
import fcntl
import os
from pathlib import Path
import threading
import tty
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.const import DOMAIN
from homeassistant.core import HomeAssistant
from tests.integration.conftest import DATA, in_service, until
from tests.integration.usb_on_the_desk import (
    Sockets,
    cards,
    discovered,
    look,
    socket_of,
)
from tests.virtual_modem.client import VirtualModem

# Its control socket.
pytestmark = pytest.mark.usefixtures("socket_enabled")

IMEI = "867730050000017"
_AT_PORT = "custom_components.quectel_smtp.flow.at_port"


@pytest.fixture
async def modem(hass: HomeAssistant) -> AsyncGenerator[VirtualModem]:
    """Start a modem."""
    async with VirtualModem(time_scale=0.01) as found:
        with (
            patch("custom_components.quectel_smtp.flow.progress.SHOWN_FOR", 0),
            patch("custom_components.quectel_smtp.ports._PAUSE", 0.05),
            # Enough for an answer on a busy machine; nothing else is waited for.
            patch(f"{_AT_PORT}.ASKED_FOR", 4.0),
        ):
            yield found
        for entry in hass.config_entries.async_loaded_entries(DOMAIN):
            assert await hass.config_entries.async_unload(entry.entry_id)


class Pty:
    """A port with a program behind it, which answers what it is told in ``answer``."""

    def __init__(self) -> None:
        """Make the port; nothing answers yet."""
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.name = os.ttyname(self._slave)
        self.heard = bytearray()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="port", daemon=True)
        self._thread.start()

    def answer(self, heard: bytes) -> bytes:
        """Return what is said to what was heard, or to nothing."""
        return b""

    def _run(self) -> None:
        os.set_blocking(self._master, False)
        while not self._ends.wait(0.005):
            try:
                heard = os.read(self._master, 4096)
            except BlockingIOError:
                heard = b""
            self.heard += heard
            said = self.answer(heard)
            if said:
                try:
                    os.write(self._master, said)
                except BlockingIOError:
                    continue

    def close(self) -> None:
        """End the program."""
        self._ends.set()
        self._thread.join()
        os.close(self._slave)
        os.close(self._master)


class Log(Pty):
    """Writes binary traces without end, whoever listens."""

    def answer(self, heard: bytes) -> bytes:
        """Say what no one asked for."""
        return b"%DBG\x00\xff\x7e+CSQ\r\nOK\r" + bytes(range(256)) * 4


class Echo(Pty):
    """Says what it hears, and nothing else."""

    def answer(self, heard: bytes) -> bytes:
        """Say it again."""
        return heard


class Stranger(Pty):
    """Takes AT commands, and is no modem: it has no IMEI."""

    def answer(self, heard: bytes) -> bytes:
        """Take what is no question."""
        lines = [line for line in heard.split(b"\r") if line.strip()]
        return b"".join(
            b"\r\nOK\r\n"
            if line.startswith((b"ATQ", b"ATE", b"ATV"))
            else b"\r\nERROR\r\n"
            for line in lines
        )


class Busy(Pty):
    """Another program has opened it."""

    def __init__(self) -> None:
        """Lock it, as serial programs do."""
        super().__init__()
        self._other = os.open(self.name, os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(self._other, fcntl.LOCK_EX)

    def close(self) -> None:
        """End both programs."""
        os.close(self._other)
        super().close()


@contextmanager
def hanging(path: str) -> Generator[None]:
    """Have the driver of a port hang when it is opened."""
    let_go, opened = threading.Event(), threading.Event()
    really_open = os.open

    def hang(name: Any, *arguments: Any) -> int:
        if name != path:
            return really_open(name, *arguments)
        let_go.wait(60)
        try:
            return really_open(name, *arguments)
        finally:
            opened.set()

    with patch("serialx.descriptor_transport.os.open", hang):
        try:
            yield
        finally:
            let_go.set()
            # Before its port is taken away.
            opened.wait(60)


@pytest.mark.parametrize("kind", [Pty, Log, Echo, Stranger, Busy])
async def test_a_port_that_is_not_for_commands_is_passed_over(
    hass: HomeAssistant, sockets: Sockets, modem: VirtualModem, kind: type[Pty]
) -> None:
    other = kind()
    try:
        nodes = sockets.plug(interfaces=(3, 4), behind={3: other.name, 4: modem.port})
        dialog = await discovered(hass)
        await dialog.submit()
    finally:
        other.close()
    assert dialog.step == "cellular"
    assert dialog.result["description_placeholders"]["imei"] == IMEI
    # Nobody has looked at the modem before the person went on.
    assert dialog.progress_seen[0] == "find"
    assert os.path.realpath(nodes[4]) == os.path.realpath(modem.port)


async def test_a_port_that_hangs_when_it_is_opened_is_passed_over(
    hass: HomeAssistant, sockets: Sockets, modem: VirtualModem
) -> None:
    other = Pty()
    nodes = sockets.plug(interfaces=(3, 4), behind={3: other.name, 4: modem.port})
    (by_id,) = [p.device for p in sockets.list_serial_ports() if p.interface_num == 3]
    assert by_id == nodes[3]
    with hanging(nodes[3]):
        dialog = await discovered(hass)
        await dialog.submit()
        assert dialog.step == "cellular"
        dialog.close()
    # What was left behind has closed it.
    await until(lambda: _is_free(other.name))
    other.close()


async def test_a_port_that_went_between_card_and_question_is_passed_over(
    hass: HomeAssistant, sockets: Sockets, modem: VirtualModem
) -> None:
    nodes = sockets.plug(interfaces=(3, 4), behind={3: modem.port, 4: modem.port})
    dialog = await discovered(hass)
    Path(nodes[3]).unlink()
    await dialog.submit()
    assert dialog.step == "cellular"


async def test_nothing_is_sent_to_any_port_before_a_person_goes_on(
    hass: HomeAssistant, sockets: Sockets, modem: VirtualModem
) -> None:
    asked = len(modem.commands())
    silent = Pty()
    sockets.plug(interfaces=(2, 3), behind={2: silent.name, 3: modem.port})
    dialog = await discovered(hass)
    assert not silent.heard
    assert len(modem.commands()) == asked
    await dialog.submit()
    assert dialog.step == "cellular"
    # Its likeliest port answered: no other was touched.
    assert not silent.heard
    silent.close()


async def test_a_search_that_is_closed_lets_go_of_the_port(
    hass: HomeAssistant, sockets: Sockets, modem: VirtualModem
) -> None:
    silent = Pty()
    sockets.plug(interfaces=(3,), behind={3: silent.name})
    dialog = await discovered(hass)
    await dialog.begin()
    await until(lambda: bool(silent.heard))
    dialog.close()
    await hass.async_block_till_done(wait_background_tasks=True)
    await until(lambda: _is_free(silent.name))
    silent.close()


def _is_free(name: str) -> bool:
    """Tell whether a serial program could open a port now."""
    other = os.open(name, os.O_RDWR | os.O_NOCTTY)
    try:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(other)
    return True


@pytest.mark.parametrize("names", [False, True])
async def test_a_second_modem_that_shares_the_first_one_s_name_is_set_up_beside_it(
    hass: HomeAssistant, sockets: Sockets, modem: VirtualModem, names: bool
) -> None:
    sockets.names = names
    sockets.plug("1-1", interfaces=(3,), behind={3: modem.port})
    (port,) = [found.device for found in sockets.list_serial_ports()]
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Quectel EC200N-CN",
        unique_id=IMEI,
        data=DATA | {"device": port},
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await in_service(entry)
    await until(lambda: "usb" in entry.data)
    courier = entry.runtime_data.courier
    async with VirtualModem(settings={"imei": "867730050000025"}) as second:
        silent = Pty()
        sockets.plug("1-2", interfaces=(3, 4), behind={3: silent.name, 4: second.port})
        await look(hass)
        dialog = await discovered(hass)
        await dialog.submit()
        assert dialog.step == "cellular"
        shown = dialog.result["description_placeholders"]
        assert shown["imei"] == "867730050000025"
        assert courier.status.connected
        assert courier.status.trouble is None
        silent.close()


async def test_a_moved_modem_is_followed_and_offered_to_nobody(
    hass: HomeAssistant, sockets: Sockets, modem: VirtualModem
) -> None:
    nodes = sockets.plug(
        "1-1", interfaces=(3, 4), behind={3: modem.port, 4: modem.port}
    )
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Quectel EC200N-CN",
        unique_id=IMEI,
        data=DATA | {"device": nodes[3]},
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await in_service(entry)
    courier = entry.runtime_data.courier
    sockets.unplug("1-1")
    modem.hangup(seconds=0.2)
    await until(lambda: not courier.status.connected)
    await look(hass)
    nodes = sockets.plug("1-3", interfaces=(3,), behind={3: modem.port})
    await look(hass)
    await until(lambda: socket_of(entry) == "1-3")
    await in_service(entry)
    await hass.async_block_till_done()
    assert entry.data["device"] == nodes[3]
    assert entry.runtime_data.courier is courier
    assert not cards(hass)
