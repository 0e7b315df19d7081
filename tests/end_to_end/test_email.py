"""From the forms in Home Assistant to the email in the inbox, all of it real."""

import asyncio
from dataclasses import replace
from email.utils import getaddresses

import pytest

from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.fault_model import Action, Fault, Moment
from tests.virtual_modem.profiles import MailClient

from .api import Subscription
from .flows import DOMAIN, Kind, Step
from .home_assistant import HomeAssistant
from .inbox import ArrivedMail, MailServer
from .outcomes import Outcomes
from .scene import Person, answers_for
from .setting_up import Recipient, add_modem

ALEX = Recipient(
    "Alex & Kim",
    to=("alex@example.com", "kim@example.org"),
    cc=("neighbour@example.net",),
    bcc=("archive@example.com",),
)
KIM = Recipient("Kim", to=("kim@example.org",))
SEND = "notify.send_message"


def addresses(mail: ArrivedMail, header: str) -> list[str]:
    """The addresses in a header."""
    return [address for _, address in getaddresses(mail.message.get_all(header, []))]


async def reauthentication(flows_begun: Subscription) -> str:
    """Wait until Home Assistant asks to log in again; that flow's id."""
    while True:
        for change in await flows_begun.get():
            flow = change.get("flow") or {}
            if flow.get("handler") == DOMAIN and flow["context"]["source"] == "reauth":
                return str(change["flow_id"])


@pytest.mark.parametrize(
    ("mail_client", "way"),
    [
        (MailClient.NOTE, "module"),
        (MailClient.TERSE, "module"),
        (MailClient.TERSE, "automatic"),
    ],
)
async def test_a_notification_arrives_as_an_email(
    mail: MailServer,
    modem: VirtualModem,
    home: HomeAssistant,
    person: Person,
    way: str,
) -> None:
    created = await add_modem(person.flows, answers_for(mail, modem.port))
    notify = await person.name_recipient(created, ALEX)
    options = await person.flows.options(created.content["result"]["entry_id"])
    chosen = await person.flows.submit(options, {"way": way})
    assert chosen.kind is Kind.CREATED
    outcomes = await Outcomes.follow(person)

    await person.api.act(
        SEND,
        notify,
        title="Stromausfall 🔌 im Haus",
        message="Grüße 🎉\n+++\nAT+QSMTPCLR\n東京 \N{ZERO WIDTH JOINER} done",
    )

    arrived = await mail.next_mail()
    # The modem's mail client may show it to the others: it gets an email of its own.
    hidden = await mail.next_mail() if way == "module" else None
    sent = await outcomes.until("sent")
    assert outcomes.kinds(sent.reference) == ["accepted", "sent"]
    assert (sent.attributes["recipient"], sent.attributes["attempts"]) == (ALEX.name, 1)
    assert arrived.security == "tls"
    assert arrived.message["Subject"] == "Stromausfall 🔌 im Haus"
    assert arrived.text.splitlines() == [
        "Grüße 🎉",
        "+++",
        "AT+QSMTPCLR",
        "東京 \N{ZERO WIDTH JOINER} done",
        "",
        f"Ref: {sent.reference}",
    ]
    assert arrived.sender == mail.user
    assert addresses(arrived, "From") == [mail.user]
    assert addresses(arrived, "To") == list(ALEX.to)
    assert addresses(arrived, "Cc") == list(ALEX.cc)
    assert b"archive@" not in arrived.content
    if hidden is None:
        assert arrived.recipients == ALEX.to + ALEX.cc + ALEX.bcc
        assert sent.attributes["way"] == "stream"
    else:
        assert arrived.recipients == ALEX.to + ALEX.cc
        assert hidden.recipients == tuple(addresses(hidden, "To")) == ALEX.bcc
        assert hidden.text == arrived.text
        for address in ALEX.to + ALEX.cc:
            assert address.encode() not in hidden.content

    for sensor, state in (
        ("last_send_result", "sent"),
        ("pdp_context", "active"),
        ("emails_waiting", "0"),
        ("emails_sent", "1"),
        ("emails_failed", "0"),
    ):
        await person.until_sensor(sensor, state)

    logged = home.output.read_text("utf-8")
    assert ("QSMTPPUT" if way == "module" else "QISEND") in logged
    assert mail.password not in logged
    assert "東京" not in logged
    assert "Stromausfall" not in logged


