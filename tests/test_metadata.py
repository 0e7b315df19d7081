"""The files that others read: Home Assistant, the Marketplace (HACS), a person choosing.

Home Assistant's own check of them, hassfest, is published as a container only; what it
demands of a custom integration is repeated here. Its quality scale and the texts have
tests of their own.
"""

import ast
from collections.abc import Iterator
import importlib
from importlib.metadata import metadata
import json
from pathlib import Path
import re
import struct
import tomllib
from typing import Any

import pytest

from custom_components.quectel_smtp.const import PLATFORMS
from custom_components.quectel_smtp.quectel_usb import PRODUCTS, QUECTEL
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import validate_selector
from homeassistant.loader import async_get_integration
from homeassistant.util.yaml import load_yaml_dict

from .source import INTEGRATION, ROOT, imports, tree
from .translations import texts

_OURS = "custom_components.quectel_smtp"

# https://hacs.xyz/docs/publish/start: nothing else is allowed in hacs.json.
_HACS_KEYS = {
    "content_in_root",
    "country",
    "filename",
    "hacs",
    "hide_default_branch",
    "homeassistant",
    "name",
    "persistent_directory",
    "render_readme",
    "zip_release",
}

# Home Assistant's manifest has no others (its loader's "Manifest").
_MANIFEST_KEYS = {
    *("after_dependencies", "categories", "codeowners", "config_flow"),
    *("connectivity", "dependencies", "dhcp", "documentation", "domain"),
    *("integration_type", "iot_class", "issue_tracker", "loggers", "name"),
    *("quality_scale", "requirements", "usb", "version", "zeroconf"),
}

# As the Open Source Initiative calls them.
_FREE = {"Apache-2.0", "Apache-2.0 AND CNRI-Python", "BSD-3-Clause", "MIT"}


def _json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _yaml(path: Path) -> dict[str, Any]:
    return load_yaml_dict(str(path))


@pytest.fixture
def manifest() -> dict[str, Any]:
    return _json(INTEGRATION / "manifest.json")


def test_the_manifest_is_sorted(manifest: dict[str, Any]) -> None:
    keys = list(manifest)
    assert keys == ["domain", "name", *sorted(keys[2:])]


def test_the_manifest_has_no_key_that_home_assistant_does_not_know(
    manifest: dict[str, Any],
) -> None:
    assert set(manifest) <= _MANIFEST_KEYS
    assert "quality_scale" not in manifest, "a tier is for who was reviewed"


def test_the_manifest_says_all_that_is_demanded(manifest: dict[str, Any]) -> None:
    assert manifest["domain"] == INTEGRATION.name
    assert manifest["name"]
    assert manifest["codeowners"]
    assert all(owner.startswith("@") for owner in manifest["codeowners"])
    assert manifest["iot_class"] == "local_push"
    assert manifest["integration_type"] == "device"
    for key in ("documentation", "issue_tracker"):
        assert manifest[key].startswith("https://github.com/"), key


