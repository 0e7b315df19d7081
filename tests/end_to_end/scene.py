"""What the demo and the end-to-end tests have in common: who is there, who knows whom."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.profiles import MailClient

from .api import HomeAssistantApi
from .flows import DOMAIN, FlowError, Flows, Kind, Step
from .home_assistant import HomeAssistant
from .inbox import MailServer
from .setting_up import Answers, Recipient
from .states import States

APN = "internet"
BAUDRATE = 115200
SOCKETS = Path(__file__).parent / "usb_sockets"
"""A component beside ours, where modems in software can be plugged in."""

_LOOK_AGAIN = 0.1
_PORTS = {"tls": 465, "starttls": 587, "none": 25}


def modem_that_reaches(
    mail: MailServer,
    *,
    time_scale: float,
    settings: Mapping[str, str | float] | None = None,
    mail_client: MailClient = MailClient.NOTE,
) -> VirtualModem:
    """A modem whose network knows the mail server, on the ports that are usual."""
    ports = {_PORTS[security]: port for security, port in mail.ports.items()}
    return VirtualModem(
        hosts={mail.host: ports},
        settings=settings,
        baud=BAUDRATE,
        mail_client=mail_client,
        time_scale=time_scale,
    )


def answers_for(mail: MailServer, device: str) -> Answers:
    """What the forms are given for this mail server and a modem on that port."""
    return Answers(
        device=device,
        baudrate=BAUDRATE,
        apn=APN,
        host=mail.host,
        username=mail.user,
        password=mail.password,
        sender_address=mail.user,
        certificate=mail.authority_pem,
    )


@dataclass(frozen=True, slots=True)
class Person:
    """Someone at Home Assistant's pages: what is clicked, filled in and seen there."""

    api: HomeAssistantApi
    flows: Flows
    states: States

    async def name_recipient(self, created: Step, recipient: Recipient) -> str:
        """Add a recipient in place of the dialog that asks for it; the notify entity.

        That one would send a test email.
        """
        await self.flows.close(await self.flows.next_flow(created))
        entry_id = created.content["result"]["entry_id"]
        step = await self.flows.submit(
            await self.flows.add_recipient(entry_id), recipient.form()
        )
        if step.kind is not Kind.CREATED:
            raise FlowError(step)
        subentries = await self.api.command(
            "config_entries/subentries/list", entry_id=entry_id
        )
        (subentry_id,) = (
            subentry["subentry_id"]
            for subentry in subentries
            if subentry["title"] == recipient.name
        )
        entity_id = await self.entity("notify", subentry_id)
        await self.states.until(entity_id)
        return entity_id

    async def without_test(self, step: Step) -> str:
        """Send no test email at the end of a dialog; why it ended."""
        if step.kind is Kind.FORM and step.name == "test":
            step = await self.flows.submit(step, {"test_to": "nobody"})
        if step.kind is not Kind.ABORTED:
            raise FlowError(step)
        return step.name

    async def entity(self, kind: str, unique_id_end: str) -> str:
        """The integration's entity of that kind whose unique id ends so."""
        registered = await self.api.subscribe(
            "subscribe_events", event_type="entity_registry_updated"
        )
        while True:
            for entity in await self.api.command("config/entity_registry/list"):
                entity_id: str = entity["entity_id"]
                if (
                    entity["platform"] == DOMAIN
                    and entity_id.startswith(f"{kind}.")
                    and entity["unique_id"].endswith(unique_id_end)
                ):
                    return entity_id
            await registered.get()

    async def until_running(self) -> None:
        """Wait until Home Assistant has set up all that it has."""
        while (await self.api.command("get_config"))["state"] != "RUNNING":
            await asyncio.sleep(_LOOK_AGAIN)

    async def modem(self, entry_id: str) -> str:
        """The modem's device of an entry."""
        (found,) = (
            device["id"]
            for device in await self.api.command("config/device_registry/list")
            if entry_id in device["config_entries"] and device["entry_type"] is None
        )
        device_id: str = found
        return device_id

    async def until_sensor(self, unique_id_end: str, state: str) -> None:
        """Wait until that sensor of the modem shows this."""
        entity_id = await self.entity("sensor", unique_id_end)
        await self.states.until(entity_id, lambda shown: shown.state == state)

    async def until_issues(self, *keys: str) -> dict[str, str]:
        """Wait until just these repairs are asked for, by the keys of their texts.

        The ids of the issues, by key.
        """
        changed = await self.api.subscribe(
            "subscribe_events", event_type="repairs_issue_registry_updated"
        )
        while True:
            reply = await self.api.command("repairs/list_issues")
            found = {
                issue["translation_key"]: issue["issue_id"]
                for issue in reply["issues"]
                if issue["domain"] == DOMAIN and not issue["ignored"]
            }
            if found.keys() == set(keys):
                return found
            await changed.get()


@asynccontextmanager
async def person_at(
    home: HomeAssistant, *, returning: bool = False
) -> AsyncGenerator[Person]:
    """The owner of this Home Assistant, who makes the first account there.

    returning: the account is there already, from before a restart.
    """
    async with HomeAssistantApi(home.url) as api:
        if returning:
            await api.log_in(home.user, home.password)
        else:
            await api.create_owner(home.user, home.password)
        flows = await Flows.open(api)
        async with States(api) as states:
            yield Person(api, flows, states)
