"""What was accepted outlives Home Assistant, the modem's absence, and a backup."""

import asyncio
from contextlib import closing
from email.utils import getaddresses
import json
from pathlib import Path
import sqlite3
import tarfile
import time
from typing import Any

from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.fault_model import Action, Fault, Moment

from .flows import DOMAIN
from .home_assistant import HomeAssistant
from .inbox import MailServer
from .outcomes import Outcomes
from .scene import Person, answers_for, person_at
from .setting_up import Recipient, add_modem

ALEX = Recipient("Alex", to=("alex@example.com",))
SEND = "notify.send_message"
LIST = "quectel_smtp.list_outbox"
NOTIFY = "notify.alex"
LOOK_AGAIN = 0.1
DAY = 86400.0


async def set_up(person: Person, mail: MailServer, modem: VirtualModem) -> None:
    """Set the modem up, with one recipient."""
    created = await add_modem(person.flows, answers_for(mail, modem.port))
    assert await person.name_recipient(created, ALEX) == NOTIFY


async def waiting(person: Person) -> list[dict[str, Any]]:
    """What `list_outbox` responds."""
    reply = await person.api.ask(LIST)
    found: list[dict[str, Any]] = reply["emails"]
    return found


async def set_up_is_stored(home: HomeAssistant) -> None:
    """Wait until Home Assistant, which takes a second for it, has stored what it was told.

    That is what a person did, not what this integration accepted.
    """

    def stored(key: str) -> Any:
        path = home.folder / ".storage" / key
        return json.loads(path.read_text("utf-8"))["data"] if path.exists() else {}

    while not (
        ALEX.name in str(stored("core.config_entries"))
        and stored("auth").get("credentials")
    ):
        await asyncio.sleep(LOOK_AGAIN)


async def start_is_over(home: HomeAssistant, person: Person) -> None:
    """Wait until Home Assistant has started; print what our part in that was."""
    while (await person.api.command("get_config"))["state"] != "RUNNING":
        await asyncio.sleep(LOOK_AGAIN)
    (entry,) = await person.api.command("config_entries/get", domain=DOMAIN)
    assert entry["state"] == "loaded"
    (seconds,) = (
        part["seconds"]
        for part in await person.api.command("integration/setup_info")
        if part["domain"] == DOMAIN
    )
    print(f"set up in {seconds:.3f} s")  # noqa: T201
    assert f"Setup of {DOMAIN}" not in home.output.read_text("utf-8")


def restore(home: HomeAssistant, folder: Path) -> HomeAssistant:
    """A Home Assistant with what the only backup of another one holds, a day later."""
    (backup,) = (home.folder / "backups").glob("*.tar")
    with tarfile.open(backup) as outer:
        packed = outer.extractfile("homeassistant.tar.gz")
        with tarfile.open(fileobj=packed) as inner:
            inner.extractall(folder, filter="fully_trusted")
    restored = HomeAssistant(folder / "data")
    restored.password = home.password
    (outbox,) = (restored.folder / ".storage").glob(f"{DOMAIN}.*.db")
    with closing(sqlite3.connect(outbox)) as database, database:
        (changed,) = database.execute("SELECT count(*) FROM meta WHERE key = 'backup'")
        assert changed == (1,)
        database.execute(
            "UPDATE meta SET value = value - ? WHERE key = 'backup'", (DAY,)
        )
    return restored


