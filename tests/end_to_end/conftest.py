"""A mail server, a modem and a Home Assistant for each end-to-end test."""

from collections.abc import AsyncIterator
import os
from pathlib import Path

import pytest

from tests import confidential
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.profiles import MailClient

from .home_assistant import HomeAssistant, is_installed
from .inbox import MailServer
from .scene import Person, modem_that_reaches, person_at


@pytest.fixture(autouse=True)
def _real_home_assistant() -> None:
    """Skip without a real Home Assistant; where CI=true, fail."""
    if is_installed():
        return
    reason = "there is no .venv-ha: run scripts/setup --ha"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
async def mail(tmp_path: Path) -> AsyncIterator[MailServer]:
    """A mail server with an inbox."""
    async with MailServer(tmp_path, password="right horse") as server:
        yield server


@pytest.fixture
def mail_client() -> MailClient:
    """The program behind the modem's mail commands, unless a test chooses."""
    return MailClient.NOTE


@pytest.fixture
async def modem(
    mail: MailServer, mail_client: MailClient
) -> AsyncIterator[VirtualModem]:
    """A modem that reaches the mail server, and does not make tests wait."""
    async with modem_that_reaches(
        mail, time_scale=0.01, mail_client=mail_client
    ) as modem:
        yield modem


@pytest.fixture
def configuration() -> str:
    """What a test has in Home Assistant's configuration, in YAML."""
    return ""


@pytest.fixture
async def home(tmp_path: Path, configuration: str) -> AsyncIterator[HomeAssistant]:
    """A new Home Assistant."""
    async with HomeAssistant(tmp_path / "home", configuration) as home:
        yield home
        # What it would write at its end nobody reads, and a test to which that end matters
        # has it stop itself: Python alone needs more than a second to leave.
        await home.kill()
    private = [
        line
        for line in home.output.read_text("utf-8", "replace").splitlines()
        if confidential.found(line, ours=confidential.OURS in line)
    ]
    assert private == [], "said in its log"


@pytest.fixture
async def person(home: HomeAssistant) -> AsyncIterator[Person]:
    """Someone at its pages."""
    async with person_at(home) as person:
        yield person
