"""Each rule of Home Assistant's quality scale is answered, with a proof that exists."""

import ast
from collections.abc import Iterator
from functools import cache
import re
from typing import Any

import pytest

from homeassistant.util.yaml import load_yaml_dict

from .documents import anchors
from .source import INTEGRATION, ROOT, tree

# Bronze, silver, gold, platinum: what Home Assistant's own check knows.
_RULES = [
    "action-setup",
    "appropriate-polling",
    "brands",
    "common-modules",
    "config-flow",
    "config-flow-test-coverage",
    "dependency-transparency",
    "docs-actions",
    "docs-conditions",
    "docs-high-level-description",
    "docs-installation-instructions",
    "docs-removal-instructions",
    "docs-triggers",
    "entity-event-setup",
    "entity-unique-id",
    "has-entity-name",
    "runtime-data",
    "test-before-configure",
    "test-before-setup",
    "unique-config-entry",
    "action-exceptions",
    "config-entry-unloading",
    "docs-configuration-parameters",
    "docs-installation-parameters",
    "entity-unavailable",
    "integration-owner",
    "log-when-unavailable",
    "parallel-updates",
    "reauthentication-flow",
    "test-coverage",
    "devices",
    "diagnostics",
    "discovery",
    "discovery-update-info",
    "docs-data-update",
    "docs-examples",
    "docs-known-limitations",
    "docs-supported-devices",
    "docs-supported-functions",
    "docs-troubleshooting",
    "docs-use-cases",
    "dynamic-devices",
    "entity-category",
    "entity-device-class",
    "entity-disabled-by-default",
    "entity-translations",
    "exception-translations",
    "icon-translations",
    "reconfiguration-flow",
    "repair-issues",
    "stale-devices",
    "async-dependency",
    "inject-websession",
    "strict-typing",
]

_PROOF = re.compile(
    r"\b((?:README\.md|(?:custom_components|docs|scripts|tests)/[\w/.-]*\w))"
    r"(?:(::|#)([\w-]+))?"
)


@cache
def _answers() -> dict[str, dict[str, str]]:
    found: dict[str, Any] = load_yaml_dict(str(INTEGRATION / "quality_scale.yaml"))
    return dict(found["rules"])


@cache
def _tests(path: str) -> frozenset[str]:
    return frozenset(
        node.name
        for node in tree(ROOT / path).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    )


def _missing(comment: str) -> Iterator[str]:
    """Yield what a comment names as its proof and what is not there."""
    for path, sign, name in _PROOF.findall(comment):
        if (
            not (ROOT / path).is_file()
            or (sign == "::" and name not in _tests(path))
            or (sign == "#" and name not in anchors((ROOT / path).read_text("utf-8")))
        ):
            yield f"{path}{sign}{name}"


def test_each_rule_is_answered() -> None:
    assert len(_RULES) == 54
    assert set(_answers()) == set(_RULES)


@pytest.mark.parametrize("rule", _RULES)
def test_each_answer_names_a_proof_that_exists(rule: str) -> None:
    answer = _answers()[rule]
    assert set(answer) == {"status", "comment"}
    assert answer["status"] in {"done", "exempt"}
    assert answer["comment"].endswith(".")
    assert _PROOF.search(answer["comment"]), "say what shows it"
    assert list(_missing(answer["comment"])) == []


def test_a_rule_of_the_documentation_names_where_it_is_documented() -> None:
    for rule in _RULES:
        if rule.startswith("docs-"):
            named = {path for path, _, _ in _PROOF.findall(_answers()[rule]["comment"])}
            assert any(path.endswith(".md") for path in named), rule


@pytest.mark.parametrize(
    ("comment", "missing"),
    [
        ("Seen (tests/test_quality_scale.py::test_each_rule_is_answered).", []),
        ("Both (scripts/test, README.md#installation).", []),
        ("Not one (tests/test_nothing.py).", ["tests/test_nothing.py"]),
        (
            "No test (tests/source.py::test_x, README.md#no-such-place).",
            ["tests/source.py::test_x", "README.md#no-such-place"],
        ),
    ],
)
def test_a_proof_that_is_not_there_is_found(comment: str, missing: list[str]) -> None:
    assert list(_missing(comment)) == missing