async def test_an_accepted_email_outlives_a_kill_and_arrives_once(
    mail: MailServer, modem: VirtualModem, home: HomeAssistant
) -> None:
    async with person_at(home) as person:
        await set_up(person, mail, modem)
        await set_up_is_stored(home)
        modem.hangup()

        await person.api.act(SEND, NOTIFY, title="Power cut", message="All is dark")

        (email,) = await waiting(person)
        assert email["recipient"] == ALEX.name
        assert email["attempts"] == 0
        await person.until_sensor("emails_waiting", "1")
        await home.kill()

    await home.start()
    first, second = home.start_times
    print(f"started in {first:.1f} s, then without the modem in {second:.1f} s")  # noqa: T201
    async with person_at(home, returning=True) as person:
        await start_is_over(home, person)
        await person.until_sensor("emails_waiting", "1")
        (kept,) = await waiting(person)
        assert (kept["reference"], kept["accepted"]) == (
            email["reference"],
            email["accepted"],
        )
        outcomes = await Outcomes.follow(person)
        plugged = time.monotonic()
        modem.plug()

        arrived = await mail.next_mail()
        print(f"arrived {arrived.at - plugged:.1f} s after the modem was back")  # noqa: T201
        assert arrived.message["Subject"] == "Power cut"
        assert getaddresses(arrived.message.get_all("To", [])) == [
            ("", "alex@example.com")
        ]
        assert arrived.text.splitlines() == [
            "All is dark",
            "",
            f"Ref: {email['reference']}",
        ]
        await outcomes.until("sent", reference=email["reference"])
        await person.until_sensor("emails_waiting", "0")
        assert await waiting(person) == []
        assert mail.no_mail_waits()
        assert len(modem.deliveries()) == 1


async def test_a_restart_while_sending_neither_loses_nor_repeats_the_email(
    mail: MailServer, modem: VirtualModem, home: HomeAssistant
) -> None:
    async with person_at(home) as person:
        await set_up(person, mail, modem)
        # The mail server takes it; when the modem says so is ours to decide.
        modem.fault(Fault(Action.DROP, "QSMTPPUT", Moment.BEFORE_RESULT))
        await person.api.act(SEND, NOTIFY, title="Meanwhile", message="Only once")
        arrived = await mail.next_mail()
        (sending,) = await waiting(person)
        assert sending["state"] == "sending"
        await home.stop()

    await home.start()
    async with person_at(home, returning=True) as person:
        await start_is_over(home, person)
        outcomes = await Outcomes.follow(person)
        (kept,) = await waiting(person)
        assert (kept["reference"], kept["state"]) == (sending["reference"], "sending")
        await person.api.act(SEND, NOTIFY, title="Afterwards", message="Next")
        # The modem's port is open again, and nothing was sent meanwhile.
        await modem.wait_for_command("CGSN|GSN", count=2)
        await modem.wait_idle()
        modem.urc("+QSMTPPUT: 0,0")

        # The other one may pass it.
        last = await mail.next_mail()
        await outcomes.until("sent", reference=sending["reference"])
        assert arrived.message["Subject"] == "Meanwhile"
        assert f"Ref: {sending['reference']}" in arrived.text
        assert last.message["Subject"] == "Afterwards"
        await person.until_sensor("emails_sent", "2")
        assert mail.no_mail_waits()


async def test_a_backup_leaves_the_outbox_at_work_and_a_restored_one_asks_first(
    mail: MailServer, modem: VirtualModem, home: HomeAssistant, tmp_path: Path
) -> None:
    async with person_at(home) as person:
        await set_up(person, mail, modem)
        await set_up_is_stored(home)
        outcomes = await Outcomes.follow(person)
        modem.hangup()
        await person.api.act(SEND, NOTIFY, title="Before", message="It waits")
        await person.api.act("backup.create")
        await person.api.act(SEND, NOTIFY, title="After", message="It waits, too")

        modem.plug()
        for subject in ("Before", "After"):
            assert (await mail.next_mail()).message["Subject"] == subject
            await outcomes.until("sent")
        await person.until_issues()
        await home.stop()

    restored = restore(home, tmp_path / "restored")
    async with restored, person_at(restored, returning=True) as person:
        issues = await person.until_issues("restored")
        await start_is_over(restored, person)
        (held,) = await waiting(person)
        assert (held["state"], held["reason"]) == ("held", "restored")
        step = await person.api.post(
            "/api/repairs/issues/fix",
            {"handler": DOMAIN, "issue_id": issues["restored"]},
        )
        assert step["description_placeholders"]["count"] == "1"
        outcomes = await Outcomes.follow(person)
        await person.api.post(
            f"/api/repairs/issues/fix/{step['flow_id']}", {"next_step_id": "drop"}
        )
        await outcomes.until("cancelled", reference=held["reference"])
        await person.until_issues()
        await person.api.act(SEND, NOTIFY, title="New", message="As ever")
        assert (await mail.next_mail()).message["Subject"] == "New"
        assert mail.no_mail_waits()
