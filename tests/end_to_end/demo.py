"""Shows the whole way: a notification in Home Assistant becomes an email.

Run it as scripts/demo: that makes the environment it needs.
"""

import argparse
import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib.metadata import version
import os
from pathlib import Path
import signal
import tempfile
import time
from typing import Final

from tests.virtual_modem.client import VirtualModem, VirtualModemError
from tests.virtual_modem.profiles import MailClient

from .api import ApiError
from .beginning import Beginning
from .console import Console
from .flows import FlowError, Kind, Step
from .home_assistant import VENV, HomeAssistant
from .inbox import ArrivedMail, MailServer
from .legs import Sending, legs_of
from .mains_power import automate, configuration_in, pages
from .outcomes import Outcomes, Told
from .processes import ProgramError
from .questions import ask
from .scene import (
    APN,
    BAUDRATE,
    SOCKETS,
    Person,
    answers_for,
    modem_that_reaches,
    person_at,
)
from .setting_up import Answers, Recipient, add_modem
from .wording import Wording

ARRIVAL_TIMEOUT: Final = 60
"""Seconds that an email may take to arrive."""
_UNPLUGGED_FOR: Final = 1.0
_TOLD: Final = 1.0
"""Seconds in which nothing is said to the modem, once it knows all."""
_ANOTHER_IMEI: Final = "867730050000025"
# Home Assistant's own house of examples, which has a camera.
_EXAMPLES: Final = "demo:\n"
_LIST: Final = "quectel_smtp.list_outbox"


@dataclass(frozen=True, slots=True)
class Notification:
    """What is sent; `{time}` is that of sending."""

    title: str
    message: str


_POWER: Final = Notification(
    "Mains power is gone ⚡",
    "It is {time}, and the house runs on its battery.\n"
    "The router is off. This email left through the modem.",
)
_BATTERY: Final = Notification(
    "The battery is low",
    "It is {time}, and an hour is left. This email went through the modem, too.",
)
_SMOKE: Final = Notification(
    "Smoke in the kitchen",
    "It is {time}. The modem was unplugged when this was raised.",
)
# How it ends when nothing more is tried.
_ENDS: Final = ("sent", "partly_sent", "failed", "expired", "cancelled", "unconfirmed")
_WAITS: Final = ("deferred", "held")


