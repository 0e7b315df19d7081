"""No program outlives whoever started it."""

import asyncio
from pathlib import Path
import signal
import sys

import pytest

LEASH = Path(__file__).with_name("leash.py")

# A program that is deaf to SIGTERM, with a child that is, too. Both hold standard output.
STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.fork()
os.write(1, b"ready\\n")
while True:
    time.sleep(60)
"""

# Someone who starts a program on a leash, and waits for it.
OWNER = """
import subprocess, sys
subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE).wait()
"""


type Process = asyncio.subprocess.Process


async def leashed(grace: float, program: str, *, owned: bool = False) -> Process:
    """Start a program on a leash, by an owner of its own or by us."""
    command = [sys.executable, str(LEASH), str(grace), sys.executable, "-c", program]
    if owned:
        command = [sys.executable, "-c", OWNER, *command]
    return await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )


async def both_are_ready(process: Process) -> None:
    """Wait until the stubborn program and its child run."""
    assert process.stdout is not None
    for _ in range(2):
        assert await process.stdout.readline() == b"ready\n"


async def all_have_ended(process: Process) -> None:
    """Wait until nobody holds standard output."""
    assert process.stdout is not None
    async with asyncio.timeout(30):
        await process.stdout.read()
        await process.wait()


async def test_a_program_that_ends_gives_its_exit_status() -> None:
    process = await leashed(5, "raise SystemExit(7)")
    assert await process.wait() == 7


async def test_what_a_program_leaves_behind_ends_with_it() -> None:
    process = await leashed(
        5, "import os, time\nif os.fork() == 0: time.sleep(600)\nraise SystemExit(0)"
    )
    await all_have_ended(process)
    assert process.returncode == 0


async def test_a_program_ends_when_its_owner_lets_go() -> None:
    process = await leashed(0, STUBBORN)
    await both_are_ready(process)
    assert process.stdin is not None
    process.stdin.close()
    await all_have_ended(process)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_program_ends_when_its_leash_is_told_to(number: signal.Signals) -> None:
    process = await leashed(0, STUBBORN)
    await both_are_ready(process)
    process.send_signal(number)
    await all_have_ended(process)


async def test_a_program_is_killed_without_time_to_end_by_itself() -> None:
    process = await leashed(
        60,
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: print('ends', flush=True))\n"
        "print('ready', flush=True)\n"
        "while True: time.sleep(60)",
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGUSR1)
    async with asyncio.timeout(30):
        assert await process.stdout.read() == b""
        assert await process.wait() == 128 + signal.SIGKILL


async def test_a_program_ends_when_its_owner_is_killed() -> None:
    owner = await leashed(0, STUBBORN, owned=True)
    await both_are_ready(owner)
    owner.kill()
    await all_have_ended(owner)
