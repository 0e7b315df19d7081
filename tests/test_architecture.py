"""Imports point one way: Home Assistant side -> delivery -> modem."""

from pathlib import Path
import sys

import pytest

from tests.source import INTEGRATION, PACKAGE, ROOT, imports

_ROOMS = ("modem", "delivery")

# What each room may import beside itself: of this integration, and of other packages. None
# stands for whatever is installed.
_MAY_IMPORT: dict[str, tuple[set[str], set[str] | None]] = {
    "modem": (set(), {"serialx"}),
    "delivery": ({"modem"}, set()),
    "Home Assistant": ({"modem", "delivery"}, None),
}


def _room(name: tuple[str, ...]) -> str:
    """Return the room that a module of the integration, or a thing in it, belongs to."""
    inside = name[len(PACKAGE) :]
    return inside[0] if inside and inside[0] in _ROOMS else "Home Assistant"


def _strangers(path: Path) -> list[str]:
    """Describe the imports of a file that its room may not have."""
    room = _room(path.relative_to(ROOT).parts)
    rooms, packages = _MAY_IMPORT[room]
    found = []
    for node, name in imports(path):
        if name[: len(PACKAGE)] == PACKAGE:
            allowed = _room(name) in {room, *rooms}
        elif packages is None:
            allowed = name[0] != "tests"
        else:
            allowed = name[0] in packages or name[0] in sys.stdlib_module_names
        if not allowed:
            found.append(f"{path.relative_to(ROOT)}:{node.lineno} {'.'.join(name)}")
    return found


@pytest.mark.parametrize("room", [*_ROOMS, "."])
def test_a_room_imports_only_what_lies_below_it(room: str) -> None:
    folder = INTEGRATION / room
    files = folder.glob("*.py") if room == "." else folder.rglob("*.py")
    assert [stranger for path in files for stranger in _strangers(path)] == []


@pytest.mark.parametrize("room", _ROOMS)
def test_a_room_does_not_know_the_name_of_the_house(room: str) -> None:
    """It could be published as it stands: inside, imports are relative."""
    absolute = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (INTEGRATION / room).rglob("*.py")
        for node, name in imports(path)
        if name[: len(PACKAGE)] == PACKAGE and getattr(node, "level", 0) == 0
    ]
    assert absolute == []


def test_the_virtual_modem_shares_no_code_with_what_it_tests() -> None:
    """Else a misreading of the vendor's manual would be right on both sides."""
    shared = [
        f"{path.relative_to(ROOT)}:{node.lineno} {'.'.join(name)}"
        for path in (ROOT / "tests" / "virtual_modem").rglob("*.py")
        for node, name in imports(path)
        if name[0] in {"custom_components", "homeassistant"}
    ]
    assert shared == []


@pytest.mark.parametrize(
    ("place", "line", "allowed"),
    [
        ("modem/x.py", "from .at import AtChannel", True),
        ("modem/x.py", "import asyncio, serialx", True),
        ("modem/x.py", "from ..const import DOMAIN", False),
        ("modem/x.py", "from .. import delivery", False),
        ("modem/x.py", "def f():\n    import homeassistant.core", False),
        ("modem/x.py", "import voluptuous as vol", False),
        ("delivery/x.py", "from ..modem import Modem", True),
        ("delivery/x.py", "from .. import modem", True),
        ("delivery/x.py", "from ..coordinator import Coordinator", False),
        ("delivery/x.py", "import serialx", False),
        ("x.py", "from .delivery.courier import Courier", True),
        ("x.py", "from homeassistant.core import HomeAssistant", True),
        ("x.py", "from tests.plugin import LOOPBACK", False),
    ],
)
def test_a_wrong_import_is_found(
    place: str,
    line: str,
    allowed: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path.joinpath(*PACKAGE, place)
    path.parent.mkdir(parents=True)
    path.write_text(line)
    monkeypatch.setattr("tests.source.ROOT", tmp_path)
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    assert (_strangers(path) == []) is allowed
