"""Imports point one way: Home Assistant side -> delivery -> modem, and downwards in each."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
import sys

import pytest

from tests.source import INTEGRATION, PACKAGE, ROOT, imports, module_name, tree

# A place is a folder, or a file that stands for itself; what lies in none of those named is
# of the folder above. Each may import itself and the places in the lines above its own.
_LAYERS = (
    ("modem/at",),
    ("modem/network",),
    ("modem/boot", "modem/recording", "modem/tcp"),
    ("modem/mail",),
    ("modem/diagnosis",),
    ("modem/connection",),
    ("modem/data_connection",),
    ("modem/modem",),
    ("modem/service",),
    ("modem",),
    ("delivery",),
    ("delivery/client",),
    ("delivery/rules",),
    ("delivery/outbox",),
    ("delivery/courier",),
    ("attachments", "hardware_check"),
    (".",),
    ("flow",),
    ("entrances",),
)
_LAYER = {place: number for number, places in enumerate(_LAYERS) for place in places}

# What Home Assistant looks for: nobody else imports it.
_ENTRANCES = {
    "backup",
    "binary_sensor",
    "button",
    "condition",
    "config_flow",
    "diagnostics",
    "event",
    "logbook",
    "notify",
    "repairs",
    "sensor",
    "system_health",
    "trigger",
}

# Home Assistant's typed entry names what runs for it, and all of that takes the entry: a
# circle of types alone. Nothing is imported there when it runs.
_TYPES = (*PACKAGE, "runtime")

# Which packages a room may import beside the standard library; any, where it is not named.
_PACKAGES = {
    "modem": {"serialx"},
    "delivery": {"aiosmtplib", "certifi", "regex"},
    "hardware_check": set[str](),
}


def _place(name: tuple[str, ...]) -> str:
    """Return the place that a module of the integration, or a thing in it, belongs to."""
    inside = name[len(PACKAGE) :]
    for length in (2, 1):
        if (place := "/".join(inside[:length])) in _LAYER:
            return place
    shared = inside and (INTEGRATION / f"{inside[0]}.py").exists()
    # What is no file of its own is the integration's set-up, in its "__init__".
    return "." if shared and inside[0] not in _ENTRANCES else "entrances"


def _strangers(path: Path) -> list[str]:
    """Describe the imports of a file that its place may not have."""
    here = _place(module_name(path))
    packages = _PACKAGES.get(here.partition("/")[0])
    found = []
    for node, name in imports(path):
        if name[: len(PACKAGE)] == PACKAGE:
            there = _place(name)
            allowed = there == here or _LAYER[there] < _LAYER[here]
        elif packages is None:
            allowed = name[0] != "tests"
        else:
            allowed = name[0] in packages or name[0] in sys.stdlib_module_names
        if not allowed:
            found.append(f"{path.relative_to(ROOT)}:{node.lineno} {'.'.join(name)}")
    return found


def _circle(folder: Path) -> list[str]:
    """Return modules that import one another in a circle, those for types only, too."""
    files = {
        name: path
        for path in folder.rglob("*.py")
        if (name := module_name(path)) != _TYPES
    }
    graph = {
        module: {
            # "from x import y": y is a module, or a thing in x.
            target
            for _, name in imports(path)
            if (target := name if name in files else name[:-1]) in files
        }
        for module, path in files.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as err:
        return [".".join(module) for module in err.args[1]]
    return []


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that stands for the integration's."""
    monkeypatch.setattr("tests.source.ROOT", tmp_path)
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    return tmp_path.joinpath(*PACKAGE)


def _write(folder: Path, place: str, line: str) -> Path:
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(line)
    return path


def test_each_place_exists() -> None:
    places = [place for place in _LAYER if place not in {".", "entrances"}]
    missing = [
        place
        for place in [*places, *_ENTRANCES]
        if not (INTEGRATION / place).is_dir()
        and not (INTEGRATION / f"{place}.py").exists()
    ]
    assert missing == []


def test_each_folder_has_a_place() -> None:
    folders = {
        str(path.parent.relative_to(INTEGRATION))
        for path in INTEGRATION.rglob("__init__.py")
    }
    assert folders <= set(_LAYER)


@pytest.mark.parametrize(
    "room", ["modem", "delivery", "attachments", "hardware_check", "flow", "."]
)
def test_a_place_imports_only_what_lies_below_it(room: str) -> None:
    folder = INTEGRATION / room
    files = folder.glob("*.py") if room == "." else folder.rglob("*.py")
    assert [stranger for path in files for stranger in _strangers(path)] == []


def test_no_imports_run_in_a_circle() -> None:
    assert _circle(INTEGRATION) == []


def test_the_typed_entry_imports_what_runs_for_it_as_types_only() -> None:
    path = INTEGRATION.joinpath(*_TYPES[len(PACKAGE) :]).with_suffix(".py")
    at_run_time = [
        ast.unparse(node)
        for node in tree(path).body
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert at_run_time == []


@pytest.mark.parametrize("room", ["modem", "delivery", "hardware_check"])
def test_a_room_does_not_know_the_name_of_the_house(room: str) -> None:
    """It could be published as it stands: inside, imports are relative."""
    absolute = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (INTEGRATION / room).rglob("*.py")
        for node, name in imports(path)
        if name[: len(PACKAGE)] == PACKAGE and getattr(node, "level", 0) == 0
    ]
    assert absolute == []


