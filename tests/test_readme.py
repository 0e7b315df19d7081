"""README and docs name things as people see them, and lead where they say."""

from collections.abc import Iterator
import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from custom_components.quectel_smtp import diagnostics
from custom_components.quectel_smtp.findings import EVENT_TYPES
from custom_components.quectel_smtp.flow.providers import PROVIDERS, Secret
from custom_components.quectel_smtp.modem.at.conversation import LINES
from custom_components.quectel_smtp.modem.mail.tls import TlsSettings, commands
from custom_components.quectel_smtp.modem.network.profile import Profile
from custom_components.quectel_smtp.quectel_usb import PRODUCTS
from homeassistant.components.diagnostics import REDACTED
from homeassistant.util.yaml import parse_yaml

from .documents import (
    ALL,
    DOCUMENTS,
    EXAMPLES,
    PAGES,
    PAGES_BY_NAME,
    README,
    anchors,
    example,
    rows,
)
from .source import INTEGRATION, ROOT
from .translations import LANGUAGES, texts
from .virtual_modem.profiles import PROFILES, SmtpKind

PEM = "-----BEGIN CERTIFICATE-----"

TEXTS: dict[str, Any] = texts()
# A picture is looked at on a phone, and over a line that is slow.
PICTURE_MOST = 150_000


def names() -> Iterator[str]:
    """Every name that a person meets and that the documents explain."""
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


@pytest.mark.parametrize("name", names())
def test_the_readme_explains_what_people_see(name: str) -> None:
    assert name in " ".join(README.split())


def test_the_documents_list_every_event_type_and_result() -> None:
    assert f"*{', '.join(EVENT_TYPES)}*" in DOCUMENTS
    listed = re.search(r"How the last attempt ended: ([^|]*) \|", DOCUMENTS)
    assert listed is not None
    results = TEXTS["entity"]["sensor"]["last_send_result"]["state"].values()
    assert set(listed[1].split(", ")) == {result.lower() for result in results}


def test_the_documents_say_what_is_in_diagnostics_and_what_is_not() -> None:
    assert f"the last {LINES} lines over the port" in DOCUMENTS
    for key in ("password", "pin", "iccid", "username", "sender_name", "certificate"):
        shown = diagnostics._harmless({key: "x"}, diagnostics._DATA)  # noqa: SLF001
        assert shown == {key: REDACTED}
    assert "the APN and the operator's name always are" in DOCUMENTS
    assert diagnostics._harmless({"apn": "x"}, diagnostics._DATA) == {"apn": "x"}  # noqa: SLF001


def test_the_documents_and_the_form_say_what_starttls_is_worth() -> None:
    assert "SSL/TLS on port 465 is the safe choice" in README
    assert "may fall back to clear text" in DOCUMENTS
    said = TEXTS["config"]["step"]["server"]["data_description"]["security"]
    assert "SSL/TLS on port 465 is the safe choice" in said
    assert "unencrypted" in said


def test_the_documents_and_the_forms_say_what_a_root_alone_proves() -> None:
    names = {setting.name for setting in commands(TlsSettings(PEM), Profile())}
    assert "checkhost" in names
    assert (
        "setting `checkhost` also checks that the certificate is the server's own"
        in DOCUMENTS
    )
    for step in ("certificate_root", "certificate_text"):
        said = TEXTS["config"]["step"][step]["description"]
        assert "takes any certificate that leads to the root" in said


# Whether it is for the reader.


def test_the_readme_names_each_language_and_the_oldest_home_assistant() -> None:
    called = {
        "en": "English",
        "zh-Hans": "简体中文",
        "de": "Deutsch",
        "fr": "français",
        "es": "español",
        "nl": "Nederlands",
    }
    assert set(LANGUAGES) == set(called)
    *most, last = called.values()
    assert f"speaks {', '.join(most)} and {last} |" in README
    oldest = json.loads((ROOT / "hacs.json").read_text("utf-8"))["homeassistant"]
    assert f"| Home Assistant | {oldest.removesuffix('.0')} or newer." in README


def test_every_usb_id_that_is_discovered_is_named_with_where_at_answers() -> None:
    page = PAGES_BY_NAME["modems"]
    found = {usb: (seen, asked) for usb, seen, asked in rows("By USB", page)}
    assert list(found) == list(PRODUCTS)
    for usb, product in PRODUCTS.items():
        seen, asked = found[usb]
        assert product.name in seen
        numbers = ", then ".join(str(number) for number in product.at)
        assert asked == (f"interface {numbers}" if numbers else "any")
    assert f"`2c7c:` {', '.join(PRODUCTS)}." in README


def test_every_module_that_is_discovered_is_in_the_table_of_modules() -> None:
    table = " ".join(modules for modules, *_ in rows("Supported modules"))
    for seen in (product.name for product in PRODUCTS.values()):
        assert seen in table


