"""The control socket: newline-delimited JSON requests, each with one reply.

A request is {"do": NAME, ...arguments}; the reply {"ok": true, "result": ...} or
{"ok": false, "error": TEXT}. The names are the methods `do_...` below; `client.py` has a
typed method for each.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
import json
from pathlib import Path
import re
from typing import TYPE_CHECKING

from .errors import AtError
from .observations import Json, Phase, State, to_json
from .settings import as_text

if TYPE_CHECKING:
    from .process import Process

type Arguments = dict[str, Json]


class ControlError(Exception):
    """A request that can't be met."""


# Whatever a wrong request can raise is its reply, not the process's end
_REFUSED = (
    ControlError,
    AtError,
    AttributeError,
    KeyError,
    TypeError,
    ValueError,
    re.error,
)


class ControlServer:
    """Answers requests about one process's modem."""

    def __init__(self, process: Process) -> None:
        """`process` holds the modem."""
        self._process = process
        self._modem = process.modem
        self._server: asyncio.Server | None = None
        self._path: Path | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, path: Path) -> None:
        """Listen on a unix socket."""
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, path)
        self._path = path

    async def stop(self) -> None:
        """Remove the socket."""
        if self._server is not None:
            self._server.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        for task in self._tasks:
            task.cancel()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._reply(line)).encode() + b"\n")
                await writer.drain()
        except OSError, asyncio.CancelledError:
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _reply(self, line: bytes) -> Json:
        try:
            request = json.loads(line)
            method: Callable[[Arguments], Json | Awaitable[Json]]
            method = getattr(self, f"do_{request.pop('do')}")
            result = method(request)
            if isinstance(result, Awaitable):
                result = await result
        except _REFUSED as error:
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}
        return {"ok": True, "result": result}

    # What is and was

    def do_state(self, _: Arguments) -> Json:
        """Everything as it is now."""
        modem = self._modem
        mail, preferences = modem.mail, modem.preferences
        cfg = mail.settings
        state = State(
            profile=modem.profile.name,
            phase=modem.console.phase,
            uptime=modem.journal.uptime(),
            boot=modem.journal.boot,
            session=modem.journal.session,
            host_present=self._process.endpoint.host_present(),
            heard=modem.console.heard,
            echo=preferences.echo,
            quiet=preferences.quiet,
            verbose=preferences.verbose,
            cmee=preferences.cmee,
            baud=preferences.baud,
            dtr=preferences.dtr,
            urcport=modem.settings.urcport,
            registration=modem.radio.status,
            sim=modem.sim.status.value,
            clock=modem.clock.utc().isoformat(),
            sending=mail.sending,
            contexts=modem.packet.seen(),
            files=modem.files.seen(),
            free_bytes=modem.files.free(),
            smtp={
                "username": cfg.username,
                "password": cfg.password,
                "sender_name": cfg.sender_name,
                "sender_address": cfg.sender_address,
                "server": cfg.server,
                "port": str(cfg.port),
                "contextid": str(cfg.context),
                "sslctxid": str(cfg.ssl_context),
                "ssltype": str(cfg.ssl_type.value),
                "bodyoriginal": str(int(cfg.body_original)),
            },
            tls=modem.tls.seen(),
            recipients=tuple((r.kind.value, r.address) for r in mail.draft.recipients),
            subject=(mail.draft.subject_charset.value, mail.draft.subject),
            body=mail.draft.body,
            attachments=tuple(sorted(mail.draft.attachments.items())),
            settings=as_text(modem.settings),
        )
        return to_json(state)

    def do_commands(self, _: Arguments) -> Json:
        """Command lines."""
        return to_json(self._modem.journal.commands)

    def do_transfers(self, _: Arguments) -> Json:
        """Data modes."""
        return to_json(self._modem.journal.transfers)

    def do_strays(self, _: Arguments) -> Json:
        """Lost bytes."""
        return to_json(self._modem.journal.strays)

    def do_deliveries(self, _: Arguments) -> Json:
        """Sendings."""
        return to_json(self._modem.journal.deliveries)

    def do_forget(self, _: Arguments) -> Json:
        """Empty the records."""
        self._modem.journal.forget()
        return None

    # Waiting

    async def do_wait_command(self, given: Arguments) -> Json:
        """Wait for the `count`th command line in which `pattern` is found."""
        pattern = re.compile(_text(given, "pattern"), re.IGNORECASE)
        count, journal = int(_number(given, "count")), self._modem.journal

        def found() -> list[Json]:
            return [to_json(c) for c in journal.commands if pattern.search(c.line)]

        await self._wait(lambda: len(found()) >= count, given)
        return found()[count - 1]

    async def do_wait_deliveries(self, given: Arguments) -> Json:
        """Wait for `count` sendings."""
        count, journal = int(_number(given, "count")), self._modem.journal
        await self._wait(lambda: len(journal.deliveries) >= count, given)
        return to_json(journal.deliveries)

    async def do_wait_phase(self, given: Arguments) -> Json:
        """Wait for a phase."""
        phase = Phase(_text(given, "phase"))
        await self._wait(lambda: self._modem.console.phase is phase, given)
        return None

    async def do_wait_data(self, given: Arguments) -> Json:
        """Wait until that many bytes of a data mode have come."""
        wanted = _number(given, "bytes")
        await self._wait(lambda: self._modem.console.data_count >= wanted, given)
        return None

    async def do_wait_stray(self, given: Arguments) -> Json:
        """Wait until that many bytes were lost since the records were empty."""
        wanted, journal = _number(given, "bytes"), self._modem.journal
        await self._wait(
            lambda: sum(len(stray.data) for stray in journal.strays) >= wanted, given
        )
        return None

    async def do_wait_heard(self, given: Arguments) -> Json:
        """Wait until that many bytes in all have come from the host."""
        wanted = _number(given, "bytes")
        await self._wait(lambda: self._modem.console.heard >= wanted, given)
        return None

    async def do_wait_plugged(self, given: Arguments) -> Json:
        """Wait until the port can be opened."""
        await self._wait(lambda: self._process.plugged, given)
        return None

    async def do_wait_silence(self, given: Arguments) -> Json:
        """Wait until the host has sent nothing for so long."""
        wanted = _number(given, "seconds")
        while (left := wanted - self._modem.console.silent_for) > 0:
            await asyncio.sleep(left)
        return None

    async def do_wait_idle(self, given: Arguments) -> Json:
        """Wait until commands are taken, no email is sent, all output has left."""
        modem = self._modem

        def idle() -> bool:
            takes_commands = modem.console.phase is Phase.COMMAND
            return takes_commands and not modem.mail.sending and modem.wire.idle

        async with asyncio.timeout(_number(given, "timeout")):
            while not idle():
                await asyncio.sleep(0.002)
        return None

    async def _wait(self, holds: Callable[[], bool], given: Arguments) -> None:
        timeout = _number(given, "timeout")
        if not await self._modem.journal.wait_until(holds, timeout):
            raise ControlError(f"did not happen within {timeout} s")

    # What happens

    def do_fault(self, given: Arguments) -> Json:
        """Arm a fault."""
        from .process import fault_from_json  # noqa: PLC0415 - process imports us

        return self._modem.faults.arm(fault_from_json(given["fault"]))

    def do_clear_faults(self, _: Arguments) -> Json:
        """Disarm all."""
        self._modem.faults.clear()
        return None

    def do_fault_strikes(self, given: Arguments) -> Json:
        """How often a fault struck."""
        return self._modem.faults.strikes(int(_number(given, "number")))

    def do_set(self, given: Arguments) -> Json:
        """Change a setting."""
        self._modem.set(_text(given, "name"), _text(given, "value"))
        return None

    def do_host(self, given: Arguments) -> Json:
        """Make a name known with its ports, or unknown."""
        name, ports = _text(given, "name"), given.get("ports")
        self._modem.names.remove(name)
        if isinstance(ports, dict):
            self._modem.names.add(name)
            for asked, real in ports.items():
                self._modem.names.map_port(f"{name}:{asked}={real}")
        return None

    def do_urc(self, given: Arguments) -> Json:
        """Send a result code."""
        self._modem.urc(_text(given, "text"))
        return None

    def do_inject(self, given: Arguments) -> Json:
        """Send bytes."""
        self._modem.wire.write(_text(given, "data").encode("latin-1"))
        return None

    def do_pdpdeact(self, given: Arguments) -> Json:
        """The network takes a context away."""
        self._modem.packet.network_deactivates(int(_number(given, "cid")))
        return None

    def do_drift(self, given: Arguments) -> Json:
        """A context's bearer goes unnoticed."""
        self._modem.packet.drift(int(_number(given, "cid")))
        return None

    def do_reboot(self, _: Arguments) -> Json:
        """Start anew."""
        self._modem.reboot()
        return None

    def do_power_off(self, _: Arguments) -> Json:
        """Lose power."""
        self._modem.power_off()
        return None

    def do_silence(self, given: Arguments) -> Json:
        """Fall silent."""
        self._modem.silence(_number(given, "seconds"))
        return None

    def do_speak(self, _: Arguments) -> Json:
        """End a silence."""
        self._modem.speak()
        return None

    def do_hangup(self, given: Arguments) -> Json:
        """Take the port away."""
        self._modem.hangup(_number(given, "seconds"))
        return None

    def do_plug(self, given: Arguments) -> Json:
        """Bring the port back, perhaps under another link."""
        if isinstance(link := given.get("link"), str):
            self._process.unplug()
            self._process.move(Path(link))
        self._process.plug()
        return to_json(self._process.ready())

    def do_dtr(self, given: Arguments) -> Json:
        """Move DTR."""
        if not given["level"]:
            self._modem.console.dtr_drops()
        return None

    def do_put_file(self, given: Arguments) -> Json:
        """Put a file into the store."""
        files = self._modem.files
        with suppress(KeyError):
            files.put(
                files.full_name(_text(given, "name")),
                _text(given, "data").encode("latin-1"),
            )
        return None


def _text(given: Arguments, name: str) -> str:
    value = given[name]
    if not isinstance(value, str):
        raise ControlError(f"{name} is a text")
    return value


def _number(given: Arguments, name: str) -> float:
    value = given[name]
    if not isinstance(value, int | float):
        raise ControlError(f"{name} is a number")
    return value
