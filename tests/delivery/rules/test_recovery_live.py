"""What mends the path does mend it, on a modem that really is broken."""

import asyncio
from collections.abc import AsyncGenerator, Generator

import pytest

from custom_components.quectel_smtp.delivery.records import Wear
from custom_components.quectel_smtp.delivery.rules.recovery import Recovery, Rung
from custom_components.quectel_smtp.modem.at.errors import (
    ModemError,
    ModemRebootedError,
    PdpError,
    ServerUnreachableError,
)
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.message import Message
from custom_components.quectel_smtp.modem.mail.server import Security, ServerSettings
from custom_components.quectel_smtp.modem.mail.smtp import Result
from custom_components.quectel_smtp.modem.modem import Modem
from custom_components.quectel_smtp.modem.network.pdp import PdpSettings, PdpState
from custom_components.quectel_smtp.modem.service import await_registration
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.observations import Phase
from tests.virtual_modem.tests.mail_server import MailServer

HOST = "mail.example.com"
PDP = PdpSettings("internet")
SERVER = ServerSettings(
    HOST, 25, Security.NONE, "user", "secret", "Home", "home@example.com"
)
MESSAGE = Message("Hello", "Body", ("a@example.com",))


@pytest.fixture
def server() -> Generator[MailServer]:
    """Give a mail server in a thread of its own."""
    with MailServer() as running:
        yield running


@pytest.fixture
async def virtual(server: MailServer) -> AsyncGenerator[VirtualModem]:
    """Give a virtual modem that reaches it."""
    async with VirtualModem(hosts={HOST: {25: server.port}}) as modem:
        yield modem


async def opened(virtual: VirtualModem) -> Modem:
    """Return the modem, open."""
    modem = Modem(PortSettings(virtual.port))
    await modem.open()
    return modem


async def put_and_go_away(virtual: VirtualModem, modem: Modem) -> None:
    """Hand an email over, and close the port before its result comes."""
    putting = asyncio.create_task(modem.put(60))
    await virtual.wait_for_command("QSMTPPUT=")
    await asyncio.sleep(0.1)
    await modem.close()
    assert (await putting).result is Result.UNKNOWN
    assert modem.unsettled


async def climb(modem: Modem) -> Rung:
    """Climb until the path is proved; return the rung that helped."""

    async def save(wear: Wear) -> None:
        pass

    recovery = Recovery(Wear(), save)
    for count in range(12):
        try:
            await recovery.mend(modem, PDP, 1000.0 * count)
            await await_registration(modem, 1)
            await modem.prove(SERVER, PDP)
        except ModemError as err:
            recovery.failed(err)
        else:
            return recovery.rung
    raise AssertionError("nothing helped")


async def test_a_context_that_someone_else_holds_is_released(
    virtual: VirtualModem,
) -> None:
    virtual.set("only_bearer", 9)
    modem = await opened(virtual)
    with pytest.raises(PdpError):
        await modem.activate(PDP)
    assert await climb(modem) is Rung.CHECKS
    await modem.close()


@pytest.mark.parametrize("line", ["AT+CGACT=1,1", "AT+CGATT=0", "AT+CFUN=4"])
async def test_what_another_program_left_behind_is_undone(
    virtual: VirtualModem, line: str
) -> None:
    modem = await opened(virtual)
    channel = modem._open_session.channel  # noqa: SLF001  # another program's
    channel._write(f"{line}\r".encode())  # noqa: SLF001
    await virtual.wait_for_command(line.removeprefix("AT").replace("+", "."))
    assert await climb(modem) is Rung.CHECKS
    await modem.close()


async def test_a_modem_that_has_decayed_is_restarted(virtual: VirtualModem) -> None:
    virtual.set("decay_after", 1)
    modem = await opened(virtual)
    await modem.prove(SERVER, PDP)
    with pytest.raises(ServerUnreachableError):
        await modem.prove(SERVER, PDP)
    assert await climb(modem) is Rung.REBOOT
    assert virtual.state().boot == 2
    await modem.close()


@pytest.mark.parametrize("boot_urcs", ["true", "false"])
async def test_a_restart_is_over_when_the_modem_answers(
    virtual: VirtualModem, boot_urcs: str
) -> None:
    virtual.set("boot_urcs", boot_urcs)
    modem = await opened(virtual)
    await modem.activate(PDP)
    mark = await modem.mark()
    await modem.restart()
    assert virtual.state().boot == 2
    assert modem.pdp_state is PdpState.INACTIVE
    assert await modem.same_boot(mark) is False
    await await_registration(modem, 20)
    await modem.prove(SERVER, PDP)
    await modem.close()


async def test_a_restart_may_take_the_port_along(virtual: VirtualModem) -> None:
    virtual.set("reboot_port", "hangup")
    modem = await opened(virtual)
    mark = await modem.mark()
    await modem.restart()
    assert not modem.connected
    await virtual.wait_for_port()
    await modem.open()
    assert await modem.same_boot(mark) is False
    await modem.close()


async def test_the_radio_goes_off_and_on_and_the_path_works_again(
    virtual: VirtualModem,
) -> None:
    modem = await opened(virtual)
    await modem.activate(PDP)
    await modem.set_radio(False)
    assert not await modem.radio_on()
    await modem.set_radio(True)
    await await_registration(modem, 20)
    await modem.prove(SERVER, PDP)
    assert await modem.contexts() == (1,)
    await modem.close()


async def test_a_mark_tells_the_boot_over_openings_and_unnoticed_restarts(
    virtual: VirtualModem,
) -> None:
    virtual.set("boot_urcs", "false")
    modem = await opened(virtual)
    mark = await modem.mark()
    await modem.close()
    again = await opened(virtual)
    assert await again.same_boot(mark) is True
    assert await again.mark() == mark
    await again.close()
    virtual.reboot()
    await virtual.wait_for_phase(Phase.COMMAND)
    await again.open()
    assert await again.same_boot(mark) is False
    await again.close()


@pytest.mark.parametrize("ends", ["reports", "reboots"])
async def test_a_result_that_comes_after_a_reopening_is_told(
    virtual: VirtualModem, ends: str
) -> None:
    virtual.set("put_seconds", 1)
    modem = await opened(virtual)
    await modem.activate(PDP)
    await modem.configure(SERVER)
    assert await modem.prepare(MESSAGE) is None
    mark = await modem.mark()
    await put_and_go_away(virtual, modem)

    again = Modem(PortSettings(virtual.port))
    again.expect_late_result(30)
    await again.open()
    assert await again.same_boot(mark) is True
    if ends == "reports":
        assert (await again.late_result()).result is Result.SENT
    else:
        virtual.reboot()
        with pytest.raises(ModemRebootedError):
            await again.late_result()
    await again.close()
