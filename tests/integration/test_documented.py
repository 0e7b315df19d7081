"""The page about triggers and conditions has all of them, and Home Assistant takes each."""

import re
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.util.yaml import load_yaml_dict, parse_yaml
from tests.source import INTEGRATION, ROOT
from tests.translations import texts

from .automations import automate, telling
from .modem_on_the_desk import Desk

PAGE = (ROOT / "docs" / "triggers-and-conditions.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
TEXTS: dict[str, Any] = texts()


def _described() -> list[tuple[str, str]]:
    return [
        (kind, key)
        for kind in ("trigger", "condition")
        for key in load_yaml_dict(str(INTEGRATION / f"{kind}s.yaml"))
        if not key.startswith(".")
    ]


def _chapter(heading: str) -> str:
    chapters = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    return next(one for one in chapters if one.startswith(f"{heading}\n"))


@pytest.mark.parametrize(("kind", "key"), _described())
def test_each_has_a_chapter_with_its_fields_and_yaml(kind: str, key: str) -> None:
    said = TEXTS[f"{kind}s"][key]
    chapter = _chapter(said["name"])
    assert f"{kind}: quectel_smtp.{key}\n" in chapter
    fields = load_yaml_dict(str(INTEGRATION / f"{kind}s.yaml"))[key].get("fields", {})
    named = dict(re.findall(r"^\| \*([^*]+)\* \(`(\w+)`\)", chapter, re.MULTILINE))
    assert named == {said["fields"][field]["name"]: field for field in fields}
    for field in fields.values():
        for choice in field["selector"].get("select", {}).get("options", ()):
            assert f"`{choice}`" in chapter


@pytest.mark.parametrize("example", EXAMPLES)
async def test_home_assistant_takes_each_example(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, example: str
) -> None:
    written: Any = parse_yaml(example)
    never = {"trigger": "event", "event_type": "never"}
    await automate(hass, {"triggers": never, "actions": telling(), **written})
