"""Each text that the code asks for exists, and each text that exists is asked for.

What the code asks for is read from its syntax trees. A key that is put together while it
runs can't be seen there: then only the way back is checked, that each key in en.json occurs
somewhere in the code as a string or as a member of an enum.
"""

import ast
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
import importlib
import json
import re
from typing import Any, NamedTuple

import pytest

from .source import INTEGRATION, tree
from .translations import flat, texts

_SIDE = sorted([*INTEGRATION.glob("*.py"), *INTEGRATION.glob("flow/*.py")])
_FLOWS = ("config", "options", "config_subentries", "issues")

# Home Assistant has texts of its own for these.
_ABORTS_OF_HOME_ASSISTANT = {
    "reauth_successful",
    "reconfigure_successful",
    "single_instance_allowed",
}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def _section(*path: str) -> dict[str, Any]:
    """Return a part of en.json, empty where there is none."""
    part = texts()
    for key in path:
        part = part.get(key, {})
    return part


def _flow_parts(part: str) -> Iterator[dict[str, Any]]:
    """Yield the "step", "error", "abort" or "progress" of each flow that en.json knows."""
    for flow in _FLOWS:
        for section in (_section(flow), *_section(flow).values()):
            if isinstance(section, dict):
                for flow_texts in (section, section.get("fix_flow", {})):
                    if part in flow_texts:
                        yield flow_texts[part]


def _icons() -> dict[str, Any]:
    """Return the entities' icons by platform."""
    path = INTEGRATION / "icons.json"
    icons: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    entities: dict[str, Any] = icons.get("entity", {})
    return entities


# --- What the code asks for


class _Asked(NamedTuple):
    """A text that a line of the code asks for."""

    place: str
    key: str
    node: ast.Call


@cache
def _constants() -> dict[str, str]:
    """Return the names in the code that stand for a string: its own and Home Assistant's."""
    found: dict[str, str] = {}
    for path in _SIDE:
        for node in ast.walk(tree(path)):
            match node:
                case ast.ImportFrom(module=str(module), level=0, names=names) if (
                    module.startswith("homeassistant.")
                ):
                    with suppress(ImportError):  # another version's
                        source = importlib.import_module(module)
                        for alias in names:
                            value = getattr(source, alias.name, None)
                            if isinstance(value, str):
                                found[alias.asname or alias.name] = str(value)
    for path in _SIDE:
        for statement in tree(path).body:
            if isinstance(statement, ast.Assign):
                targets, value_node = statement.targets, statement.value
            elif isinstance(statement, ast.AnnAssign) and statement.value:
                targets, value_node = [statement.target], statement.value
            else:
                continue
            match targets, value_node:
                case [ast.Name(name_)], ast.Constant(value=str(text)):
                    found[name_] = text
    return found


