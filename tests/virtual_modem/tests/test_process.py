"""The process: it says when it is ready, and leaves nothing behind."""

import json
import os
from pathlib import Path
import select
import signal
import socket
import subprocess
import sys

import pytest

from ... import programs
from ..client import VirtualModem, VirtualModemError
from ..observations import Phase
from .host import Host

_ROOT = Path(__file__).parents[3]
_PATIENCE = 60.0


def _run(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.virtual_modem", *arguments],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, None])
def test_it_ends_cleanly(tmp_path: Path, number: int | None) -> None:
    """On both signals, and when its parent's end of standard input closes."""
    link, control = tmp_path / "modem", tmp_path / "control"
    with _run(
        "--link", str(link), "--control", str(control), "--exit-with-parent"
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        ready = json.loads(process.stdout.readline())
        assert ready["port"] == str(link)
        assert str(link.readlink()) == ready["device"]
        if number is None:
            process.stdin.close()
        else:
            process.send_signal(number)
        assert process.wait(20) == 0
    assert not os.path.lexists(link)
    assert not control.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--set", "nonsense=1"],
        ["--set", "sim=lost"],
        ["--host", "a.b=not an address"],
        ["--map-port", "unknown.name:25=26"],
    ],
)
def test_what_makes_no_sense_is_refused(arguments: list[str]) -> None:
    """With a sentence on standard error, and no READY line."""
    with pytest.raises(VirtualModemError):
        VirtualModem(arguments=arguments).start()


STARTS_TWO = """
import sys
from tests.fork_server import ForkServer
from tests.virtual_modem.client import VirtualModem

modems = [VirtualModem().start() for _ in range(2)]
forks = ForkServer.running("tests.virtual_modem.forked")
print(*(modem.pid for modem in modems), forks.pid, flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("killed", [False, True])
def test_modems_end_with_whoever_started_them_and_so_does_what_forked_them(
    killed: bool,
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_TWO],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        assert starter.stdout is not None
        started = [os.pidfd_open(int(pid)) for pid in starter.stdout.readline().split()]
        assert len(started) == 3
        if killed:
            starter.kill()
    ended = select.poll()
    for pidfd in started:
        ended.register(pidfd, select.POLLIN)
        assert ended.poll(_PATIENCE * 1000)
        ended.unregister(pidfd)
        os.close(pidfd)


async def test_one_tcp_host_at_a_time() -> None:
    """The next one is served when the first has gone; data mode does not end."""
    async with VirtualModem(tcp=True) as modem:
        assert modem.port == f"socket://127.0.0.1:{modem.ready.tcp}"
        address = ("127.0.0.1", modem.ready.tcp)
        with socket.create_connection(address, 20) as first:
            first.sendall(b"ATE0\r")
            assert first.recv(100).startswith(b"ATE0\r")
            with socket.create_connection(address, 20) as second:
                assert second.recv(100) == b""
            first.sendall(b"AT+QSMTPBODY=0,4\r")
            await modem.wait_for_phase(Phase.DATA)
        with socket.create_connection(address, 20) as third:
            third.sendall(b"body")
            await modem.wait_for_phase(Phase.COMMAND)
        assert modem.transfers()[0].data == b"body"
        modem.hangup()
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(address, 20)
        modem.plug()
        socket.create_connection(address, 20).close()


def test_a_script_sets_the_scene(tmp_path: Path) -> None:
    """Settings, hosts, files and faults from a file."""
    script = tmp_path / "scene.json"
    script.write_text(
        json.dumps(
            {
                "settings": {"rssi": 9},
                "hosts": {"a.example.com": {"25": 1}},
                "files": {"ca.pem": "abc"},
                "faults": [{"action": "error", "command": "CSQ", "skip": 1}],
            }
        )
    )
    control = tmp_path / "control"
    with _run(
        "--script", str(script), "--control", str(control), "--exit-with-parent"
    ) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        with Host(ready["port"]) as host:
            host.command("ATE0")
            assert host.lines("AT+CSQ") == ["+CSQ: 9,99", "OK"]
            assert host.lines("AT+CSQ") == ["ERROR"]
            assert host.lines("AT+QFLST") == ['+QFLST: "UFS:ca.pem",3', "OK"]
        process.terminate()


@pytest.mark.parametrize("question", ["identify", "networkinfo"])
def test_gammu_takes_it_for_a_modem(tmp_path: Path, question: str) -> None:
    """A program that was written for real phones."""
    gammu = programs.require_program("gammu")
    with VirtualModem() as modem:
        settings = tmp_path / "gammurc"
        settings.write_text(f"[gammu]\ndevice = {modem.port}\nconnection = at115200\n")
        said = subprocess.run(
            [gammu, "-c", str(settings), question],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            env={**os.environ, "LC_ALL": "C"},
        ).stdout
    fields = {
        name.strip(): value.strip()
        for name, _, value in (line.partition(":") for line in said.splitlines())
    }
    if question == "identify":
        assert fields["Manufacturer"] == "Quectel"
        assert "EC200N-CN" in fields["Model"]
        assert fields["Firmware"] == "EC200NCNAAR03A05M16"
        assert fields["IMEI"] == "867730050000017"
    else:
        assert fields["Network state"] == "home network"
        assert fields["GPRS"] == "attached"
