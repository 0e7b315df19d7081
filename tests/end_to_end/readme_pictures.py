"""Takes the pictures of the README, as a person comes upon them; needs `chromium`.

    scripts/screenshots --readme     into docs/images, where they are

Sets a modem up from its card, looks at its page, and makes the README's first automation by
clicking: the email that this sends has to arrive.
"""

import asyncio
from pathlib import Path
import sys
from typing import Any, Final

from .api import HomeAssistantApi
from .mishaps import Walk
from .scene import answers_for
from .screenshots import stage
from .setting_up import Answers
from .visitor import SETTLE, Browser, chromium, page_for

_SIZE: Final = {"width": 1140, "height": 800}
_POWER: Final = "binary_sensor.mains_power"
# Quectel's id of the module that the modem in software is.
_PID: Final = "6002"
_PATIENCE: Final = 30
"""Seconds without power after which the automation runs."""


class Illustrator(Walk):
    """Someone who gets everything right, and takes a picture where a reader looks for one."""

    async def part(self, name: str, element: Any, around: int = 0) -> None:
        """Take an element alone, with so many pixels around it."""
        await self.page.wait_for_timeout(SETTLE)
        box = await element.bounding_box()
        clip = {
            "x": box["x"] - around,
            "y": box["y"] - around,
            "width": box["width"] + 2 * around,
            "height": box["height"] + 2 * around,
        }
        await self.page.screenshot(path=self._folder / f"{name}.png", clip=clip)

    async def set_up(self, url: str, answers: Answers) -> None:
        """Set the modem up from its card on."""
        page = self.page
        await page.goto(f"{url}/config/integrations/dashboard")
        card = page.locator("ha-config-flow-card").first
        await card.wait_for(timeout=60_000)
        await self.part("card", card, around=8)
        await self.get_right(answers)
        await self.fill("alex@example.com", "Alex")
        await self.next()
        await self.at_the_end()
        await self.part("test-email", page.locator("dialog >> visible=true").last)
        await self.close()

    async def device(self, url: str, device_id: str) -> None:
        """Take the modem's page."""
        await self.page.goto(f"{url}/config/devices/device/{device_id}")
        page = self.page.locator("ha-config-device-page")
        await page.locator("ha-card").first.wait_for()
        await self.part("device-page", page)

    async def automate(self, url: str, title: str, message: str) -> None:
        """Make the README's first automation in the editor, by its steps."""
        page = self.page
        await page.goto(f"{url}/config/automation/edit/new")
        await self._search("trigger", "Mains power", "Mains power")
        await page.get_by_text("State changed").first.click()
        trigger = page.locator("ha-automation-sidebar-trigger")
        await trigger.locator("ha-selector-state").nth(1).click()
        await self._found("Off")
        await trigger.locator("ha-duration-input input").last.fill(str(_PATIENCE))
        # Whoever goes on from a field has it taken.
        await page.keyboard.press("Tab")
        await page.wait_for_timeout(SETTLE)
        await self._search("action", "email", "Quectel Cellular Email: Send an email")
        action = page.locator("ha-automation-sidebar-action")
        await action.get_by_text("Add target").click()
        await page.wait_for_timeout(SETTLE)
        await page.keyboard.type("Alex")
        await self._found("Alex")
        for name, value in (("Title", title), ("Message", message)):
            row = action.locator("ha-settings-row").filter(has_text=name).first
            await row.locator("ha-checkbox").click()
            await row.locator("input, textarea").last.fill(value)
        await action.locator("ha-target-picker").scroll_into_view_if_needed()
        await page.mouse.click(700, 110)
        await page.wait_for_timeout(SETTLE)
        await self.part("automation", page.locator("ha-automation-editor"))
        await page.get_by_text("Save", exact=True).last.click()
        await page.locator("ha-dialog-automation-save input").first.fill(title)
        await page.locator("ha-dialog-footer ha-button >> visible=true").last.click()
        await page.wait_for_url(lambda found: not found.endswith("/new"))

    async def _search(self, kind: str, words: str, name: str) -> None:
        """Search among what can be added, and take it."""
        page = self.page
        await page.get_by_text(f"Add {kind}", exact=True).first.click()
        await page.wait_for_timeout(SETTLE)
        await page.keyboard.type(words)
        await (
            page.locator("add-automation-element-dialog")
            .get_by_text(name, exact=True)
            .first.click()
        )
        await page.wait_for_timeout(SETTLE)

    async def _found(self, name: str) -> None:
        """Take from a list what has that name."""
        await self.page.wait_for_timeout(SETTLE)
        found = self.page.locator("ha-picker-combo-box").get_by_text(name, exact=True)
        await found.first.click()
        await self.page.wait_for_timeout(SETTLE)


async def take_for_readme(browser: Browser, folder: Path) -> None:
    """Set a modem up, look at its page, and make an automation."""
    async with stage(0.1, {}) as on:
        mail, home, person = on.mail, on.home, on.person
        reader = Illustrator(await page_for(browser, person, _SIZE), folder)
        await person.until_running()
        port = on.scratch / "ttyUSB3"
        port.symlink_to(on.modem.port)
        await person.api.act("usb_sockets.plug", ports={"3": str(port)}, pid=_PID)
        await reader.set_up(home.url, answers_for(mail, str(port)))
        await person.states.until("notify.alex")
        (entry,) = await person.api.command("config_entries/get", domain="quectel_smtp")
        await reader.device(home.url, await person.modem(entry["entry_id"]))
        await mail.next_mail()
        await show_power(person.api, "on")
        title, message = "Mains power is gone", "The house runs on its battery."
        await reader.automate(home.url, title, message)
        await show_power(person.api, "off")
        async with asyncio.timeout(_PATIENCE + 60):
            arrived = await mail.next_mail()
        assert arrived.message["Subject"] == title
        assert arrived.text.startswith(message)


async def show_power(api: HomeAssistantApi, state: str) -> None:
    """Show a sensor that a house may have."""
    shown = {"friendly_name": "Mains power", "device_class": "power"}
    await api.post(f"/api/states/{_POWER}", {"state": state, "attributes": shown})


async def take(folder: Path) -> None:
    """Take them all."""
    folder.mkdir(parents=True, exist_ok=True)
    async with chromium() as browser:
        await take_for_readme(browser, folder)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Where to? Give a folder for the pictures.")
    asyncio.run(take(Path(sys.argv[1])))