def _strings(node: ast.AST | None) -> list[str]:
    """Return the strings that an expression can be, as far as it can be read."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.Name(name) if name in _constants():
            return [_constants()[name]]
        case ast.IfExp(body=body, orelse=orelse):
            return [*_strings(body), *_strings(orelse)]
    return []


def _calls() -> Iterator[tuple[str, ast.Call, str, dict[str, ast.expr]]]:
    """Yield each call: where it is, the call, the last part of its name, its keywords."""
    for path in _SIDE:
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.Call):
                continue
            match node.func:
                case ast.Name(name) | ast.Attribute(attr=name):
                    keywords = {k.arg: k.value for k in node.keywords if k.arg}
                    yield f"{path.name}:{node.lineno}", node, name, keywords


def _asked(keyword: str, *names: str) -> list[_Asked]:
    """Return what calls give for a keyword, of the functions whose names end so.

    Texts of another domain are its own business.
    """
    return [
        _Asked(place, text, node)
        for place, node, name, keywords in _calls()
        if name.endswith(names)
        if "translation_domain" not in keywords
        or _strings(keywords["translation_domain"]) == [INTEGRATION.name]
        for text in _strings(keywords.get(keyword))
    ]


@cache
def _all_strings() -> frozenset[str]:
    """Return every string of the integration's code, and the members of its enums.

    And what its YAML asks for.
    """
    found = set(_constants().values())
    for path in INTEGRATION.rglob("*.py"):
        for node in ast.walk(tree(path)):
            match node:
                case ast.Constant(value=str(text)):
                    found.add(text)
                case ast.ClassDef(bases=[_, *_], body=body):
                    found |= {
                        target.id.lower()
                        for statement in body
                        if isinstance(statement, ast.Assign)
                        for target in statement.targets
                        if isinstance(target, ast.Name)
                    }
    for path in INTEGRATION.glob("*.yaml"):
        found |= set(re.findall(r"translation_key: (\w+)", path.read_text("utf-8")))
    return frozenset(found)


def _is_word(part: ast.expr) -> bool:
    """Tell whether a part of f"..." is more than what joins names."""
    return isinstance(part, ast.Constant) and len(str(part.value).strip("_")) > 2


@cache
def _put_together() -> re.Pattern[str]:
    """Return what the strings look like that the code puts together with f"..."."""
    found = {
        "".join(
            re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"\w+"
            for part in node.values
        )
        for path in _SIDE
        for node in ast.walk(tree(path))
        if isinstance(node, ast.JoinedStr)
        and any(_is_word(part) for part in node.values)
    }
    return re.compile("|".join(sorted(found)) or r"(?!)")


# --- Code -> texts

_ERRORS = ("Error", "Exception", "NotReady", "AuthFailed", "UpdateFailed")


def test_each_exception_has_its_message_and_what_the_message_names() -> None:
    messages = _section("exceptions")
    for place, key, node in _asked("translation_key", *_ERRORS):
        assert key in messages, place
        given = next(
            (k.value for k in node.keywords if k.arg == "translation_placeholders"),
            None,
        )
        named = set(_PLACEHOLDER.findall(messages[key]["message"]))
        if isinstance(given, ast.Dict):
            known = {text for k in given.keys for text in _strings(k)}
            assert named <= known, f"{place}: {key}"
        elif given is None:
            assert not named, f"{place}: {key}"


def test_each_error_that_is_shown_is_translated() -> None:
    """None is in English alone; that of a schema has no other place for its words."""
    shown = ("HomeAssistantError", "ServiceValidationError", *_ERRORS[2:])
    for place, _, name, keywords in _calls():
        if name in shown or (name.startswith("ConfigEntry") and name.endswith(_ERRORS)):
            domain = _strings(keywords.get("translation_domain"))
            assert domain == [INTEGRATION.name], place
            assert "translation_key" in keywords, place


def test_each_repair_issue_has_itstexts() -> None:
    for place, key, call in _asked("translation_key", "async_create_issue"):
        if len(call.args) > 1 and _strings(call.args[1]) == ["homeassistant"]:
            continue
        assert key in _section("issues"), place
        assert _section("issues", key)["title"], place


def test_each_choice_of_a_selector_has_itstexts() -> None:
    for place, key, _ in _asked("translation_key", "SelectorConfig"):
        assert _section("selector", key).get("options"), place


def test_each_entity_has_its_name() -> None:
    described = _asked("translation_key", "EntityDescription")
    for place, key, _ in described:
        platform = place.split(".py")[0]
        assert key in _section("entity", platform), place
    for path in _SIDE:
        for node in ast.walk(tree(path)):
            match node:
                case ast.Assign(targets=[ast.Name("_attr_translation_key")]):
                    # An entity named as its device is may have the key for its icon only.
                    known = _section("entity", path.stem) | _icons().get(path.stem, {})
                    for key in _strings(node.value):
                        assert key in known, f"{path.name}:{node.lineno}"


def test_each_step_of_a_flow_has_itstexts() -> None:
    known = {step for part in _flow_parts("step") for step in part}
    for place, step, _ in [
        *_asked("step_id", "async_show_form", "async_show_menu"),
    ]:
        assert step in known, place


def test_each_progress_of_a_flow_has_its_text() -> None:
    known = {action for part in _flow_parts("progress") for action in part}
    for place, action, _ in _asked("progress_action", "async_show_progress"):
        assert action in known, place


def test_each_end_of_a_flow_has_its_text() -> None:
    known = {reason for part in _flow_parts("abort") for reason in part}
    for place, reason, _ in _asked("reason", "async_abort", "AbortFlow"):
        assert reason in known | _ABORTS_OF_HOME_ASSISTANT, place


def test_each_error_of_a_form_has_its_text() -> None:
    known = {error for part in _flow_parts("error") for error in part}
    for path in _SIDE:
        for node in ast.walk(tree(path)):
            match node:
                case ast.Assign(
                    targets=[ast.Subscript(value=ast.Name("errors"))], value=value
                ):
                    shown = [value]
                case (
                    ast.Assign(
                        targets=[ast.Name("errors")], value=ast.Dict(values=values)
                    )
                    | ast.keyword(arg="errors", value=ast.Dict(values=values))
                ):
                    shown = values
                case _:
                    continue
            for error in (text for value in shown for text in _strings(value)):
                assert error in known, f"{path.name}: {error}"


# --- Texts -> code

# Where in en.json a name stands that the code must know: "*" is any key, "@" is the name.
_NAMES = [
    "config.step.@",
    "config.step.*.data.@",
    "config.step.*.menu_options.@",
    "config.step.*.sections.@",
    "config.step.*.sections.*.data.@",
    "config.error.@",
    "config.abort.@",
    "config.progress.@",
    "options.step.@",
    "options.step.*.data.@",
    "options.step.*.sections.@",
    "options.step.*.sections.*.data.@",
    "options.error.@",
    "options.abort.@",
    "config_subentries.@",
    "config_subentries.*.step.@",
    "config_subentries.*.step.*.data.@",
    "config_subentries.*.step.*.sections.@",
    "config_subentries.*.step.*.sections.*.data.@",
    "config_subentries.*.error.@",
    "config_subentries.*.abort.@",
    "entity.*.@",
    "entity.*.*.state.@",
    "entity.*.*.state_attributes.@",
    "entity.*.*.state_attributes.*.state.@",
    "common.@",
    "exceptions.@",
    "issues.@",
    "issues.*.fix_flow.step.@",
    "issues.*.fix_flow.step.*.menu_options.@",
    "issues.*.fix_flow.abort.@",
    "selector.@",
    "selector.*.options.@",
    "services.@",
    "services.*.fields.@",
    "system_health.info.@",
    "triggers.@",
    "conditions.@",
]


def _named(pattern: str) -> Iterator[str]:
    """Yield the names in en.json at a place of the list above."""
    parts: list[dict[str, Any]] = [texts()]
    for key in pattern.split(".")[:-1]:
        parts = [
            child
            for part in parts
            for name, child in part.items()
            if key in {"*", name} and isinstance(child, dict)
        ]
    for part in parts:
        yield from part


@pytest.mark.parametrize("pattern", _NAMES)
def test_each_text_is_asked_for(pattern: str) -> None:
    steps = {
        node.name.removeprefix("async_step_")
        for path in _SIDE
        for node in ast.walk(tree(path))
        if isinstance(node, ast.AsyncFunctionDef)
    }
    unused = {
        name
        for name in set(_named(pattern)) - _all_strings() - steps
        if not _put_together().fullmatch(name)
    }
    if pattern.endswith("abort.@"):
        # Home Assistant's own methods end a flow so, with texts of ours.
        unused -= {"already_configured", "unique_id_mismatch"}
        unused -= _ABORTS_OF_HOME_ASSISTANT
    if pattern == "entity.*.*.state.@":
        unused -= {"on", "off"}  # Home Assistant's own, of a binary sensor
    if pattern == "entity.*.*.state_attributes.@":
        unused -= {"event_type"}  # Home Assistant's own, of an event
    assert unused == set()


def test_a_description_belongs_to_a_field() -> None:
    for key in flat(texts()):
        if ".data_description." in key:
            field = key.replace(".data_description.", ".data.")
            assert field in flat(texts()), key


def test_each_field_of_a_form_is_explained() -> None:
    for steps in _flow_parts("step"):
        for name, step in steps.items():
            for part in (step, *step.get("sections", {}).values()):
                explained = part.get("data_description", {})
                assert set(explained) == set(part.get("data", {})), name


def test_icons_belong_to_entities_and_their_states() -> None:
    for platform, entities in _icons().items():
        for name, icon in entities.items():
            assert name in _all_strings() or _put_together().fullmatch(name), (
                f"{platform}.{name}"
            )
            states = set(_section("entity", platform, name).get("state", {}))
            assert set(icon.get("state", {})) <= states | {"on", "off"}, name
