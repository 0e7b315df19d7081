"""The demo does what it says, and leaves nothing behind however it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import os
from pathlib import Path
import re
import signal
import uuid

import pytest

from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.profiles import MailClient

from .api import HomeAssistantApi
from .home_assistant import VENV
from .inbox import MailServer
from .processes import ROOT
from .scene import APN
from .states import States
from .test_discovery import Cards

MARK = "QUECTEL_DEMO_TEST"
LOOK_AGAIN = 0.05

type Process = asyncio.subprocess.Process


class RunningDemo:
    """A demo whose processes can be told from all others."""

    def __init__(self, process: Process, mark: str) -> None:
        """Use `demo`."""
        self.process = process
        self._mark = f"{MARK}={mark}".encode()

    async def until(self, words: str) -> str:
        """What it has written, up to the line with these words."""
        assert self.process.stdout is not None
        written = ""
        while words not in written:
            line = await self.process.stdout.readline()
            assert line, f"ended before it wrote {words!r}:\n{written}"
            written += line.decode()
        return written

    async def rest(self) -> str:
        """What else it writes until its end."""
        assert self.process.stdout is not None
        written = (await self.process.stdout.read()).decode()
        await self.process.wait()
        return written

    def survivors(self) -> list[str]:
        """The commands of its processes that still run."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if self._mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append((folder / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue  # ended meanwhile, or somebody else's
        return found


