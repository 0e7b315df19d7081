"""Takes pictures of the integration at work: every form of its set-up, its devices.

    scripts/screenshots FOLDER [LANGUAGE]
    scripts/screenshots --readme     those of readme_pictures.py

Goes through the forms in a browser as a person does, and then through what can go wrong, on a
phone and in the dark; in another language than English through the forms alone. Needs `chromium`,
and for Chinese a font (Debian: fonts-wqy-microhei).
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
import json
from pathlib import Path
import sys
import tempfile
from typing import Final

from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.fault_model import Action, Fault, Moment

from . import mishaps
from .flows import DOMAIN
from .home_assistant import HomeAssistant
from .inbox import MailServer
from .outcomes import Outcomes
from .scene import SOCKETS, Person, answers_for, modem_that_reaches, person_at
from .setting_up import Answers
from .tongue import ENGLISH, Tongue
from .visitor import DESKTOP, PHONE, SETTLE, Browser, Visitor, chromium, page_for

_DISCOVERED: Final = "Quectel EC200A"
_DISCOVERED_WITHIN: Final = 60_000


class Photographer(Visitor):
    """Sets the modem up, and looks at all there is of it."""

    async def set_up(self, url: str, answers: Answers) -> None:
        """Fill in each form of the modem's set-up, and the first recipient's."""
        page = self.page
        await page.goto(f"{url}/config/integrations/dashboard/add?domain={DOMAIN}")
        await page.get_by_role("button", name=self.said("OK")).click()

        await self.see("Connect the modem")
        await self.unfold(page.locator("ha-selector-serial_port"))
        await self.picture("ports")
        await self.choose("Enter manually")
        await page.wait_for_timeout(SETTLE)
        await page.locator("ha-selector-serial_port input").fill(answers.device)
        await self.next()
        await self.see("Set up the data connection", before="identifying")
        await self.fill(answers.apn)
        await self.next()

        await self.see("Choose the mail provider", before="connecting")
        await self.choose("Outlook.com, Hotmail, Live")
        await self.see("No passwords accepted")
        await self.choose("Choose another provider")
        for provider, name in (("Gmail",) * 2, ("GMX",) * 2, ("QQ Mail", "qq.com")):
            await self.choose(provider)
            await self.see("Log in to {provider}", provider=name)
            await self.go_back()
        await self.choose("Another one, or a mail server of my own")
        await self.see("Set up the mail server")
        await self.fill(
            answers.host,
            None,
            None,
            answers.username,
            answers.password,
            answers.sender_name,
            answers.sender_address,
        )
        await self.choose("Advanced")
        await self.unfold(page.locator("ha-form-expandable ha-selector").last)
        await self.choose("A root of my own, or none")
        await self.picture("mail-server-filled")
        await self.next()

        await self.see("Verify the mail server")
        await self.choose("Paste a certificate")
        await page.locator("step-flow-form textarea").wait_for()
        await self.see("Paste a certificate")
        await self.fill(answers.certificate)
        await self.next()

        await self.see("Who gets the emails?", before="checking")
        await self.fill("alex@example.com", "Alex")
        await self.picture("recipient-filled")
        await self.next()
        await self.picture("sending")
        await page.locator("step-flow-abort").wait_for()
        await self.picture("sent")
        await self.close()

    async def discovered(self, url: str) -> None:
        """Take the card of a modem that was plugged in, and what it leads to."""
        page = self.page
        await page.goto(f"{url}/config/integrations/dashboard")
        await page.get_by_text(_DISCOVERED).first.wait_for(timeout=_DISCOVERED_WITHIN)
        await self.picture("discovered")
        await page.get_by_role("button", name="Add", exact=True).first.click()
        await self.see("Set up this modem?")

    async def device(self, url: str, device_id: str, name: str) -> None:
        """Take a device's page."""
        await self.page.goto(f"{url}/config/devices/device/{device_id}")
        await self.page.locator("ha-config-device-page ha-card").first.wait_for()
        await self.picture(name)

    async def options(self) -> None:
        """Open the entry's options from the integration's page, and take them."""
        page = self.page
        name = self.said.at("ui.panel.config.integrations.config_entry.configure")
        await page.get_by_role("button", name=name).first.click()
        await self.see("Delivery")
        # The form is longer than the window.
        for section in ("Answers and pictures", "Who else may be written to"):
            await page.get_by_text(self.said(section), exact=True).first.click()
        last = page.locator("step-flow-form ha-selector").last
        await last.evaluate("field => field.scrollIntoView({block: 'end'})")
        await self.picture("delivery-sections")

    async def picker(self, url: str) -> None:
        """Search for what sends an email in an automation's editor, and take its form."""
        page = self.page
        await page.goto(f"{url}/config/automation/edit/new")
        await page.get_by_text("Add action").first.click()
        await page.get_by_role("searchbox").or_(page.locator("input")).first.wait_for()
        await page.wait_for_timeout(SETTLE)
        await page.keyboard.type("email")
        found = page.get_by_text("Send an email").first
        await found.wait_for()
        await self.picture("action-picker")
        await found.click()
        await self.picture("action-editor")

    async def action(self, url: str, name: str, response: str = "") -> None:
        """Take an action's form among the tools; and what it responds, with this in it."""
        page = self.page
        chosen = json.dumps({"action": f"{DOMAIN}.{name}", "data": {}})
        await page.evaluate(
            "chosen => localStorage.setItem('panel-dev-action-state-service-data', chosen)",
            chosen,
        )
        await page.goto(f"{url}/config/tools/action")
        await page.get_by_role("button", name="Perform action").wait_for()
        await self.picture(f"action-{name}")
        if response:
            await page.get_by_role("button", name="Perform action").click()
            await page.get_by_text(response).first.wait_for()
            await self.picture(f"action-{name}-response")

    async def repair(self, url: str, title: str) -> None:
        """Take the list of repairs, and what one of them says."""
        page = self.page
        await page.goto(f"{url}/config/repairs")
        await self.picture("repairs")
        await page.get_by_text(title).first.click()
        await self.picture("repair")


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything real that a browser is pointed at."""

    scratch: Path
    mail: MailServer
    modem: VirtualModem
    home: HomeAssistant
    person: Person


@asynccontextmanager
async def stage(
    time_scale: float, settings: Mapping[str, str | float], language: str = ENGLISH
) -> AsyncGenerator[Stage]:
    """Start a mail server, a modem with these settings, and a new Home Assistant."""
    async with AsyncExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        mail = MailServer(scratch, password="correct horse")
        await stack.enter_async_context(mail)
        modem = modem_that_reaches(mail, time_scale=time_scale, settings=settings)
        await stack.enter_async_context(modem)
        (scratch / "home").mkdir()
        (scratch / "home" / "automations.yaml").write_text("[]", "utf-8")
        home = HomeAssistant(
            scratch / "home",
            "automation: !include automations.yaml\nusb_sockets:\n",
            beside=[SOCKETS],
            language=language,
        )
        await stack.enter_async_context(home)
        person = await stack.enter_async_context(person_at(home))
        yield Stage(scratch, mail, modem, home, person)


async def take(folder: Path, language: str = ENGLISH) -> None:
    """Start everything and take all pictures; in another language those of the forms."""
    folder.mkdir(parents=True, exist_ok=True)
    async with chromium() as browser:
        if language == ENGLISH:
            await take_what_works(browser, folder)
            await take_mishaps(browser, folder)
        else:
            await take_in(language, browser, folder)


async def take_in(language: str, browser: Browser, folder: Path) -> None:
    """Take the set-up in a language, and what there is then; print the test email."""
    async with stage(1, {"command_seconds": 0.15}, language) as on:
        photographer = Photographer(
            await page_for(browser, on.person, PHONE, language=language),
            folder,
            f"{language}-",
            Tongue(language),
        )
        await photographer.set_up(on.home.url, answers_for(on.mail, on.modem.port))
        email = await on.mail.next_mail()
        print(email.message["subject"], email.text, sep="\n")  # noqa: T201
        await on.person.states.until("notify.alex")
        page = f"{on.home.url}/config/integrations/integration/{DOMAIN}"
        await photographer.visit(page, "integration")
        await photographer.options()
        (entry,) = await on.person.api.command("config_entries/get", domain=DOMAIN)
        device = await on.person.modem(entry["entry_id"])
        await photographer.device(on.home.url, device, "device")


async def take_mishaps(browser: Browser, folder: Path) -> None:
    """Take what goes wrong, and its mending: on a phone, and what follows in the dark."""
    async with stage(0.1, mishaps.SETTINGS) as on:
        answers = answers_for(on.mail, on.modem.port)
        url, person = on.home.url, on.person
        clumsy = mishaps.Mishaps(
            await page_for(browser, person, PHONE, dark=True), folder, "mishaps-"
        )
        await mishaps.go_through(clumsy, url, person, on.modem, answers)
        again = mishaps.Again(
            await page_for(browser, person, DESKTOP, dark=True), folder, "again-"
        )
        seconds = await again.set_up(url, answers)
        print(  # noqa: T201
            f"{seconds:.1f} s from the discovered card to the test email's arrival at "
            "the mail server"
        )
        (entry,) = await person.api.command("config_entries/get", domain=DOMAIN)
        device = await person.modem(entry["entry_id"])
        await again.visit(f"{url}/config/devices/device/{device}", "device")


async def take_what_works(browser: Browser, folder: Path) -> None:
    """Take each form and page of a modem that is as it should be, and what it may need."""
    # Slow enough for a picture of what the forms show meanwhile.
    async with stage(1, {"command_seconds": 0.15}) as on:
        mail, modem, home, person = on.mail, on.modem, on.home, on.person
        photographer = Photographer(await page_for(browser, person, DESKTOP), folder)
        await photographer.set_up(home.url, answers_for(mail, modem.port))
        await person.states.until("notify.alex")
        outcomes = await Outcomes.follow(person)
        for title in (
            "Mains power is gone",
            "Mains power is back",
            "Water in the cellar",
        ):
            await notify(person, title)
            await outcomes.until("sent")
        await photographer.visit(
            f"{home.url}/config/integrations/integration/{DOMAIN}", "integration"
        )
        await photographer.options()
        await photographer.picker(home.url)
        await photographer.action(home.url, "send_message")
        for device in await person.api.command("config/device_registry/list"):
            if any(domain == DOMAIN for domain, *_ in device["identifiers"]):
                kind = "recipient" if device["entry_type"] else "modem"
                await photographer.device(home.url, device["id"], f"device-{kind}")

        # What waits, and a login that is refused.
        modem.fault(
            Fault(
                Action.RESULT,
                "QSMTPPUT",
                Moment.BEFORE_RESULT,
                code=677,
                protocol_code=535,
                # It is tried once more before it is held.
                times=2,
            )
        )
        for title in ("Freezer is too warm", "Window is open"):
            await notify(person, title)
        await outcomes.until("held")
        await photographer.action(home.url, "list_outbox", response="recipient: Alex")
        for action in ("retry_now", "cancel"):
            await photographer.action(home.url, action)
        await photographer.repair(home.url, "Authentication expired")

        # Another modem, whose port nobody looks at for a picture.
        await person.api.act(
            "usb_sockets.plug", ports={"3": str(on.scratch / "ttyUSB3")}
        )
        await photographer.discovered(home.url)


async def notify(person: Person, title: str) -> None:
    """Send a notification."""
    await person.api.act(
        "notify.send_message", "notify.alex", title=title, message="Look after it."
    )


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("Where to? Give a folder for the pictures.")
    asyncio.run(take(Path(sys.argv[1]), *sys.argv[2:]))
