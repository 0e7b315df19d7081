"""Takes pictures of the integration at work: every form of its set-up, its devices.

    scripts/screenshots FOLDER

Goes through the forms in a browser as a person does; needs `chromium`. The picture in the
README is docs/images/device-page.png, taken here as FOLDER/device-page.png.
"""

import asyncio
from contextlib import AsyncExitStack
import json
from pathlib import Path
import shutil
import sys
import tempfile
import time
from typing import Any, Final

from playwright.async_api import async_playwright  # type: ignore[import-not-found]  # in .venv-ha only

from tests.virtual_modem.fault_model import Action, Fault, Moment

from .flows import DOMAIN
from .home_assistant import HomeAssistant
from .inbox import MailServer
from .outcomes import Outcomes
from .scene import SOCKETS, Person, answers_for, modem_that_reaches, person_at
from .setting_up import Answers

_SIZE: Final = {"width": 1100, "height": 900}
_CONTENT: Final = {"x": 256, "y": 0, "width": 844, "height": 800}
# A dialog or a page is drawn in steps that nothing announces.
_SETTLE: Final = 1000
_DISCOVERED: Final = "Quectel EC200A"
_DISCOVERED_WITHIN: Final = 60_000

# What playwright hands out; .venv, where types are checked, does not have it.
type Page = Any
type Browser = Any


class Photographer:
    """A browser in which a person sets the modem up, with a camera."""

    def __init__(self, page: Page, folder: Path) -> None:
        """Put pictures into `folder`."""
        self._page = page
        self._folder = folder
        self._number = 0

    async def set_up(self, url: str, answers: Answers) -> None:
        """Fill in each form of the modem's set-up, and the first recipient's."""
        page = self._page
        await page.goto(f"{url}/config/integrations/dashboard/add?domain={DOMAIN}")
        await page.get_by_role("button", name="OK").click()

        await self._see("Connect the modem")
        await page.locator("ha-selector-serial_port").click()
        await self._picture("ports")
        await page.get_by_text("Enter manually", exact=True).click()
        await page.wait_for_timeout(_SETTLE)
        await page.locator("ha-selector-serial_port input").fill(answers.device)
        await self._next()
        await self._see("Set up the data connection", before="identifying")
        await self._fill(answers.apn)
        await self._next()

        await self._see("Choose the mail provider", before="connecting")
        await self._choose("Outlook.com, Hotmail, Live")
        await self._see("No passwords taken")
        await self._choose("Choose another provider")
        for provider in ("Gmail", "GMX", "QQ Mail"):
            await self._choose(provider)
            await self._see(f"Log in to {provider}")
            await self._go_back()
        await self._choose("Another one, or a mail server of my own")
        await self._see("Set up the mail server")
        await self._fill(
            answers.host,
            None,
            None,
            answers.username,
            answers.password,
            answers.sender_name,
            answers.sender_address,
        )
        await page.get_by_text("Advanced", exact=True).click()
        await page.locator("ha-form-expandable ha-selector").last.click()
        await page.get_by_text("A root of my own, or none", exact=True).click()
        await self._picture("mail-server-filled")
        await self._next()

        await self._see("Verify the mail server")
        await page.get_by_text("Paste a certificate", exact=True).click()
        await page.locator("step-flow-form textarea").wait_for()
        await self._see("Paste a certificate")
        await self._fill(answers.certificate)
        await self._next()

        await self._see("Who gets the emails?", before="checking")
        await self._fill("alex@example.com", "Alex")
        await self._picture("recipient-filled")
        await self._next()
        await self._picture("sending")
        await page.get_by_text("has been sent").first.wait_for()
        await self._picture("sent")
        await self._next()

    async def discovered(self, url: str) -> None:
        """Take the card of a modem that was plugged in, and what it leads to."""
        page = self._page
        await page.goto(f"{url}/config/integrations/dashboard")
        await page.get_by_text(_DISCOVERED).first.wait_for(timeout=_DISCOVERED_WITHIN)
        await self._picture("discovered")
        await page.get_by_role("button", name="Add", exact=True).first.click()
        await self._see("Set up this modem?")

    async def device(self, url: str, device_id: str, name: str) -> None:
        """Take a device's page."""
        await self._page.goto(f"{url}/config/devices/device/{device_id}")
        await self._page.locator("ha-config-device-page ha-card").first.wait_for()
        await self._picture(name)

    async def options(self) -> None:
        """Open the entry's options from the integration's page, and take them."""
        page = self._page
        await page.get_by_role("button", name="Configure").first.click()
        await self._see("Delivery")
        # The form is longer than the window.
        for section in ("Answers and pictures", "Who else may be written to"):
            await page.get_by_text(section, exact=True).first.click()
        last = page.locator("step-flow-form ha-selector").last
        await last.evaluate("field => field.scrollIntoView({block: 'end'})")
        await self._picture("delivery-sections")

    async def picker(self, url: str) -> None:
        """Search for what sends an email in an automation's editor, and take its form."""
        page = self._page
        await page.goto(f"{url}/config/automation/edit/new")
        await page.get_by_text("Add action").first.click()
        await page.get_by_role("searchbox").or_(page.locator("input")).first.wait_for()
        await page.wait_for_timeout(_SETTLE)
        await page.keyboard.type("email")
        found = page.get_by_text("Send an email").first
        await found.wait_for()
        await self._picture("action-picker")
        await found.click()
        await self._picture("action-editor")

    async def action(self, url: str, name: str, response: str = "") -> None:
        """Take an action's form among the tools; and what it responds, with this in it."""
        page = self._page
        chosen = json.dumps({"action": f"{DOMAIN}.{name}", "data": {}})
        await page.evaluate(
            "chosen => localStorage.setItem('panel-dev-action-state-service-data', chosen)",
            chosen,
        )
        await page.goto(f"{url}/config/tools/action")
        await page.get_by_role("button", name="Perform action").wait_for()
        await self._picture(f"action-{name}")
        if response:
            await page.get_by_role("button", name="Perform action").click()
            await page.get_by_text(response).first.wait_for()
            await self._picture(f"action-{name}-response")

    async def repair(self, url: str, title: str) -> None:
        """Take the list of repairs, and what one of them says."""
        page = self._page
        await page.goto(f"{url}/config/repairs")
        await self._picture("repairs")
        await page.get_by_text(title).first.click()
        await self._picture("repair")

    async def content(self, name: str) -> None:
        """Take what the page shows beside the menu, without the empty rest."""
        path = self._folder / f"{name}.png"
        await self._page.screenshot(path=path, clip=_CONTENT)

    async def page(self, url: str, name: str) -> None:
        """Take a page."""
        await self._page.goto(url)
        await self._picture(name)

    async def _see(self, title: str, before: str = "") -> None:
        """Wait for the form with this title, and take it."""
        if before:
            await self._picture(before)
        await self._page.get_by_text(title, exact=True).first.wait_for()
        await self._picture(title.lower().strip("?").replace(" ", "-"))

    async def _fill(self, *values: str | None) -> None:
        """Fill in the form's fields from the top; None leaves one as it is."""
        fields = self._page.locator("step-flow-form ha-selector")
        for number, value in enumerate(values):
            if value is not None:
                field = fields.nth(number).locator("input, textarea")
                await field.first.fill(value)

    async def _choose(self, option: str) -> None:
        await self._page.get_by_text(option, exact=True).click()

    async def _go_back(self) -> None:
        back = self._page.locator("step-flow-form ha-selector-boolean >> visible=true")
        await back.last.locator("ha-switch").click()
        await self._next()
        await self._page.wait_for_timeout(_SETTLE)

    async def _next(self) -> None:
        await self._page.locator("ha-dialog-footer ha-button").last.click()

    async def _picture(self, name: str) -> None:
        await self._page.wait_for_timeout(_SETTLE)
        self._number += 1
        path = self._folder / f"{self._number:02}-{name}.png"
        await self._page.screenshot(path=path)


