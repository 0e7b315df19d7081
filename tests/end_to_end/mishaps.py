"""A modem that is set up with every mistake that there is a form for, and its mending."""

import time
from typing import Final

from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.fault_model import Action, Fault, Moment

from .flows import DOMAIN
from .scene import Person
from .setting_up import Answers
from .visitor import SETTLE, Visitor

IMEI: Final = "867730050000025"
PIN: Final = "1234"
SETTINGS: Final = {"imei": IMEI, "sim": "pin", "pin": PIN, "apn": "internet"}
"""Of the modem that is set up."""
_CARD: Final = "Quectel EC200A"
_CARD_WITHIN: Final = 60_000
_SCANNED: Final = 6_000
"""Milliseconds after which Home Assistant has looked for what was unplugged."""
_LATEST: Final = 180_000
"""Milliseconds until a check has ended, or a repair is there that waits for a minute."""


class Walk(Visitor):
    """A set-up with a root certificate of one's own, from the card of a modem."""

    async def find_card(self, url: str) -> None:
        """Wait for the card of a modem that was plugged in."""
        await self.page.goto(f"{url}/config/integrations/dashboard")
        await self.page.get_by_text(_CARD).first.wait_for(timeout=_CARD_WITHIN)

    async def add(self) -> None:
        """Follow the card."""
        await self.page.get_by_role("button", name="Add", exact=True).first.click()

    async def at(self, title: str) -> None:
        """Wait for the form with this title."""
        await self.page.get_by_text(title, exact=True).first.wait_for()

    async def verify_by_hand(self) -> None:
        """Say that the root is no well-known one."""
        await self.page.get_by_text("Advanced", exact=True).click()
        await self.page.wait_for_timeout(SETTLE)
        await self.unfold(self.page.locator("ha-form-expandable ha-selector").last)
        await self.choose("A root of my own, or none")

    async def get_right(self, answers: Answers) -> None:
        """Go from the card to the form for the recipient, with nothing wrong."""
        await self.add()
        await self.at("Set up this modem?")
        await self.next()
        await self.at("Set up the data connection")
        await self.fill(answers.apn)
        await self.next()
        await self.at("Choose the mail provider")
        await self.choose("Another one, or a mail server of my own")
        await self.at("Set up the mail server")
        await self.fill(answers.host, None, None, answers.username, answers.password)
        await self.verify_by_hand()
        await self.next()
        await self.at("Verify the mail server")
        await self.choose("Paste a certificate")
        await self.page.locator("step-flow-form textarea").wait_for()
        await self.fill(answers.certificate)
        await self.next()
        await self.at("Who gets the emails?")

    async def at_the_end(self) -> None:
        """Wait for the answer that the test email has been sent."""
        await self.page.get_by_text("has been sent").first.wait_for()


class Again(Walk):
    """Someone who gets everything right."""

    async def set_up(self, url: str, answers: Answers) -> float:
        """Go through the same forms with nothing wrong; the seconds of that.

        From the click on the card to the answer that the test email has been sent.
        """
        await self.find_card(url)
        begun = time.monotonic()
        await self.get_right(answers)
        await self.next()
        await self.at_the_end()
        seconds: float = time.monotonic() - begun
        await self.picture("sent")
        await self.close()
        return seconds