@asynccontextmanager
async def demo(tmp_path: Path, *arguments: str) -> AsyncIterator[RunningDemo]:
    """Run the demo with these arguments."""
    mark = uuid.uuid4().hex
    process = await asyncio.create_subprocess_exec(
        *(str(VENV / "bin" / "python"), "-m", "tests.end_to_end", *arguments),
        cwd=ROOT,
        env={**os.environ, MARK: mark, "TMPDIR": str(tmp_path)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield RunningDemo(process, mark)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize(
    ("mail_client", "once"), [(MailClient.NOTE, True), (MailClient.TERSE, False)]
)
async def test_the_demo_shows_its_emails_and_ends(
    mail_client: MailClient, once: bool, tmp_path: Path
) -> None:
    arguments = ("--mail-client", mail_client, *(["--once"] if once else []))
    async with demo(tmp_path, *arguments) as running:
        written = ""
        if not once:
            written = await running.until("Ctrl-C ends everything")
            written += await try_out(running, written)
            running.process.send_signal(signal.SIGTERM)
        written += await running.rest()

    assert running.process.returncode == 0, written
    assert "EC200N-CN, CHN-UNICOM, -65 dBm; notify.alex is ready" in written
    assert "with a mistyped password first: The mail server does not accept" in written
    assert "Subject: Mains power is gone ⚡" in written
    assert "The router is off." in written
    assert "mail server: TLS, log-in, email accepted" in written
    assert "_email_delivery: sent, way: module" in written
    assert "Home Assistant over it: TLS, log-in, email accepted" in written
    assert "Subject: The battery is low" in written
    assert "_email_delivery: sent, way: stream, the mail server says: " in written
    assert "to Alex is queued, and expires" in written
    assert "The modem was unplugged when this was raised." in written
    assert re.search(r"^Time from start to email: [0-9.]+ s$", written, re.MULTILINE)
    assert "Traceback" not in written
    assert not running.survivors()
    assert not list(tmp_path.iterdir())


async def try_out(running: RunningDemo, written: str) -> str:
    """Do what the demo invites to, with what it says for that; what it writes then."""
    assert "A second modem is plugged in" in written
    (said,) = re.findall(
        r"^ +(http\S+)\n +user (\S+), password (\S+)$", written, re.MULTILINE
    )
    url, user, password = said
    (device,) = re.findall(rf"{url}/config/devices/device/(\S+)", written)
    (edited,) = re.findall(rf"{url}/config/automation/edit/(\S+)", written)
    async with HomeAssistantApi(url) as api:
        await api.log_in(user, password)
        devices = await api.command("config/device_registry/list")
        (page,) = (known for known in devices if known["id"] == device)
        assert page["model"] == "EC200N-CN"
        cards = Cards(await api.subscribe("config_entries/flow/subscribe"))
        await cards.until(lambda shown: len(shown) == 1)
        told = await api.subscribe("persistent_notification/subscribe")
        assert "invalid_config" not in (await told.get())["notifications"]

        # One more, made in the editor of automations, beside that which is there.
        path = "/api/config/automation/config/"
        automation = await api.get(path + edited)
        automation |= {"id": "another", "alias": "And once it is back"}
        (trigger,) = automation["triggers"]
        trigger["to"] = "on"
        (action,) = automation["actions"]
        action["data"]["title"] = "Mains power is back"
        async with States(api) as states:
            await api.post(path + automation["id"], automation)
            await states.until("automation.and_once_it_is_back")
            await api.act("input_boolean.turn_off", "input_boolean.mains_power")
            shown = await running.until("Subject: Mains power is off")
            await api.act("input_boolean.turn_on", "input_boolean.mains_power")
            return shown + await running.until("Subject: Mains power is back")


@pytest.mark.parametrize("words", ["Modem", "Set-up"])
async def test_the_demo_ends_cleanly_before_it_has_shown_anything(
    tmp_path: Path, words: str
) -> None:
    async with demo(tmp_path) as running:
        await running.until(words)
        running.process.send_signal(signal.SIGINT)
        rest = await running.rest()

    assert running.process.returncode == 130, rest
    assert "Traceback" not in rest
    assert not running.survivors()
    assert not list(tmp_path.iterdir())


async def test_a_demo_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    async with demo(tmp_path) as running:
        await running.until("Home Assistant")
        running.process.kill()
        await running.process.wait()

    async with asyncio.timeout(30):
        while running.survivors():
            await asyncio.sleep(LOOK_AGAIN)


async def test_a_real_modem_is_set_up_with_what_a_person_answers(
    tmp_path: Path, mail: MailServer, modem: VirtualModem
) -> None:
    root = tmp_path / "root.pem"
    root.write_text(mail.authority_pem)
    answers = {
        "APN": APN,
        "User name for the APN": "",
        "PIN": "",
        "Speed": "",
        "Mail server": mail.host,
        "Security": "tls",
        "Port": "",
        "User name, often": mail.user,
        "Password": mail.password,
        "Sender's address": "",
        "Root certificate": str(root),
        "Address to send": "me@example.com",
    }
    terminal, theirs = os.openpty()
    folder = tmp_path / "demo"
    folder.mkdir()
    process = await asyncio.create_subprocess_exec(
        *(str(VENV / "bin" / "python"), "-m", "tests.end_to_end"),
        *("--once", "--port", modem.port),
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder), "NO_COLOR": "1", "TERM": "dumb"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        # The terminal is its own, from which getpass reads.
        start_new_session=True,
    )
    os.close(theirs)
    try:
        written = await asyncio.to_thread(answer_in_terminal, terminal, answers)
        assert await process.wait() == 0, written
    finally:
        os.close(terminal)
        if process.returncode is None:
            process.kill()
            await process.wait()

    arrived = await mail.next_mail()
    assert arrived.recipients == ("me@example.com",)
    assert "It was sent: look into the inbox of me@example.com." in written
    assert mail.password not in written
    assert not list(folder.iterdir())


def answer_in_terminal(terminal: int, answers: dict[str, str]) -> str:
    """Answer each question once it was asked; all that was written to the terminal."""
    written, unread = "", ""
    waiting = list(answers.items())
    while True:
        try:
            piece = os.read(terminal, 4096).decode("utf-8", "replace")
        except OSError:
            return written  # nobody is left who has it open
        written, unread = written + piece, unread + piece
        if waiting and waiting[0][0] in unread and unread.endswith(": "):
            _, answer = waiting.pop(0)
            os.write(terminal, f"{answer}\n".encode())
            unread = ""


async def test_a_real_modem_needs_someone_to_answer(tmp_path: Path) -> None:
    async with demo(tmp_path, "--port", "/dev/null") as running:
        written = await running.rest()

    assert running.process.returncode == 1
    assert "in a terminal" in written
