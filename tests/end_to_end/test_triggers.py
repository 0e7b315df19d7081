"""Triggers and conditions of our own, picked and saved in a browser, and what they run for."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from tests.programs import require_program
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.fault_model import Action, Fault, Moment

from .editor import Draft, order
from .flows import DOMAIN
from .home_assistant import VENV, HomeAssistant
from .inbox import MailServer
from .outcomes import Outcomes
from .processes import ROOT
from .scene import Person, answers_for, person_at
from .setting_up import Recipient, add_modem

ALEX: Final = Recipient("Alex", to=("alex@example.com",))
MODEM: Final = "Quectel EC200N-CN"
DRAFTS: Final = (
    Draft("sent", "Email sent", recipient=ALEX.name, condition="Line is ready"),
    Draft(
        "failed",
        "Email failed",
        recipient=ALEX.name,
        reason="Refused by the mail server, or too much for the modem",
    ),
    Draft("held", "Email held", reason="The mail server refused the login"),
    Draft("lost", "Line lost", reason="The modem is away"),
    Draft("back", "Line back", condition="Emails are waiting"),
)
_PATIENCE: Final = 300


@pytest.fixture
def configuration(tmp_path: Path) -> str:
    """Home Assistant with its editor, and the file that this writes."""
    automations = tmp_path / "home" / "automations.yaml"
    automations.parent.mkdir()
    automations.write_text("[]", "utf-8")
    return "automation: !include automations.yaml\n"


async def click(person: Person) -> None:
    """Make the automations, in a browser."""
    program = await asyncio.create_subprocess_exec(
        VENV / "bin" / "python",
        "-m",
        "tests.end_to_end.editor",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            given = order(person.api, MODEM, DRAFTS).encode()
            _, said = await program.communicate(given)
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    assert program.returncode == 0, said.decode()


def entity(name: str) -> str:
    """The automation's entity."""
    return f"automation.{name.replace(' ', '_')}"


async def ran(person: Person) -> dict[str, str]:
    """When each automation ran last, of those that ever did."""
    found = {}
    for draft in DRAFTS:
        shown = await person.api.state(entity(draft.name))
        if shown["attributes"]["last_triggered"] is not None:
            found[draft.name] = shown["attributes"]["last_triggered"]
    return found


async def until_ran(person: Person, name: str) -> None:
    """Wait until an automation has run."""
    await person.states.until(
        entity(name), lambda state: state.attributes["last_triggered"] is not None
    )


async def send(person: Person, message: str) -> None:
    """Send a notification."""
    await person.api.act("notify.send_message", "notify.alex", message=message)


def refusal(code: int, reply: int, times: int = 1) -> Fault:
    """What the mail server says of the next emails."""
    return Fault(
        Action.RESULT,
        "QSMTPPUT",
        Moment.BEFORE_RESULT,
        code=code,
        protocol_code=reply,
        times=times,
    )


@pytest.mark.long
async def test_automations_that_were_made_by_clicking_run_for_what_happens(
    mail: MailServer, modem: VirtualModem, home: HomeAssistant
) -> None:
    require_program("chromium")
    async with person_at(home) as person:
        created = await add_modem(person.flows, answers_for(mail, modem.port))
        await person.name_recipient(created, ALEX)
        await click(person)
        for draft in DRAFTS:
            await person.states.until(entity(draft.name))
        outcomes = await Outcomes.follow(person)

        await send(person, "Water in the cellar")
        await until_ran(person, "sent")
        modem.fault(refusal(678, 550))
        await send(person, "Water in the kitchen")
        await until_ran(person, "failed")
        assert (await ran(person)).keys() == {"sent", "failed"}

        modem.hangup()
        await until_ran(person, "lost")
        await send(person, "Water in the bath")
        await person.until_sensor("emails_waiting", "1")
        modem.plug()
        await until_ran(person, "back")
        await outcomes.until("sent")
        before = await ran(person)
        assert before.keys() == {"sent", "failed", "lost", "back"}
        await home.stop()

    await home.start()
    async with person_at(home, returning=True) as person:
        while (await person.api.command("get_config"))["state"] != "RUNNING":
            await asyncio.sleep(0.05)
        ready = await person.entity("binary_sensor", "line_ready")
        await person.states.until(ready, lambda state: state.state == "on")
        assert await ran(person) == before, "what was shown before is no event"

        # It is tried once more before it is held.
        modem.fault(refusal(677, 535, times=2))
        await send(person, "Water in the attic")
        await until_ran(person, "held")
        after = await ran(person)
        assert {**after, "held": ""} == {**before, "held": ""}
        assert DOMAIN in (home.folder / "automations.yaml").read_text("utf-8")