def test_the_version_is_a_semantic_one_and_the_same_everywhere(
    manifest: dict[str, Any],
) -> None:
    """The Marketplace takes the tag of a release for it, which has the same name."""
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == manifest["version"]
    headings = re.findall(
        r"^## \[(.+)\](.*)$",
        (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    released = [one for one in headings if one[0] != "Unreleased"]
    newest, when = released[0]
    assert newest == manifest["version"]
    assert re.fullmatch(r" - \d{4}-\d\d-\d\d", when)


def test_requirements_leave_home_assistant_its_choice(
    manifest: dict[str, Any],
) -> None:
    """Home Assistant pins them anew each month: an exact version fails with the next.

    It has all of them itself, so that nothing is fetched where there is no network: regex
    is numbered by the date, and 2024.11.6 is the least that Home Assistant's own speech
    asks for.
    """
    assert manifest["requirements"] == [
        "aiosmtplib>=5.1.3,<6",
        "idna>=3.7,<4",
        "regex>=2024.11.6",
        "serialx>=1.11.0,<2",
    ]


def test_requirements_are_free_software(manifest: dict[str, Any]) -> None:
    for requirement in manifest["requirements"]:
        name = re.split("[<>=]", requirement)[0]
        said = metadata(name)
        assert (said.get("License-Expression") or said.get("License")) in _FREE, name


def test_turning_on_debug_logging_leaves_other_packages_alone(
    manifest: dict[str, Any],
) -> None:
    """What serialx logs at that level is every byte, the mail server's password included."""
    assert "loggers" not in manifest


def test_home_assistant_discovers_the_products_that_are_known(
    manifest: dict[str, Any],
) -> None:
    """And no others: not every device with Quectel's vendor id is a modem."""
    assert manifest["usb"] == [{"vid": QUECTEL, "pid": pid} for pid in PRODUCTS]
    assert "usb" in manifest["dependencies"], "else it is not there to discover"


def test_what_is_used_of_other_integrations_is_there_before_ours(
    manifest: dict[str, Any],
) -> None:
    """Each is in the manifest, or has its place here by a platform of ours or its own."""
    named = {
        name[2]
        for path in INTEGRATION.rglob("*.py")
        for _, name in imports(path)
        if name[:2] == ("homeassistant", "components")
    }
    ours = {path.stem for path in INTEGRATION.glob("*.py")}
    always = {"media_source", "system_health", *Platform}
    assert named - ours - always == set(manifest["dependencies"])


async def test_home_assistant_takes_the_manifest(
    hass: HomeAssistant, manifest: dict[str, Any]
) -> None:
    integration = await async_get_integration(hass, INTEGRATION.name)
    assert integration.file_path == INTEGRATION
    assert str(integration.version) == manifest["version"]
    assert integration.dependencies == manifest["dependencies"]


def test_each_platform_says_how_many_of_its_calls_may_run_at_once() -> None:
    """None waits for another: the courier has an order of its own."""
    for platform in PLATFORMS:
        module = importlib.import_module(f"{_OURS}.{platform}")
        assert module.PARALLEL_UPDATES == 0, platform


def test_whoever_takes_an_entry_takes_the_typed_one() -> None:
    """``ConfigEntry`` itself is for the file that gives it its type."""
    untyped = [
        f"{path.name}:{node.lineno}"
        for path in INTEGRATION.rglob("*.py")
        if path.name != "runtime.py"
        for node, name in imports(path)
        if name == ("homeassistant", "config_entries", "ConfigEntry")
    ]
    assert untyped == []


def test_the_config_flow_knows_a_modem_that_is_set_up_already() -> None:
    """Home Assistant's check looks for it in the file of that name, nowhere else."""
    called = {
        node.func.attr
        for node in ast.walk(tree(INTEGRATION / "config_flow.py"))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert {"async_set_unique_id", "_abort_if_unique_id_configured"} <= called


def test_hacs_json_has_what_the_marketplace_knows() -> None:
    content = _json(ROOT / "hacs.json")
    assert content["name"] == _json(INTEGRATION / "manifest.json")["name"]
    assert re.fullmatch(r"\d{4}\.\d{1,2}\.\d+", content["homeassistant"])
    assert set(content) <= _HACS_KEYS


def test_the_oldest_home_assistant_is_the_one_that_is_tested() -> None:
    """The Marketplace installs on no older one."""
    oldest = _json(ROOT / "hacs.json")["homeassistant"].rpartition(".")[0]
    tested = (ROOT / "requirements_test.txt").read_text(encoding="utf-8")
    assert f"Home Assistant {oldest}." in tested
    assert f"{oldest} or newer" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_host_runs_all_three_checks() -> None:
    workflow = load_yaml_dict(str(ROOT / ".github" / "workflows" / "validate.yml"))
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    used = {step["uses"].partition("@")[0]: step for step in steps if "uses" in step}
    assert "home-assistant/actions/hassfest" in used
    assert used["hacs/action"]["with"] == {"category": "integration"}
    assert "bash .ci/run" in [step.get("run") for step in steps]


@pytest.mark.parametrize("page", ["CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_what_a_page_for_others_names_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"\]\((?!https:)([^()#]+)", text))
    named |= set(re.findall(r"`((?:\.ci|\.github|scripts|tests)/[\w./-]+)`", text))
    missing = [name for name in named if not (ROOT / name).exists()]
    assert missing == []


def test_the_licence_is_the_one_that_is_named() -> None:
    """The host finds it by its text, and the Marketplace wants one that is free."""
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License\n" in text
    assert "Version 2.0, January 2004" in text
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["license"] == "Apache-2.0"


def test_the_marketplace_finds_one_integration() -> None:
    """It installs the first folder that it finds."""
    folders = [
        path.name
        for path in INTEGRATION.parent.iterdir()
        if path.is_dir() and path.name != "__pycache__"
    ]
    assert folders == [INTEGRATION.name]


@pytest.mark.parametrize(
    ("name", "size"), [("icon.png", (256, 256)), ("icon@2x.png", (512, 512))]
)
def test_the_icon_has_the_size_that_is_shown(name: str, size: tuple[int, int]) -> None:
    start = (INTEGRATION / "brand" / name).read_bytes()[:24]
    assert start[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", start[16:24]) == size


def test_the_brand_folder_has_only_what_is_served() -> None:
    served = {
        f"{dark}{kind}{scale}.png"
        for dark in ("", "dark_")
        for kind in ("icon", "logo")
        for scale in ("", "@2x")
    }
    assert {path.name for path in (INTEGRATION / "brand").iterdir()} <= served


def test_actions_use_selectors_that_exist() -> None:
    for name, action in _yaml(INTEGRATION / "services.yaml").items():
        for field, definition in _fields(action).items():
            assert validate_selector(definition["selector"]), f"{name}.{field}"


def test_actions_are_named_and_have_icons() -> None:
    actions = _yaml(INTEGRATION / "services.yaml")
    services = texts()["services"]
    assert set(services) == set(actions)
    assert set(_json(INTEGRATION / "icons.json")["services"]) == set(actions)
    for name, action in actions.items():
        assert services[name]["name"], name
        assert services[name]["description"], name
        named = services[name].get("fields", {})
        assert set(named) == set(_fields(action)), name
        for field, text in named.items():
            assert text["name"], f"{name}.{field}"
            assert text["description"], f"{name}.{field}"
        sections = {
            field
            for field, definition in ((action or {}).get("fields") or {}).items()
            if "fields" in (definition or {})
        }
        assert set(services[name].get("sections", {})) == sections, name
        icons = _json(INTEGRATION / "icons.json")["services"][name]
        assert icons["service"]
        assert set(icons.get("sections", {})) == sections, name


def test_each_icon_is_one_of_material_design_and_says_more_than_its_default() -> None:
    icons = _json(INTEGRATION / "icons.json")
    assert set(icons) == {"entity", "services", "triggers", "conditions"}
    for icon in _texts_of(icons):
        assert re.fullmatch(r"mdi:[a-z0-9-]+", icon), icon
    for entities in icons["entity"].values():
        for name, icon in entities.items():
            for one in (icon, *icon.get("state_attributes", {}).values()):
                assert one["default"] not in one.get("state", {}).values(), name


@pytest.mark.parametrize("kind", ["trigger", "condition"])
def test_triggers_and_conditions_have_selectors_texts_and_icons(kind: str) -> None:
    described = {
        name: one
        for name, one in _yaml(INTEGRATION / f"{kind}s.yaml").items()
        if not name.startswith(".")
    }
    found = texts()
    assert set(found[f"{kind}s"]) == set(described)
    icons = _json(INTEGRATION / "icons.json")[f"{kind}s"]
    assert {name for name, icon in icons.items() if icon[kind]} == set(described)
    for name, one in described.items():
        assert validate_selector({"target": one["target"]}), name
        said = found[f"{kind}s"][name]
        assert said["name"], name
        assert said["description"].startswith(
            {"trigger": "Triggers when", "condition": "Tests if"}[kind]
        )
        assert set(said.get("fields", {})) == set(_fields(one)), name
        for field, definition in _fields(one).items():
            selector = definition["selector"]
            assert validate_selector(selector), f"{name}.{field}"
            if "select" in selector:
                key = selector["select"]["translation_key"]
                options = selector["select"]["options"]
                assert list(found["selector"][key]["options"]) == options, key


def test_a_search_for_email_finds_the_action_that_sends_one_first() -> None:
    """The editor ranks what says it in name and description; our name is in all of them."""
    services = texts()["services"]
    assert services["send_message"]["name"] == "Send an email"
    assert [
        name
        for name, text in services.items()
        if "email" in text["description"].lower()
    ] == ["send_message"]


def _fields(action: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    """Return an action's fields, out of their sections."""
    found: dict[str, dict[str, Any]] = {}
    for name, field in ((action or {}).get("fields") or {}).items():
        found |= field.get("fields", {name: field})
    return found


def _texts_of(part: Any) -> Iterator[str]:
    """Yield each text at the end of a tree."""
    if isinstance(part, dict):
        for value in part.values():
            yield from _texts_of(value)
    else:
        yield part