async def test_a_set_up_ends_with_an_email_in_the_inbox(
    mail: MailServer, modem: VirtualModem, person: Person
) -> None:
    created = await add_modem(person.flows, answers_for(mail, modem.port))
    step = await person.flows.next_flow(created)
    assert step.name == "recipient"
    ended = await person.flows.submit(step, KIM.form())
    assert (ended.kind, ended.name) == (Kind.ABORTED, "test_sent_module")
    arrived = await mail.next_mail()
    assert arrived.recipients == KIM.to
    shown = ended.content["description_placeholders"]
    assert arrived.text.splitlines()[-1] == f"Ref: {shown['reference']}"
    assert mail.no_mail_waits()
    await person.states.until("notify.kim")


async def test_a_notification_sent_during_a_reconfiguration_arrives(
    mail: MailServer, modem: VirtualModem, person: Person
) -> None:
    answers = answers_for(mail, modem.port)
    created = await add_modem(person.flows, answers)
    entry_id = created.content["result"]["entry_id"]
    notify = await person.name_recipient(created, KIM)
    # The check of the new settings has the port to itself until its question for the
    # mail server's address is answered, which is ours to do.
    modem.fault(Fault(Action.DROP, "QIDNSGIP", Moment.BEFORE_RESULT))
    step = await person.flows.choose(await person.flows.reconfigure(entry_id), "server")
    step = await person.flows.submit(
        step, replace(answers, port=587, security="starttls").server_form()
    )
    checking = asyncio.create_task(person.flows.choose(step, "certificate_keep"))
    await modem.wait_for_command("QIDNSGIP", count=2)
    await modem.wait_idle()
    await person.api.act(SEND, notify, title="Meanwhile", message="Still here")
    assert not checking.done()
    modem.urc('+QIURC: "dnsgip",0,1,600')
    modem.urc('+QIURC: "dnsgip","127.0.0.1"')

    ended = await checking

    assert await person.without_test(ended) == "saved_untested"
    arrived = await mail.next_mail()
    assert arrived.message["Subject"] == "Meanwhile"
    assert mail.no_mail_waits()

    await person.api.act(SEND, notify, title="Afterwards", message="By the new way")
    arrived = await mail.next_mail()
    assert (arrived.message["Subject"], arrived.security) == ("Afterwards", "starttls")


async def test_a_wrong_password_is_found_out_in_set_up(
    mail: MailServer, modem: VirtualModem, person: Person
) -> None:
    answers = answers_for(mail, modem.port)
    refused: list[Step] = []

    await add_modem(
        person.flows, answers, mistyped="wrong horse", refused=refused.append
    )

    (step,) = refused
    assert step.errors == {"base": "account_login"}
    assert "save_unchecked" not in step.fields
    assert step.content["description_placeholders"]["words"] != "–"
    assert [login.accepted for login in mail.logins] == [False, True]
    assert mail.no_mail_waits()


async def test_a_login_that_the_server_takes_no_more_is_mended_by_logging_in_again(
    mail: MailServer, modem: VirtualModem, person: Person
) -> None:
    flows_begun = await person.api.subscribe("config_entries/flow/subscribe")
    created = await add_modem(person.flows, answers_for(mail, modem.port))
    notify = await person.name_recipient(created, KIM)
    outcomes = await Outcomes.follow(person)
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

    await person.api.act(SEND, notify, title="First", message="Waits for the login")

    held = await outcomes.until("held")
    assert (held.attributes["reason"], held.attributes["code_name"]) == (
        "login",
        "auth_failed",
    )
    await person.until_sensor("last_send_result", "refused")
    # Home Assistant asks for it: ours would be a second card.
    await person.until_issues()
    modem.clear_faults()
    tried = len(mail.logins)
    # It is the modem that says so: the server has taken it.
    for _ in mail.logins[1:]:
        assert (await mail.next_mail()).message["Subject"] == "First"

    # What comes meanwhile does not try the login again, which might lock the account.
    await person.api.act(SEND, notify, title="Second", message="Waits, too")
    await outcomes.until("held")
    assert len(mail.logins) == tried

    step = await person.flows.open_flow(await reauthentication(flows_begun))
    assert step.name == "reauth_confirm"
    step = await person.flows.submit(
        step, {"username": mail.user, "password": "wrong horse"}
    )
    assert step.errors == {"base": "account_login"}
    assert not mail.logins[-1].accepted
    ended = await person.flows.submit(
        step, {"username": mail.user, "password": mail.password}
    )
    assert await person.without_test(ended) == "saved_untested"

    for subject in ("First", "Second"):
        assert (await mail.next_mail()).message["Subject"] == subject
        await outcomes.until("sent")
    assert mail.no_mail_waits()
    await person.until_issues()