async def take(folder: Path) -> None:
    """Start everything and take all pictures."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("There is no chromium here (Debian: apt-get install chromium).")
    folder.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        mail = MailServer(scratch, password="correct horse")
        await stack.enter_async_context(mail)
        # Slow enough for a picture of what the forms show meanwhile.
        modem = modem_that_reaches(
            mail, time_scale=1, settings={"command_seconds": 0.15}
        )
        await stack.enter_async_context(modem)
        home = HomeAssistant(
            scratch / "home", "automation:\nusb_sockets:\n", beside=[SOCKETS]
        )
        await stack.enter_async_context(home)
        person = await stack.enter_async_context(person_at(home))
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        )
        stack.push_async_callback(browser.close)

        photographer = Photographer(await _page(browser, person), folder)
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
        await photographer.page(
            f"{home.url}/config/integrations/integration/{DOMAIN}", "integration"
        )
        await photographer.options()
        await photographer.picker(home.url)
        await photographer.action(home.url, "send_message")
        for device in await person.api.command("config/device_registry/list"):
            if any(domain == DOMAIN for domain, *_ in device["identifiers"]):
                kind = "recipient" if device["entry_type"] else "modem"
                await photographer.device(home.url, device["id"], f"device-{kind}")
                if kind == "modem":
                    await photographer.content("device-page")

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
        await person.api.act("usb_sockets.plug", ports={"3": str(scratch / "ttyUSB3")})
        await photographer.discovered(home.url)


async def notify(person: Person, title: str) -> None:
    """Send a notification."""
    await person.api.act(
        "notify.send_message", "notify.alex", title=title, message="Look after it."
    )


async def _page(browser: Browser, person: Person) -> Page:
    """A page whose visitor is logged in."""
    context = await browser.new_context(
        viewport=_SIZE, locale="en-GB", reduced_motion="reduce"
    )
    token = {
        **person.api.token,
        "hassUrl": person.api.url,
        "clientId": person.api.client_id,
        "expires": int((time.time() + 1800) * 1000),
    }
    script = f"localStorage.setItem('hassTokens', {json.dumps(json.dumps(token))});"
    await context.add_init_script(script)
    return await context.new_page()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Where to? Give a folder for the pictures.")
    asyncio.run(take(Path(sys.argv[1])))
