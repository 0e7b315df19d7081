"""A visitor of Home Assistant's pages: a browser, and a camera for what it shows."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
import json
from pathlib import Path
import shutil
import sys
import time
from typing import Any, Final

from .api import HomeAssistantApi
from .scene import Person
from .tongue import ENGLISH, Tongue

DESKTOP: Final = {"width": 1100, "height": 900}
PHONE: Final = {"width": 400, "height": 860}
# A dialog or a page is drawn in steps that nothing announces.
SETTLE: Final = 1000
# The field itself: what explains it, below, belongs to it too, and can be the taller.
_ON_THE_FIELD: Final = {"x": 40, "y": 28}

# What playwright hands out; .venv, where types are checked, does not have it.
type Page = Any
type Browser = Any


class Visitor:
    """Goes through forms as a person does, and takes pictures.

    Texts are given in English, whatever language the pages are in.
    """

    def __init__(
        self, page: Page, folder: Path, kind: str = "", tongue: Tongue | None = None
    ) -> None:
        """Put pictures into `folder`; the names of all begin with `kind`."""
        self.page = page
        self.said = tongue or Tongue()
        self._folder = folder
        self._kind = kind
        self._number = 0

    async def visit(self, url: str, name: str) -> None:
        """Take a page."""
        await self.page.goto(url)
        await self.picture(name)

    async def see(self, title: str, before: str = "", **names: str) -> None:
        """Wait for the form with this title, and these names in it, and take it."""
        if before:
            await self.picture(before)
        there = self.said(title).format_map({k: self.said(n) for k, n in names.items()})
        await self.page.get_by_text(there, exact=True).first.wait_for()
        name = title.format_map(names).lower().strip("?").replace(" ", "-")
        await self.picture(name)

    async def read(self, words: str, name: str) -> None:
        """Wait until these words are shown, and take them."""
        found = self.page.get_by_text(words).first
        await found.wait_for()
        await found.scroll_into_view_if_needed()
        await self.picture(name)

    async def fill(self, *values: str | None) -> None:
        """Fill in the form's fields from the top; None leaves one as it is."""
        fields = self.page.locator("step-flow-form ha-selector")
        for number, value in enumerate(values):
            if value is not None:
                field = fields.nth(number).locator("input, textarea")
                await field.first.fill(value)

    async def choose(self, option: str) -> None:
        """Click what is called so."""
        await self.page.get_by_text(self.said(option), exact=True).click()

    async def unfold(self, field: Page) -> None:
        """Have a field show what there is to choose from."""
        await field.click(position=_ON_THE_FIELD)

    async def turn_on(self) -> None:
        """Turn on the last of the form's switches that are to be seen."""
        switches = self.page.locator(
            "step-flow-form ha-selector-boolean >> visible=true"
        )
        await switches.last.locator("ha-switch").click()

    async def go_back(self) -> None:
        """Leave a form for the one before it."""
        await self.turn_on()
        await self.next()
        await self.page.wait_for_timeout(SETTLE)

    async def next(self) -> None:
        """Go on."""
        await self.page.locator("ha-dialog-footer ha-button").last.click()

    async def close(self) -> None:
        """Close a dialog that has come to its end, which takes the page back."""
        await self.next()
        await self.page.locator("step-flow-abort").wait_for(state="detached")
        await self.page.wait_for_timeout(SETTLE)

    async def picture(self, name: str) -> None:
        """Take what is shown."""
        await self.page.wait_for_timeout(SETTLE)
        self._number += 1
        path = self._folder / f"{self._kind}{self._number:02}-{name}.png"
        await self.page.screenshot(path=path)


@asynccontextmanager
async def chromium() -> AsyncGenerator[Browser]:
    """Run the browser; the program ends where there is none."""
    from playwright.async_api import async_playwright  # type: ignore[import-not-found]  # noqa: PLC0415  # in .venv-ha only

    program = shutil.which("chromium")
    if program is None:
        sys.exit("There is no chromium here (Debian: apt-get install chromium).")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox"]
        )
        try:
            yield browser
        finally:
            await browser.close()


async def page_for(
    browser: Browser,
    person: Person,
    size: Mapping[str, int],
    *,
    dark: bool = False,
    language: str = ENGLISH,
) -> Page:
    """A page whose visitor is logged in, and reads this language."""
    page = await page_with(browser, token_of(person.api), size, dark=dark)
    chosen = (
        f"localStorage.setItem('selectedLanguage', {json.dumps(json.dumps(language))});"
    )
    await page.context.add_init_script(chosen)
    return page


def token_of(api: HomeAssistantApi) -> dict[str, Any]:
    """A log-in as the pages keep it."""
    return {
        **api.token,
        "hassUrl": api.url,
        "clientId": api.client_id,
        "expires": int((time.time() + 1800) * 1000),
    }


async def page_with(
    browser: Browser,
    token: Mapping[str, Any],
    size: Mapping[str, int],
    *,
    dark: bool = False,
) -> Page:
    """A page that has this log-in."""
    context = await browser.new_context(
        viewport=size,
        locale="en-GB",
        reduced_motion="reduce",
        color_scheme="dark" if dark else "light",
    )
    script = f"localStorage.setItem('hassTokens', {json.dumps(json.dumps(token))});"
    await context.add_init_script(script)
    return await context.new_page()
