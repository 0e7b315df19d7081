"""What README and docs show does what it says, word for word."""

import asyncio
from pathlib import Path

import pytest

from tests.documents import EXAMPLES
from tests.programs import require_program
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.fault_model import Action, Fault, Moment

from .home_assistant import VENV, HomeAssistant
from .inbox import MailServer
from .outcomes import Outcomes
from .processes import ROOT
from .scene import Person, answers_for
from .setting_up import Recipient, add_modem

ALEX = Recipient("Alex", to=("alex@example.com",))
AUTOMATION = "automation:\n"


@pytest.fixture
def configuration() -> str:
    """Their automations."""
    automations = [text for text in EXAMPLES if text.startswith(AUTOMATION)]
    assert len(automations) == 3
    return AUTOMATION + "".join(text.removeprefix(AUTOMATION) for text in automations)


async def test_the_automations_of_the_documents_work(
    mail: MailServer, modem: VirtualModem, home: HomeAssistant, person: Person
) -> None:
    created = await add_modem(person.flows, answers_for(mail, modem.port))
    assert await person.name_recipient(created, ALEX) == "notify.alex"
    outcomes = await Outcomes.follow(person)
    notified = await person.api.subscribe("persistent_notification/subscribe")
    assert (await notified.get())["notifications"] == {}

    for charge, code, reply in ((80, 0, 0), (79, 678, 550)):
        modem.fault(
            Fault(
                Action.RESULT,
                "QSMTPPUT",
                Moment.BEFORE_RESULT,
                code=code,
                protocol_code=reply,
            )
        )
        await person.api.post("/api/states/sensor.battery", {"state": str(charge)})
        await person.api.act(
            "automation.trigger", "automation.tell_us_when_the_mains_power_is_gone"
        )
        told = await outcomes.until("sent", "failed")
        assert f"The battery holds {charge} %." in (await mail.next_mail()).text

    assert told.kind == "failed"
    (notification,) = (await notified.get())["notifications"].values()
    assert notification["title"] == "Email to Alex"
    assert told.reference in notification["message"]
    assert "failed" in notification["message"]


@pytest.mark.long
async def test_its_pictures_can_be_taken_and_the_first_automation_made_by_clicking(
    tmp_path: Path,
) -> None:
    """Which sends an email that has to arrive, or the program fails."""
    require_program("chromium")
    program = await asyncio.create_subprocess_exec(
        VENV / "bin" / "python",
        *("-m", "tests.end_to_end.readme_pictures", tmp_path),
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )
    _, told = await program.communicate()
    assert program.returncode == 0, told.decode()
    assert {path.name for path in tmp_path.glob("*.png")} == {
        path.name for path in (ROOT / "docs" / "images").glob("*.png")
    }