def test_the_table_of_modules_says_which_ones_the_virtual_modem_has_been() -> None:
    said = {
        model: tried.removesuffix(": refused")
        for modules, *_, tried in rows("Supported modules")
        for model in (modules.split(", ") if tried == "all four" else tried.split(", "))
        if tried
    }
    models = {profile.model for profile in PROFILES.values()}
    assert {model.removesuffix(": refused") for model in said} == models
    assert {
        profile.model
        for profile in PROFILES.values()
        if profile.smtp is SmtpKind.OLD_GSM
    } == {model.removesuffix(": refused") for model in said if "refused" in model}


def test_the_table_of_providers_is_that_of_the_set_up() -> None:
    told = {
        name: said
        for names, said in rows("Mail providers")
        for name in names.split(", ")
    }
    kinds = {
        Secret.APP_PASSWORD: "An *app password*",
        Secret.MAIL_PASSWORD: "The usual one",
        Secret.AUTHORIZATION_CODE: "An *authorisation code*",
    }
    labels = TEXTS["config"]["step"]["provider"]["menu_options"]
    for key, provider in PROVIDERS.items():
        kind = "None any more" if provider.oauth_only else kinds[provider.secret]
        for name in labels[key].split(", "):
            assert told.pop(name).startswith(kind)
    assert list(told) == ["Any other", "or your own server"]


# How it reads.

HEADINGS = (
    *("Use cases", "Supported modules", "Installation", "Set up in five minutes"),
    *("Prove it", "The first automation", "Mail providers", "Entities", "Triggers"),
    *("Conditions", "Actions", "Mobile data", "Promises and known limitations"),
    *("Troubleshooting", "Options (configuration parameters)", "Removal"),
)


@pytest.mark.parametrize("heading", HEADINGS)
def test_the_readme_has_what_a_reader_looks_for(heading: str) -> None:
    assert re.search(rf"^##+ {re.escape(heading)}$", README, re.MULTILINE)


def test_a_reader_is_through_before_something_goes_wrong() -> None:
    before = README[: README.index("## Troubleshooting")]
    assert len(before.splitlines()) <= 254


def _targets(page: str) -> list[str]:
    return re.findall(r"\]\(([^()\s]+)\)", page)


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_every_link_leads_somewhere(path: Any) -> None:
    for target in _targets(PAGES[path]):
        if urlsplit(target).scheme:
            continue
        name, _, anchor = target.partition("#")
        found = (ROOT / path).parent / name if name else ROOT / path
        assert found.is_file(), target
        if anchor:
            assert anchor in anchors(found.read_text("utf-8")), target


def test_every_page_and_picture_is_shown_and_no_picture_is_heavy() -> None:
    shown = {
        (ROOT / path).parent.joinpath(target.partition("#")[0]).resolve()
        for path, page in PAGES.items()
        for target in _targets(page)
        if not urlsplit(target).scheme
    }
    for path in (ROOT / "docs").rglob("*"):
        if path.is_file():
            assert path.resolve() in shown, path
        if path.suffix == ".png":
            assert path.stat().st_size <= PICTURE_MOST, path


def test_my_home_assistant_is_asked_for_what_it_can_do() -> None:
    """The redirects, by what the pages of Home Assistant 2026.11 take."""
    asked: dict[str, list[dict[str, list[str]]]] = {}
    for target in _targets(README):
        url = urlsplit(target)
        if url.path.startswith("/redirect/"):
            assert url.netloc == "my.home-assistant.io"
            asked.setdefault(url.path, []).append(parse_qs(url.query))
    issues = json.loads((INTEGRATION / "manifest.json").read_text("utf-8"))
    owner, repository = urlsplit(issues["documentation"]).path.strip("/").split("/")
    wanted = {
        "owner": [owner],
        "repository": [repository],
        "category": ["integration"],
    }
    assert asked.pop("/redirect/hacs_repository/") == [wanted]
    assert asked.pop("/redirect/config_flow_start/") == [{"domain": ["quectel_smtp"]}]
    imported = asked.pop("/redirect/blueprint_import/")
    found: list[Any] = [
        parse_yaml(path.read_text("utf-8"))
        for path in sorted((ROOT / "blueprints").rglob("*.yaml"))
    ]
    sources = [blueprint["blueprint"]["source_url"] for blueprint in found]
    assert sorted(url for one in imported for url in one["blueprint_url"]) == sources
    assert not asked


def test_every_code_block_is_one_that_the_tests_run() -> None:
    """In tests/integration: test_documents.py, test_documented.py, test_legacy.py."""
    tried = (
        "Mains power is gone",
        "was not sent",
        "Somebody is at the door",
        "platform: group",
        "no email could leave",
        "action: quectel_smtp.cancel",
    )
    in_a_page_of_their_own = PAGES_BY_NAME["triggers-and-conditions"]
    assert {example(words) for words in tried} == {
        text for text in EXAMPLES if text not in in_a_page_of_their_own
    }
    assert ALL.count("\n```") == 2 * len(EXAMPLES)
    indented = re.findall(r"(?<=\n\n)    (?! ).*\n(?:    .*\n)*", ALL)
    assert [block.split("#")[0].strip() for block in indented] == [
        "scripts/demo --once"
    ]
    for line in indented[0].splitlines():
        assert (ROOT / line.split()[0]).is_file()
