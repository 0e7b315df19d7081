"""No password, PIN or body reaches any log while a port is open, ours or serialx's."""

import asyncio
import contextlib
import logging

import pytest

from custom_components.quectel_smtp.modem.at import redaction
from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.errors import ModemError
from custom_components.quectel_smtp.modem.at.port import PortSettings, connect
from custom_components.quectel_smtp.modem.mail.message import Message
from custom_components.quectel_smtp.modem.mail.server import Security, ServerSettings
from custom_components.quectel_smtp.modem.modem import Modem
from custom_components.quectel_smtp.modem.network.pdp import PdpSettings
from tests.virtual_modem.client import VirtualModem

# Told from everything else by any three of their letters in a row.
SECRETS = (
    "Zqx7Jw9Kv5",
    "Hy3Xz8Qj4W",
    "QwVx6Jz2Kq",
    "97531864",
    "Wjq5ZxvK3h",
    "Xzj8Vqk6Jw",
)
MAIL_PASSWORD, APN_PASSWORD, BODY, PIN, SUBJECT, RECIPIENT = SECRETS
PIECE = 4


def pieces_in(text: str) -> set[str]:
    """Return every piece of a secret that ``text`` has, plain, hex or escaped."""
    found = set()
    for secret in SECRETS:
        for at in range(len(secret) - PIECE + 1):
            piece = secret[at : at + PIECE]
            spaced = piece.encode().hex(" ")
            if any(
                form in text or form.upper() in text
                for form in (piece, piece.encode().hex(), spaced)
            ):
                found.add(piece)
    return found


@pytest.mark.parametrize("tcp", [False, True], ids=["pty", "socket"])
@pytest.mark.parametrize("echo", [False, True])
async def test_no_secret_reaches_a_log_with_everything_at_debug(
    caplog: pytest.LogCaptureFixture, tcp: bool, echo: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(("serialx", "custom_components")):
            caplog.set_level(logging.DEBUG, name)
    async with VirtualModem(tcp=tcp, settings={"pin": PIN, "apn": ""}) as virtual:
        modem = Modem(PortSettings(virtual.url if tcp else virtual.port))
        await modem.open()
        if echo:
            # Another program turned it on: everything comes back.
            await modem._open_session.channel.execute(Command("ATE1"))  # noqa: SLF001
        with contextlib.suppress(ModemError):
            await modem.enter_pin(PIN)
        with contextlib.suppress(ModemError):
            await modem.activate(PdpSettings("internet", "user", APN_PASSWORD))
        await modem.configure(
            ServerSettings(
                "mail.example.com",
                25,
                Security.NONE,
                "user",
                MAIL_PASSWORD,
                "Home",
                "home@example.com",
            )
        )
        message = Message(SUBJECT, f"{BODY}\n" * 200, (f"{RECIPIENT}@example.com",))
        assert await modem.prepare(message) is None
        await modem.put(60)
        # A late echo and half a command, as after a cancelled write.
        virtual.inject(f'\r\n"user","{MAIL_PASSWORD}"\r\n{PIN}\r\n'.encode())
        await modem.network()
        await modem.close()
        seen = " ".join(command.line for command in virtual.commands())
        assert MAIL_PASSWORD in seen
        assert PIN in seen
        assert APN_PASSWORD in seen
    assert caplog.records
    assert pieces_in(caplog.text) == set()
    assert pieces_in(" ".join(str(record.args) for record in caplog.records)) == set()


async def test_the_transports_log_is_its_own_again_after_closing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logger = logging.getLogger("serialx.descriptor_transport")
    caplog.set_level(logging.DEBUG, logger.name)
    async with VirtualModem() as virtual:
        first = await connect(PortSettings(virtual.port))
        logger.debug("hushed")
        logger.info("told")
        await first.close()
        await asyncio.sleep(0)
        logger.debug("heard")
    assert "hushed" not in caplog.text
    assert "told" in caplog.text
    assert "heard" in caplog.text


def test_hushing_lasts_until_the_last_one_is_done(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logger = logging.getLogger("serialx.common")
    caplog.set_level(logging.DEBUG, logger.name)
    first, second = redaction.hush_transport(), redaction.hush_transport()
    first()
    first()
    logger.debug("hushed")
    second()
    logger.debug("heard")
    assert "hushed" not in caplog.text
    assert "heard" in caplog.text
