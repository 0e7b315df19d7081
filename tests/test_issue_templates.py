"""The forms for issues are such as GitHub takes, and lead where they say."""

import re
from typing import Any

import pytest

from homeassistant.util.yaml import load_yaml_dict
from tests.documents import README, anchors
from tests.source import ROOT

FOLDER = ROOT / ".github" / "ISSUE_TEMPLATE"
FORMS = sorted(FOLDER.glob("*.yml"))
REPOSITORY = "https://github.com/quectel-cellular-email/quectel_smtp"
KINDS = {"markdown", "textarea", "input", "dropdown", "checkboxes"}


def read(name: str) -> dict[str, Any]:
    """Read a form."""
    return load_yaml_dict(str(FOLDER / f"{name}.yml"))


@pytest.mark.parametrize("name", [path.stem for path in FORMS])
def test_a_form_has_what_github_asks_of_one(name: str) -> None:
    form = read(name)
    assert form["name"] and form["description"]
    assert {field["type"] for field in form["body"]} <= KINDS
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    identifiers = [field["id"] for field in fields]
    assert len(set(identifiers)) == len(identifiers)
    for field in fields:
        assert field["attributes"]["label"]


def test_a_hardware_report_wants_the_file_and_a_look_at_it() -> None:
    form = read("hardware_report")
    needed = {
        field["id"]
        for field in form["body"]
        if field.get("validations", {}).get("required")
    }
    assert "report" in needed
    assert "template=hardware_report.yml" in (ROOT / "CONTRIBUTING.md").read_text(
        "utf-8"
    )
    (looked,) = (field for field in form["body"] if field.get("id") == "looked")
    assert looked["attributes"]["options"][0]["required"] is True


def test_a_bug_report_asks_for_diagnostics() -> None:
    (asked,) = (f for f in read("bug_report")["body"] if f.get("id") == "diagnostics")
    assert asked["validations"]["required"] is True


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_where_a_form_leads_is_there(path: Any) -> None:
    text = path.read_text("utf-8")
    for file in re.findall(rf"{REPOSITORY}/blob/main/([^)\s#]+)", text):
        assert (ROOT / file).is_file(), file
    for anchor in re.findall(rf"{REPOSITORY}#([a-z-]+)", text):
        assert anchor in anchors(README)


def test_what_contributing_says_to_run_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    started = re.findall(r"python3? (?:/config/)?(custom_components/\S+)", text)
    assert len(started) == 2
    assert all((ROOT / place / "__main__.py").is_file() for place in started)
