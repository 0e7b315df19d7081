"""What every run of pytest needs before it begins: bytecode, sockets, the option --long.

pyproject.toml loads this by name, which puts it ahead of the installed plugins. Hooks run
in the reverse order of loading: so this one's come after that of
pytest-homeassistant-custom-component, which closes the sockets of every test, and still
before the first fixture, of whatever scope.
"""

from asyncio import constants
from contextlib import suppress
import os
from pathlib import Path
import sys
import traceback

import pytest
import pytest_socket

from tests import confidential

# Many containers set this. A run starts hundreds of processes, workers, modems and Home
# Assistants, and each would compile all that it imports anew: most of what they do.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Every test's loop is in asyncio's debug mode, which finds calls from a wrong thread. It also
# keeps where each callback came from, ten frames deep, and each future and task with its whole
# stack, for which C code calls this function: two thirds of some tests' time.
constants.DEBUG_STACK_DEPTH = 2  # type: ignore[misc]  # not final for us
traceback.extract_stack.__defaults__ = (None, constants.DEBUG_STACK_DEPTH)

# Most that tests write is synced, as an outbox is. In memory that waits for no disk.
_MEMORY = Path("/dev/shm")  # noqa: S108  # pytest makes a folder there that is ours alone
_ROOM = 2_000_000_000
with suppress(OSError):
    found = os.statvfs(_MEMORY)
    if found.f_bavail * found.f_frsize > _ROOM and not found.f_flag & os.ST_NOEXEC:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))

LOOPBACK = ["127.0.0.1", "::1"]

# Rooms whose tests talk to real processes. Those of the Home Assistant side may not open a
# socket, so that what slips past a mock is seen; one that must asks for "socket_enabled".
_TESTS = Path(__file__).parent
_ROOMS_WITH_SOCKETS = [
    _TESTS / room
    for room in (
        "modem",
        "delivery",
        "hardware_check",
        "virtual_modem",
        "end_to_end",
        "hostile",
    )
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --long."""
    parser.addoption(
        "--long",
        action="store_true",
        help="also run the tests marked long, which take minutes",
    )


def pytest_configure() -> None:
    """Listen to what is logged, from before anything is."""
    confidential.listen()


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Skip the long tests unless they were asked for."""
    if config.getoption("--long"):
        return
    skip = pytest.mark.skip(reason="takes minutes: run scripts/test --long")
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(skip)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Open the sockets, to this machine only, where the test's folder has use for them."""
    if any(
        item.path.is_relative_to(room) for room in _ROOMS_WITH_SOCKETS
    ) or "socket_enabled" in getattr(item, "fixturenames", ()):
        pytest_socket.enable_socket()
        pytest_socket.socket_allow_hosts(LOOPBACK, allow_unix_socket=True)