def test_a_folder_says_what_lives_there_and_hands_nothing_on() -> None:
    for path in INTEGRATION.rglob("__init__.py"):
        if path.parent != INTEGRATION:
            (docstring,) = tree(path).body
            said = path.read_text("utf-8")
            assert "ay import" in said or "nothing of Home Assistant" in said, path
            assert docstring.lineno == 1


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
        # Between rooms.
        ("modem/x.py", "from .at.channel import AtChannel", True),
        ("modem/x.py", "import asyncio, serialx", True),
        ("modem/x.py", "from ..const import DOMAIN", False),
        ("modem/x.py", "from .. import delivery", False),
        ("modem/x.py", "def f():\n    import homeassistant.core", False),
        ("modem/x.py", "import voluptuous as vol", False),
        ("modem/mail/x.py", "from ...const import DOMAIN", False),
        ("modem/mail/x.py", "import homeassistant.core", False),
        ("delivery/x.py", "from ..modem.modem import Modem", True),
        ("delivery/x.py", "from .. import modem", True),
        ("delivery/x.py", "from ..coordinator import Coordinator", False),
        ("delivery/x.py", "import serialx", False),
        ("delivery/outbox/x.py", "import serialx", False),
        ("x.py", "from .delivery.courier.courier import Courier", True),
        ("x.py", "from homeassistant.core import HomeAssistant", True),
        ("x.py", "from tests.plugin import LOOPBACK", False),
        # Between the modem's folders.
        ("modem/at/x.py", "from .errors import ModemError", True),
        ("modem/at/x.py", "from ..network.pdp import PdpState", False),
        ("modem/network/x.py", "from ..at.channel import AtChannel", True),
        ("modem/network/x.py", "from ..boot.memory import Memory", False),
        ("modem/network/x.py", "from ..recording import masking", False),
        ("modem/boot/x.py", "from ..network import radio", True),
        ("modem/boot/x.py", "from ..recording import masking", False),
        ("modem/boot/x.py", "from ..mail import smtp", False),
        ("modem/recording/x.py", "from ..network import status", True),
        ("modem/recording/x.py", "from ..boot import memory", False),
        ("modem/recording/x.py", "from ..mail import smtp", False),
        ("modem/tcp/x.py", "from ..network import dns", True),
        ("modem/tcp/x.py", "from ..boot import memory", False),
        ("modem/boot/x.py", "from ..tcp.stream import TcpStream", False),
        ("modem/mail/x.py", "from ..boot.memory import Memory", True),
        ("modem/mail/x.py", "from ..connection import Connection", False),
        ("modem/connection.py", "from .mail.late_result import LateResult", True),
        ("modem/connection.py", "from .modem import Modem", False),
        ("modem/connection.py", "from . import modem", False),
        ("modem/data_connection.py", "from .connection import Connection", True),
        ("modem/data_connection.py", "from .modem import Modem", False),
        ("modem/modem.py", "from .data_connection import DataConnection", True),
        ("modem/modem.py", "from .service import unlock", False),
        ("modem/service.py", "from .modem import Modem", True),
        # Between the delivery's.
        ("delivery/records.py", "from .email import Email", True),
        ("delivery/records.py", "from .rules import storm", False),
        ("delivery/client/x.py", "import aiosmtplib, certifi", True),
        ("delivery/client/x.py", "from ..rules import policy", False),
        ("delivery/rules/x.py", "from ..records import Item", True),
        ("delivery/rules/x.py", "from ..outbox.outbox import Outbox", False),
        ("delivery/outbox/x.py", "from ..rules import storm", True),
        ("delivery/outbox/x.py", "from ..courier import pace", False),
        ("delivery/courier/x.py", "from ..outbox.outbox import Outbox", True),
        # On the Home Assistant side.
        ("attachments/x.py", "from ..modem.mail.attachments import Attachment", True),
        ("attachments/x.py", "from ..delivery.enclosures import Missing", True),
        ("attachments/x.py", "from ..const import DOMAIN", False),
        ("delivery/x.py", "from ..attachments.resolve import resolve", False),
        ("notify.py", "from .attachments.resolve import resolve", True),
        ("hardware_check/x.py", "from ..delivery.client.session import Step", True),
        ("hardware_check/x.py", "import voluptuous", False),
        ("hardware_check/x.py", "from ..const import DOMAIN", False),
        ("delivery/x.py", "from ..hardware_check import trials", False),
        ("coordinator.py", "from .flow.schemas import NOTHING", False),
        ("coordinator.py", "from .sensor import SENSORS", False),
        ("flow/x.py", "from ..runtime import QuectelConfigEntry", True),
        ("flow/x.py", "from ..config_flow import QuectelConfigFlow", False),
        ("flow/x.py", "from .. import async_setup_entry", False),
        ("config_flow.py", "from .flow.mail import MailSteps", True),
    ],
)
def test_a_wrong_import_is_found(
    place: str, line: str, allowed: bool, house: Path
) -> None:
    assert (_strangers(_write(house, place, line)) == []) is allowed


@pytest.mark.parametrize(
    ("lines", "circle"),
    [
        ({"a.py": "from .b import x", "b.py": "from .c import y"}, False),
        ({"a.py": "from .b import x", "b.py": "from .a import y"}, True),
        ({"a.py": "from . import b", "b.py": "def f():\n    from . import a"}, True),
        (
            {
                "a.py": "from .modem.b import x",
                "modem/b.py": "if TYPE_CHECKING:\n    from ..c import y",
                "c.py": "from . import a",
            },
            True,
        ),
        ({"__init__.py": "from .a import x", "a.py": "from . import y"}, True),
        ({"__init__.py": "from .a import x", "a.py": "from . import b"}, False),
    ],
)
def test_a_circle_is_found(lines: dict[str, str], circle: bool, house: Path) -> None:
    for place in ("b.py", "c.py"):
        _write(house, place, "")
    for place, line in lines.items():
        _write(house, place, line)
    assert bool(_circle(house)) is circle
