"""The README names things as people see them, and has the figures that hold."""

from collections.abc import Iterator
import json
import re
from typing import Any

import pytest

from custom_components.quectel_smtp import diagnostics
from custom_components.quectel_smtp.attachments.wanted import Budget
from custom_components.quectel_smtp.coordinator import POLL_INTERVAL
from custom_components.quectel_smtp.delivery.outbox.merging import DIGEST_LEAST, WINDOW
from custom_components.quectel_smtp.delivery.outbox.outbox import (
    EMAILS,
    KEPT,
    RESERVED,
    SIZE,
)
from custom_components.quectel_smtp.delivery.records import Options, Way
from custom_components.quectel_smtp.delivery.rules import policy, storm
from custom_components.quectel_smtp.delivery.rules.acceptance import TEXT_MOST
from custom_components.quectel_smtp.delivery.rules.capacity import CAPACITIES
from custom_components.quectel_smtp.delivery.rules.wording import LATE
from custom_components.quectel_smtp.email_options import BUDGETS, DEFAULT_BUDGET
from custom_components.quectel_smtp.entry_data import LIMITS
from custom_components.quectel_smtp.findings import EVENT_TYPES
from custom_components.quectel_smtp.modem.at.conversation import LINES
from custom_components.quectel_smtp.modem.mail.file_names import stored_name
from custom_components.quectel_smtp.modem.mail.message import (
    ADDRESS_LIMIT,
    FIELD_LIMIT,
    RECIPIENT_LIMIT,
    RECIPIENTS_MOST,
)
from custom_components.quectel_smtp.modem.mail.server import TEXT_LIMIT
from custom_components.quectel_smtp.modem.mail.tls import TlsSettings, commands
from custom_components.quectel_smtp.modem.network.dns import HOST_LIMIT
from custom_components.quectel_smtp.modem.network.profile import Profile
from homeassistant.components.diagnostics import REDACTED

from .source import INTEGRATION, ROOT

PEM = "-----BEGIN CERTIFICATE-----"

README = " ".join((ROOT / "README.md").read_text("utf-8").split())
TEXTS: dict[str, Any] = json.loads(
    (INTEGRATION / "translations" / "en.json").read_text("utf-8")
)


def names() -> Iterator[str]:
    """Every name that a person meets and that the README explains."""
    for entities in TEXTS["entity"].values():
        for entity in entities.values():
            if "name" in entity:
                yield f"*{entity['name']}*"
    options = TEXTS["options"]["step"]["init"]
    for part in (options, *options["sections"].values()):
        yield from part["data"].values()
    yield TEXTS["config_subentries"]["recipient"]["step"]["user"]["data"]["critical"]
    yield from (f"`quectel_smtp.{action}`" for action in TEXTS["services"])
    for kind in ("triggers", "conditions"):
        yield from (f"*{one['name']}*" for one in TEXTS[kind].values())
    for blueprint in (ROOT / "blueprints").rglob("*.yaml"):
        yield f"/blueprints/automation/quectel_smtp/{blueprint.name}): "


@pytest.mark.parametrize("name", names())
def test_the_readme_explains_what_people_see(name: str) -> None:
    assert name in README


def test_the_readme_lists_every_event_type_and_result() -> None:
    assert f"*{', '.join(EVENT_TYPES)}*" in README
    listed = re.search(r"How the last attempt ended: ([^|]*) \|", README)
    assert listed is not None
    results = TEXTS["entity"]["sensor"]["last_send_result"]["state"].values()
    assert set(listed[1].split(", ")) == {result.lower() for result in results}


def test_the_figures_of_the_readme_hold() -> None:
    options = Options()
    delays = [policy.delay(attempts, 0.0) for attempts in range(1, 9)]
    assert delays[:5] == [0, 10, 30, 60, 120]
    assert "at once, then after 10, 30, 60 and 120 s, then doubling" in README
    assert f"to {delays[-1] / 60:.0f} minutes" in README
    assert f"for {options.lifetime / storm.HOUR:.0f} hours." in README
    assert f"{DEFAULT_BUDGET} KB; {BUDGETS[0]} to {BUDGETS[1]:,} can be set" in README
    assert LIMITS["lifetime"] == (1, 7 * 24)
    assert "48 hours; 1 hour to 7 days can be set" in README
    assert (
        f"{options.per_hour} emails an hour and {options.per_day} a day leave" in README
    )
    assert f"within {WINDOW:.0f} s become one email" in README
    assert f"leaves more than {LATE / 60:.0f} minutes after" in README
    assert DIGEST_LEAST == 10
    assert "Ten or more that wait" in README
    assert f"after {options.idle / 60:.0f} minutes without mail" in README
    assert f"full** at {EMAILS} emails or {SIZE // 2**20} MiB" in README
    assert f"{RESERVED} emails and a tenth of the bytes" in README
    assert f"an error from the {EMAILS - RESERVED + 1}st on" in README
    assert f"for {KEPT / storm.DAY:.0f} days longer" in README
    assert f"Every {POLL_INTERVAL.total_seconds():.0f} seconds" in README


def test_the_readme_says_what_is_in_diagnostics_and_what_is_not() -> None:
    assert f"the last {LINES} lines over the port" in README
    for key in ("password", "pin", "iccid", "username", "sender_name", "certificate"):
        shown = diagnostics._harmless({key: "x"}, diagnostics._DATA)  # noqa: SLF001
        assert shown == {key: REDACTED}
    assert "the APN and the operator's name always are" in README
    assert diagnostics._harmless({"apn": "x"}, diagnostics._DATA) == {"apn": "x"}  # noqa: SLF001


def test_the_readme_has_the_limits_of_an_email_by_either_way() -> None:
    assert f"Of a text {TEXT_MOST:,} bytes are kept" in README
    assert f"up to {RECIPIENTS_MOST} addresses of up to {ADDRESS_LIMIT}" in README
    assert f"sender's name have up to {TEXT_LIMIT} bytes" in README
    assert f"the mail server's name {HOST_LIMIT}." in README
    module = CAPACITIES[Way.MODULE]
    assert f"a title of {module.subject} bytes, a text of {module.body:,}" in README
    assert f"{RECIPIENT_LIMIT} addresses, and {FIELD_LIMIT} bytes each" in README
    budget = Budget()
    assert f"are fetched after that, for up to {budget.seconds:.0f} seconds" in README
    assert f"may have {budget.file // 10**6} MB, and all attachments" in README
    assert f"attachments of an email {budget.total // 10**6} MB" in README
    longest = len(stored_name("x" * 99, ()))
    assert f"under names of up to {longest} characters in ASCII" in README


def test_the_readme_and_the_form_say_what_starttls_is_worth() -> None:
    assert "SSL/TLS on port 465 is the safe choice" in README
    assert "may fall back to clear text" in README
    said = TEXTS["config"]["step"]["server"]["data_description"]["security"]
    assert "SSL/TLS on port 465 is the safe choice" in said
    assert "unencrypted" in said


def test_the_readme_and_the_forms_say_what_a_root_alone_proves() -> None:
    names = {setting.name for setting in commands(TlsSettings(PEM), Profile())}
    assert "checkhost" in names
    assert (
        "setting `checkhost` also checks that the certificate is the server's own"
        in (README)
    )
    for step in ("certificate_root", "certificate_text"):
        said = TEXTS["config"]["step"][step]["description"]
        assert "takes any certificate that leads to the root" in said
