"""Makes automations in Home Assistant's own editor, in a browser, as a person does.

    python -m tests.end_to_end.editor < drafts.json

A process of its own: what drives the browser is in .venv-ha only. Its input is a log-in, as
the pages keep it, and what to make; it needs `chromium`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
import json
import sys
from typing import Any, Final

from .api import HomeAssistantApi
from .visitor import DESKTOP, Page, chromium, page_with, token_of

# A dialog or a page is drawn in steps that nothing announces.
_SETTLE: Final = 700


@dataclass(frozen=True, slots=True)
class Draft:
    """An automation, by what is clicked for it; the texts are those on the page."""

    name: str
    trigger: str
    recipient: str = ""
    reason: str = ""
    condition: str = ""


def order(api: HomeAssistantApi, device: str, drafts: Sequence[Draft]) -> str:
    """What this program's input is: for whom, on which device, what."""
    made = [asdict(draft) for draft in drafts]
    return json.dumps({"token": token_of(api), "device": device, "drafts": made})


class Editor:
    """The editor's page, and who clicks there."""

    def __init__(self, page: Page, url: str, device: str) -> None:
        """Choose this device as the target of all."""
        self._page = page
        self._url = url
        self._device = device

    async def make(self, draft: Draft) -> None:
        """Make an automation and save it."""
        page = self._page
        await page.goto(f"{self._url}/config/automation/edit/new")
        await self._pick("trigger", draft.trigger)
        if draft.recipient:
            await self._field("Recipient")
            await page.locator("ha-selector-entity").click()
            await self._found(draft.recipient)
        if draft.reason:
            field = "How it ended" if draft.trigger == "Email failed" else "Reason"
            await self._field(field)
            await page.get_by_text(draft.reason, exact=True).click()
        if draft.condition:
            await self._pick("condition", draft.condition)
        await page.get_by_text("Save", exact=True).last.click()
        await page.locator("ha-dialog-automation-save input").first.fill(draft.name)
        await page.locator("ha-dialog-footer ha-button >> visible=true").last.click()
        await page.wait_for_url(lambda url: not url.endswith("/new"))

    async def _pick(self, kind: str, name: str) -> None:
        """Search for a trigger or a condition, take it, and have it watch the device."""
        page = self._page
        await page.get_by_text(f"Add {kind}", exact=True).first.click()
        await page.wait_for_timeout(_SETTLE)
        await page.keyboard.type(name)
        await (
            page.locator("add-automation-element-dialog")
            .get_by_text(name, exact=True)
            .first.click()
        )
        await (
            page.locator(f"ha-automation-sidebar-{kind} ha-target-picker")
            .get_by_text("Add target")
            .click()
        )
        await page.wait_for_timeout(_SETTLE)
        await page.keyboard.type(self._device)
        await self._found(self._device)

    async def _found(self, name: str) -> None:
        """Take from a list what has that name."""
        await self._page.wait_for_timeout(_SETTLE)
        await (
            self._page.locator("ha-picker-combo-box")
            .get_by_text(name, exact=True)
            .last.click()
        )
        await self._page.wait_for_timeout(_SETTLE)

    async def _field(self, name: str) -> None:
        """Use a field that need not be filled in."""
        row = self._page.locator("ha-settings-row", has_text=name)
        await row.locator("ha-checkbox").first.click()
        await self._page.wait_for_timeout(_SETTLE)


async def make(given: dict[str, Any]) -> None:
    """Make all that was ordered."""
    async with chromium() as browser:
        page = await page_with(browser, given["token"], DESKTOP)
        editor = Editor(page, given["token"]["hassUrl"], given["device"])
        for draft in given["drafts"]:
            await editor.make(Draft(**draft))


if __name__ == "__main__":
    asyncio.run(make(json.load(sys.stdin)))
