"""Starts a real Home Assistant in a fresh configuration folder, for itself alone."""

import asyncio
from collections.abc import Sequence
import json
import os
from pathlib import Path
import secrets
import socket
import time
from types import TracebackType
from typing import Final, NoReturn, Self

import aiohttp

from .processes import ROOT, LeashedProgram, ProgramError, start_program

VENV: Final = ROOT / ".venv-ha"
HASS: Final = VENV / "bin" / "hass"

USER: Final = "demo"

_LOOPBACK: Final = "127.0.0.1"
_START_TIMEOUT: Final = 180
_LOOK_AGAIN: Final = 0.05
# It writes its state when it ends; nobody will read that.
_GRACE: Final = 10
_PORTS_TO_TRY: Final = 3

_CONFIGURATION: Final = """\
frontend:
logger:
  default: warning
  logs:
    custom_components.quectel_smtp: debug
    serialx: debug
"""

# Where a home is: what is not said, Home Assistant asks for as a repair.
_PLACE: Final = {
    "latitude": 52.0,
    "longitude": 13.0,
    "elevation": 0,
    "unit_system_v2": "metric",
    "location_name": "Home",
    "time_zone": "UTC",
    "external_url": None,
    "internal_url": None,
    "currency": "EUR",
    "country": "DE",
    "radius": 100,
}


class HomeAssistant:
    """A Home Assistant process for the length of an `async with` block."""

    def __init__(
        self,
        folder: Path,
        configuration: str = "",
        beside: Sequence[Path] = (),
        language: str = "en",
    ) -> None:
        """Run in `folder`: new, or one that a Home Assistant has left.

        configuration: YAML that a new one has beside what all have.
        beside: folders of components that a new one has beside ours.
        language: what a new one speaks where nobody looks, such as in emails.
        `start_times` are the seconds that each start took.
        """
        self.folder = folder
        self._configuration = _CONFIGURATION + configuration
        self._beside = beside
        self._language = language
        self.url = ""
        self.user = USER
        self.password = secrets.token_hex(4)
        self.start_times: list[float] = []
        self._program: LeashedProgram | None = None

    async def __aenter__(self) -> Self:
        """Start it; returns once its API answers."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        await self.stop()

    async def start(self) -> None:
        """Start it, for the first time or once more, with what is in its folder."""
        self._prepare()
        began = time.monotonic()
        for attempt in range(1, _PORTS_TO_TRY + 1):
            port = _free_port()
            try:
                await self._start(port)
            except _PortTakenError:
                await self.stop()
                if attempt == _PORTS_TO_TRY:
                    raise ProgramError(
                        "Home Assistant found no free port. Try once more."
                    ) from None
            except BaseException:
                await self.stop()
                raise
            else:
                break
        self.start_times.append(time.monotonic() - began)

    async def stop(self) -> None:
        """End it in order, as its own restart does."""
        if self._program is not None:
            await self._program.stop()

    async def kill(self) -> None:
        """End it as a power cut does: with no time for anything."""
        assert self._program is not None
        await self._program.kill()

    @property
    def output(self) -> Path:
        """What it says, its log included."""
        return self.folder / "output.log"

    async def wait(self) -> NoReturn:
        """Wait until it ends by itself, which it should not: raises ProgramError."""
        assert self._program is not None
        await self._program.wait()
        raise self._program.failure("Home Assistant has ended by itself:")

    def _prepare(self) -> None:
        storage = self.folder / ".storage"
        if storage.exists():
            return
        storage.mkdir(parents=True)
        (self.folder / "configuration.yaml").write_text(self._configuration, "utf-8")
        components = self.folder / "custom_components"
        if self._beside:
            components.mkdir()
            for folder in (*(ROOT / "custom_components").iterdir(), *self._beside):
                (components / folder.name).symlink_to(folder)
        else:
            components.symlink_to(ROOT / "custom_components")
        # All but the owner's account, which `api.py` makes as the first page would:
        # the other steps set up integrations that want the internet.
        done = ["core_config", "analytics", "integration"]
        _store(storage, "onboarding", 4, 1, {"done": done})
        place = {**_PLACE, "language": self._language}
        _store(storage, "core.config", 1, 4, place)

    async def _start(self, port: int) -> None:
        # 2026.11 keeps the server's settings here, and takes those in
        # configuration.yaml for a trial that it asks about and reverts. The environment
        # changes the port that it falls back on, so as not to take 8123 from another.
        settings = {
            "server_host": [_LOOPBACK],
            "server_port": port,
            "cors_allowed_origins": ["https://cast.home-assistant.io"],
            "login_attempts_threshold": -1,
            "ip_ban_enabled": False,
            "ssl_profile": "intermediate_v6",
            "use_x_frame_options": True,
            "created_at": "2026-11-01T00:00:00+00:00",
            "error": None,
            "error_message": None,
        }
        _store(
            self.folder / ".storage",
            "http",
            3,
            1,
            {"stable": settings, "pending": None, "yaml_migration_done": True},
        )
        self.url = f"http://{_LOOPBACK}:{port}"
        path = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        self._program = await start_program(
            "Home Assistant",
            [str(HASS), "--config", str(self.folder), "--log-no-color"],
            log=self.output,
            grace=_GRACE,
            environment={**os.environ, "PATH": path, "SETUP_PORT": str(port)},
        )
        try:
            async with asyncio.timeout(_START_TIMEOUT):
                await self._await_answer()
        except TimeoutError:
            raise self._program.failure(
                f"Home Assistant did not answer within {_START_TIMEOUT} seconds:"
            ) from None

    async def _await_answer(self) -> None:
        assert self._program is not None
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.get(f"{self.url}/manifest.json") as reply:
                        if reply.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                if not self._program.running:
                    if _port_is_taken(self.url):
                        raise _PortTakenError
                    raise self._program.failure("Home Assistant did not start:")
                await asyncio.sleep(_LOOK_AGAIN)


class _PortTakenError(Exception):
    """Someone else took the port between our choice and Home Assistant's start."""


def is_installed() -> bool:
    """Whether `scripts/setup --ha` has been run here."""
    return HASS.exists()


def _store(storage: Path, key: str, version: int, minor: int, data: object) -> None:
    content = {"version": version, "minor_version": minor, "key": key, "data": data}
    (storage / key).write_text(json.dumps(content), "utf-8")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _port_is_taken(url: str) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((_LOOPBACK, int(url.rpartition(":")[2])))
        except OSError:
            return True
        return False