class Demo:
    """One run of the demo."""

    def __init__(
        self,
        folder: Path,
        beginning: Beginning,
        *,
        once: bool,
        console: Console,
        mail_client: MailClient,
    ) -> None:
        """Keep what the programs need in `folder`."""
        self._folder = folder
        self._beginning = beginning
        self._mail_client = mail_client
        self._once = once
        self._console = console
        self.arrived = False

    async def with_virtual_modem(self) -> None:
        """Everything in software: the modem, the network and the mail server."""
        console = self._console
        async with AsyncExitStack() as stack:
            with console.leg("Mail server") as leg:
                mail = MailServer(self._folder, password="correct horse battery")
                await stack.enter_async_context(mail)
                leg.done(f"{mail.host}, SSL/TLS, with a root certificate of its own")
            with console.leg("Modem") as leg:
                # At its own pace: QIACT takes a second, as with a real one.
                modem = modem_that_reaches(
                    mail, time_scale=1, mail_client=self._mail_client
                )
                await stack.enter_async_context(modem)
                leg.done(f"a Quectel EC200N-CN in software, on {modem.port}")
            home = await self._start_home_assistant(stack)
            person = await stack.enter_async_context(person_at(home))
            entry_id, notify = await self._set_up(
                person,
                answers_for(mail, modem.port),
                Recipient("Alex", to=("alex@example.com",)),
                mistyped="correct house battery",
            )
            outcomes = await Outcomes.follow(person)
            console.heading(f"notify.send_message to {notify}: the modem's mail client")
            first = await self._send(person, notify, _POWER, outcomes, mail, modem)
            console.heading(
                "The other way: Home Assistant's mail client, over the modem's TCP"
            )
            await self._go_by_stream(person, entry_id)
            await self._send(person, notify, _BATTERY, outcomes, mail, modem)
            await self._send_unplugged(person, notify, outcomes, mail, modem)
            self.arrived = True
            console.heading(self._beginning.until(first.at))
            if not self._once:
                more = await self._plug_in_another(stack, person, mail)
                await self._invite(home, person, entry_id, notify, *more)
                await self._show_mail_until_ended(mail, home)

    async def _plug_in_another(
        self, stack: AsyncExitStack, person: Person, mail: MailServer
    ) -> tuple[str, ...]:
        """Have a second modem discovered; what a person needs to set it up."""
        modem = modem_that_reaches(
            mail,
            time_scale=1,
            settings={"imei": _ANOTHER_IMEI},
            mail_client=self._mail_client,
        )
        await stack.enter_async_context(modem)
        await person.api.act("usb_sockets.plug", ports={"3": modem.port})
        root = self._folder / "root.pem"
        root.write_text(mail.authority_pem, "utf-8")
        return (
            "",
            "A second modem is plugged in: a card under Settings → Devices & services",
            "offers to set it up.",
            f"  APN                {APN}",
            "  Mail provider      Another one, or a mail server of my own",
            f"  Mail server        {mail.host}, port 465, SSL/TLS",
            f"  Username           {mail.user}",
            f"  Password           {mail.password}",
            "  Verify the server  Advanced: A root of my own, or none; then",
            "                     Paste a certificate, which is in",
            f"                     {root}",
        )

    async def with_real_modem(self, answers: Answers, recipient: Recipient) -> None:
        """Home Assistant here; the modem, the network and the mail server as they are."""
        async with AsyncExitStack() as stack:
            home = await self._start_home_assistant(stack)
            person = await stack.enter_async_context(person_at(home))
            entry_id, notify = await self._set_up(person, answers, recipient)
            outcomes = await Outcomes.follow(person)
            console = self._console
            console.heading(f"notify.send_message to {recipient.to[0]}")
            begun = time.monotonic()
            await self._act(person, notify, _POWER)
            console.timed(time.monotonic() - begun, "accepted: it is on disk")
            with console.leg("Modem") as leg:
                while (
                    told := await outcomes.until(*_ENDS, *_WAITS)
                ).kind == "deferred":
                    leg.says(_why(told))
                if told.kind != "sent":
                    raise ProgramError(f"It was not sent: {_why(told)}.")
                leg.done("the mail server has accepted it")
            self.arrived = True
            console.line(f"\nIt was sent: look into the inbox of {recipient.to[0]}.")
            if not self._once:
                await self._invite(home, person, entry_id, notify)
                await home.wait()

    async def _start_home_assistant(self, stack: AsyncExitStack) -> HomeAssistant:
        with self._console.leg("Home Assistant") as leg:
            folder = self._folder / "home-assistant"
            more = "" if self._once else _EXAMPLES + configuration_in(folder)
            home = HomeAssistant(folder, f"usb_sockets:\n{more}", beside=[SOCKETS])
            await stack.enter_async_context(home)
            leg.done(f"{version('homeassistant')} at {home.url}")
        return home

    async def _set_up(
        self,
        person: Person,
        answers: Answers,
        recipient: Recipient,
        *,
        mistyped: str = "",
    ) -> tuple[str, str]:
        """Set the integration up through its forms; its entry and the notify entity.

        `mistyped`: a password that is entered first, for the form to say so.
        """
        wording = await Wording.load(person.api)
        found: dict[str, str] = {}
        refused: list[str] = []
        with self._console.leg("Set-up") as leg:

            def follow(step: Step) -> None:
                if step.kind is Kind.PROGRESS:
                    leg.says(wording.progress(step))
                told = step.content.get("description_placeholders") or {}
                # The dialog that follows has not asked the modem, and has dashes.
                found.update({name: it for name, it in told.items() if it != "–"})

            person.flows.on_step = follow
            try:
                created = await add_modem(
                    person.flows,
                    answers,
                    mistyped=mistyped,
                    refused=lambda step: refused.append(wording.trouble(step)),
                )
                notify = await person.name_recipient(created, recipient)
            except FlowError as error:
                raise ProgramError(
                    f"Setting up failed: {wording.trouble(error.step)}"
                ) from error
            leg.done(
                f"{found.get('model')}, {found.get('operator')}, "
                f"{found.get('signal')}; {notify} is ready"
            )
        for words in refused:
            self._console.note(f"with a mistyped password first: {words}")
        return created.content["result"]["entry_id"], notify

    async def _go_by_stream(self, person: Person, entry_id: str) -> None:
        """Choose by what emails go out, as a person does behind the gear."""
        begun = time.monotonic()
        step = await person.flows.options(entry_id)
        step = await person.flows.submit(step, {"way": "stream"})
        if step.kind is not Kind.CREATED:
            raise ProgramError(f"The options were not saved: {dict(step.errors)}")
        self._console.timed(
            time.monotonic() - begun, "chosen in the options: Emails go out by"
        )

    async def _send(
        self,
        person: Person,
        notify: str,
        notification: Notification,
        outcomes: Outcomes,
        mail: MailServer,
        modem: VirtualModem,
    ) -> ArrivedMail:
        """Send, and show the email and how long each part of its way took."""
        console = self._console
        # As in a home, the modem knows by then what all emails need.
        await modem.wait_for_silence(_TOLD)
        begun = time.monotonic()
        await self._act(person, notify, notification)
        accepted = time.monotonic()
        arrived = await self._arrival(outcomes, mail)
        sending = Sending(begun, accepted, time.monotonic())
        for leg in legs_of(modem, arrived, sending):
            console.timed(leg.taken, leg.words)
        console.timed(sending.ended - begun, "in all")
        console.note(_told(outcomes))
        console.mail(arrived)
        return arrived

    async def _send_unplugged(
        self,
        person: Person,
        notify: str,
        outcomes: Outcomes,
        mail: MailServer,
        modem: VirtualModem,
    ) -> None:
        """Send while the modem is away, and plug it in again."""
        console = self._console
        console.heading("Once more, with the modem unplugged")
        modem.hangup()
        begun = time.monotonic()
        await self._act(person, notify, _SMOKE)
        console.timed(time.monotonic() - begun, "accepted all the same")
        await asyncio.sleep(_UNPLUGGED_FOR)
        for email in (await person.api.ask(_LIST))["emails"]:
            console.note(
                f"{_LIST}: {email['reference']} to {email['recipient']} is "
                f"{email['state']}, and expires {email['expires'][:16]}"
            )
        console.note("the modem is plugged in again")
        modem.plug()
        plugged = time.monotonic()
        arrived = await self._arrival(outcomes, mail)
        console.timed(arrived.at - plugged, "found again, and the email is there")
        console.mail(arrived)

    async def _arrival(self, outcomes: Outcomes, mail: MailServer) -> ArrivedMail:
        """Wait until an email is there, and Home Assistant knows it."""
        try:
            async with asyncio.timeout(ARRIVAL_TIMEOUT):
                told = await outcomes.until(*_ENDS, "held")
                if told.kind != "sent":
                    raise ProgramError(f"The email was not sent: {_why(told)}.")
                return await mail.next_mail()
        except TimeoutError:
            raise ProgramError(
                f"No email arrived within {ARRIVAL_TIMEOUT} seconds.\n"
                "This is a defect: please report it with the log of Home Assistant."
            ) from None

    async def _act(
        self, person: Person, notify: str, notification: Notification
    ) -> None:
        try:
            await person.api.act(
                "notify.send_message",
                notify,
                title=notification.title,
                message=notification.message.format(time=time.strftime("%H:%M:%S")),
            )
        except ApiError as error:
            raise ProgramError(str(error)) from error

    async def _invite(
        self,
        home: HomeAssistant,
        person: Person,
        entry_id: str,
        notify: str,
        *more: str,
    ) -> None:
        """Say where everything is that can be tried out."""
        await automate(person, notify)
        # In a container that is not its own, `default_config` misses its server for
        # cameras: nothing that would be tried here.
        await person.api.act(
            "persistent_notification.dismiss", notification_id="invalid_config"
        )
        switch, automation = pages(home.url)
        self._console.heading("It is all yours")
        for line in (
            home.url,
            f"user {home.user}, password {home.password}",
            "",
            "The modem's page",
            f"  {home.url}/config/devices/device/{await person.modem(entry_id)}",
            "Mains power, a switch: turn it off, and an automation sends an email",
            f"  {switch}",
            f"  {automation}",
            "For more automations there are Send an email, and a house of examples whose",
            "Demo camera can be attached. Emails that arrive are shown here.",
            *more,
            "",
            "Ctrl-C ends everything.",
        ):
            self._console.line(f"  {line}".rstrip())

    async def _show_mail_until_ended(
        self, mail: MailServer, home: HomeAssistant
    ) -> None:
        ended = asyncio.create_task(home.wait())
        try:
            while True:
                arrival = asyncio.create_task(mail.next_mail())
                try:
                    await asyncio.wait(
                        (ended, arrival), return_when=asyncio.FIRST_COMPLETED
                    )
                    if ended.done():
                        await ended
                    self._console.mail(await arrival)
                finally:
                    arrival.cancel()
        finally:
            ended.cancel()