class Mishaps(Walk):
    """Someone whose every step goes wrong at first."""

    async def discovered(self, url: str) -> None:
        """See the card of a modem that was plugged in, and what it leads to."""
        await self.find_card(url)
        await self.picture("discovered")
        await self.add()
        await self.see("Set up this modem?")

    async def set_up(self, answers: Answers) -> None:
        """Go through all forms, with something wrong in each."""
        await self.next()
        await self.see("Unlock the SIM", before="finding")
        await self.fill("0000")
        await self.next()
        await self.read("it is wrong and will not be sent again", "wrong-pin")
        await self.fill(PIN)
        await self.turn_on()
        await self.next()

        await self.see("Set up the data connection")
        await self.fill("intranet")
        await self.next()
        await self.read("The network did not open", "wrong-apn")
        await self.fill(answers.apn)
        await self.next()

        await self.see("Choose the mail provider")
        await self.choose("Another one, or a mail server of my own")
        await self.page.get_by_text("Set up the mail server").first.wait_for()
        account = (None, None, answers.username)
        await self.fill("mail.exmaple.com", *account, answers.password)
        await self.next()
        await self.read("has no address on the internet", "wrong-server")
        await self.fill(answers.host, *account, answers.password)
        await self.next()
        await self.read("does not lead to a trusted root", "unknown-root")
        await self.fill(answers.host, *account, "wrong horse")
        await self.verify_by_hand()
        await self.next()
        await self.see("Verify the mail server")
        await self.choose("Paste a certificate")
        await self.page.locator("step-flow-form textarea").wait_for()
        await self.fill("-----BEGIN CERTIFICATE-----")
        await self.next()
        await self.read("not a certificate in PEM", "wrong-certificate")
        await self.fill(answers.certificate)
        await self.next()
        await self.read("does not accept the username and password", "wrong-password")
        await self.fill(None, None, None, None, answers.password)
        await self.next()
        await self.see("Verify the mail server")
        await self.choose("Leave it as it is")

        await self.see("Who gets the emails?")
        await self.fill("alex")
        await self.next()
        await self.read("can't be used as an email address", "wrong-address")
        await self.fill("kim@example.com")
        await self.next()
        await self.read("has been sent", "sent")
        await self.close()

    async def options(self, url: str) -> None:
        """See each section of the options, with something out of its range."""
        page = self.page
        await page.goto(f"{url}/config/integrations/integration/{DOMAIN}")
        await page.get_by_role("button", name="Configure").first.click()
        await self.see("Delivery")
        for section in (
            "Answers and pictures",
            "Who else may be written to",
            "The line",
        ):
            heading = page.get_by_text(section, exact=True).first
            await heading.click()
            await heading.evaluate("shown => shown.scrollIntoView({block: 'start'})")
            await self.picture(section.lower().replace(" ", "-"))
        lost = page.locator("ha-selector-number input >> visible=true").last
        await lost.fill("0")
        await self.next()
        await self.picture("out-of-range")
        await lost.fill("1")
        await self.next()
        await self.picture("options-saved")

    async def refused(self, url: str, answers: Answers) -> None:
        """Log in anew, by the repair that asks for it."""
        page = self.page
        await page.goto(f"{url}/config/repairs")
        await page.get_by_text("Authentication expired").first.click()
        await self.see("Log in to the mail server")
        await self.fill(None, "wrong horse")
        await self.next()
        await self.read("does not accept the username and password", "login-refused")
        await self.fill(None, answers.password)
        await self.next()
        await self.see("Send a test email?")
        await self.next()
        await self.read("has been sent", "logged-in")
        await self.close()
        await page.goto(f"{url}/config/repairs")
        await page.get_by_text("no repairs").first.wait_for()
        await self.picture("no-repairs")

    async def unplugged(self, url: str, modem: VirtualModem) -> None:
        """See the repair of a modem that is away, and that it goes with the modem's return."""
        page = self.page
        modem.hangup()
        await page.goto(f"{url}/config/repairs")
        away = page.get_by_text("port is away").first
        await away.wait_for(timeout=_LATEST)
        await self.picture("away")
        await away.click()
        await self.read("No email could be sent for", "away-repair")
        modem.plug()
        await page.goto(f"{url}/config/repairs")
        await page.get_by_text("no repairs").first.wait_for(timeout=_LATEST)

    async def delete(self, url: str) -> None:
        """Delete the entry, as it is done on the integration's page."""
        page = self.page
        await page.goto(f"{url}/config/integrations/integration/{DOMAIN}")
        await page.locator(
            "ha-config-entry-row ha-dropdown, ha-config-entry-row ha-md-button-menu"
        ).first.click()
        await self.picture("menu")
        await page.get_by_text("Delete", exact=True).first.click()
        await page.wait_for_timeout(SETTLE)
        await self.picture("delete")
        await page.get_by_role("button", name="Delete").last.click()
        await self.picture("deleted")


async def go_through(
    mishaps: Mishaps, url: str, person: Person, modem: VirtualModem, answers: Answers
) -> None:
    """Have a modem set up with mistakes, and go wrong, mended and deleted.

    Then it is plugged in anew.
    """
    await person.until_running()
    await person.api.act("usb_sockets.plug", ports={"3": modem.port})
    await mishaps.discovered(url)
    await mishaps.set_up(answers)
    await mishaps.options(url)
    modem.fault(
        Fault(
            Action.RESULT,
            "QSMTPPUT",
            Moment.BEFORE_RESULT,
            code=677,
            protocol_code=535,
            times=2,
        )
    )
    await person.api.act("notify.send_message", "notify.kim", message="Refused.")
    await mishaps.refused(url, answers)
    await mishaps.unplugged(url, modem)
    await mishaps.delete(url)
    entities = await person.api.command("config/entity_registry/list")
    assert not [known for known in entities if known["platform"] == DOMAIN]
    await person.api.act("usb_sockets.unplug")
    await mishaps.page.wait_for_timeout(_SCANNED)
    await person.api.act("usb_sockets.plug", ports={"3": modem.port})
