"""A modem is plugged in, and set up from the card that Home Assistant shows of it."""

from collections.abc import AsyncIterator, Callable
import os
from pathlib import Path

import pytest

from tests.virtual_modem.client import VirtualModem

from .api import Subscription
from .flows import DOMAIN, Kind
from .home_assistant import HomeAssistant
from .inbox import MailServer
from .scene import SOCKETS, Person, answers_for
from .setting_up import add_modem
from .test_outbox import ALEX, NOTIFY, SEND


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[HomeAssistant]:
    """A Home Assistant with USB sockets."""
    folder = tmp_path / "home"
    async with HomeAssistant(folder, "usb_sockets:\n", beside=[SOCKETS]) as home:
        yield home
        await home.kill()


class Cards:
    """The discovered modems that are shown, by the ids of their flows."""

    def __init__(self, told: Subscription) -> None:
        """Read what Home Assistant tells of flows."""
        self._told = told
        self.seen: list[str] = []
        self.shown: dict[str, str] = {}

    async def until(self, condition: Callable[[dict[str, str]], bool]) -> list[str]:
        """Wait until something is so of the cards' names; their flows' ids."""
        while not condition(self.shown):
            for change in await self._told.get():
                flow = change.get("flow") or {}
                if change["type"] == "removed":
                    self.shown.pop(change["flow_id"], None)
                elif flow["handler"] == DOMAIN and flow["context"]["source"] == "usb":
                    name = flow["context"]["title_placeholders"]["name"]
                    self.shown[change["flow_id"]] = name
                    self.seen.append(name)
        return list(self.shown)


async def test_a_modem_is_set_up_from_its_card_and_followed_where_it_goes(
    mail: MailServer, modem: VirtualModem, person: Person, tmp_path: Path
) -> None:
    await person.until_running()
    cards = Cards(await person.api.subscribe("config_entries/flow/subscribe"))
    master, slave = os.openpty()
    silent = os.ttyname(slave)
    # A port for diagnostics, which is silent, before the one for commands.
    await person.api.act("usb_sockets.plug", ports={"2": silent, "3": modem.port})
    (flow_id,) = await cards.until(lambda shown: len(shown) == 1)
    assert cards.seen == [f"Quectel EC200A ({Path(modem.port).name})"]
    assert not modem.commands()

    step = await person.flows.open_flow(flow_id)
    assert step.name == "usb_confirm"
    answers = answers_for(mail, "")
    step = await person.flows.submit(step, {})
    created = await add_modem(person.flows, answers, found=step)
    assert created.kind is Kind.CREATED
    assert await person.name_recipient(created, ALEX) == NOTIFY
    await person.api.act(SEND, NOTIFY, message="The first")
    assert "The first" in (await mail.next_mail()).text
    await cards.until(lambda shown: not shown)

    # It comes back at another port, while an email waits.
    await person.api.act("usb_sockets.unplug")
    modem.hangup()
    await person.api.act(SEND, NOTIFY, message="The second")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.symlink_to(os.path.realpath(modem.port))
    modem.plug()
    await person.api.act("usb_sockets.plug", ports={"2": silent, "3": str(elsewhere)})
    assert "The second" in (await mail.next_mail()).text
    await cards.until(lambda shown: not shown)
    os.close(master)
    os.close(slave)