def _told(outcomes: Outcomes) -> str:
    """What the event entity told last, of the end of an email that was sent."""
    said = outcomes.told[-1].attributes
    words = said.get("server_words")
    return f"{outcomes.entity_id}: sent, way: {said['way']}" + (
        f", the mail server says: {words}" if words else ""
    )


def _why(told: Told) -> str:
    """How an email ended, and by what."""
    named = ("reason", "code", "code_name", "reply", "error")
    found = [str(told.attributes[name]) for name in named if told.attributes.get(name)]
    return ", ".join((told.kind, *found))


async def run(demo: Demo, answers: tuple[Answers, Recipient] | None) -> None:
    """Run the demo, and tidy up also when ended from outside."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    if answers is None:
        await demo.with_virtual_modem()
    else:
        await demo.with_real_modem(*answers)


def main() -> int:
    """Read the command line, run the demo and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Shows how a notification in Home Assistant becomes an email: with "
        "a modem in software and a mail server of its own, or with a real modem.",
    )
    parser.add_argument(
        "--once",
        action="store_true",
        help="end after the emails: 0 only if they arrived (with a real modem: if the "
        "mail server accepted it)",
    )
    parser.add_argument(
        "--port",
        metavar="/dev/...",
        help="use the real modem on this serial port; asks for what it needs",
    )
    parser.add_argument(
        "--mail-client",
        type=MailClient,
        choices=list(MailClient),
        default=MailClient.NOTE,
        help="how the modem in software sends: as Quectel's SMTP note has it, or as "
        "published firmware does it",
    )
    arguments = parser.parse_args()
    beginning = Beginning.of(os.environ, VENV / "stamp")
    console = Console()
    console.heading("From a notification to an email, through a modem")
    with tempfile.TemporaryDirectory(prefix="quectel-demo-") as folder:
        demo = Demo(
            Path(folder),
            beginning,
            once=arguments.once,
            console=console,
            mail_client=arguments.mail_client,
        )
        try:
            answers = ask(arguments.port, BAUDRATE) if arguments.port else None
            asyncio.run(run(demo, answers))
        except (ProgramError, VirtualModemError, ApiError) as error:
            console.line(f"\n{error}")
            return 1
        except EOFError:
            console.line("\nThere was no answer, so nothing was sent.")
            return 1
        except KeyboardInterrupt, asyncio.CancelledError:
            console.erase_line()
            console.line("\nEnded.")
            return 0 if demo.arrived else 130
    return 0
