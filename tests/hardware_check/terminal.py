"""The check as a process of its own on a terminal, as a person starts it."""

from collections.abc import Mapping
import os
from pathlib import Path
import pty
import re
import select
import subprocess
import sys
from types import TracebackType
from typing import Self

from tests.source import INTEGRATION

from .scene import Reply

_PATIENCE = 60.0
# What the terminal belongs to is started as by a shell, and finds no Home Assistant. It
# waits as little for silence as "conftest" has it.
_START = """
import os, pathlib, runpy, sys, types
os.login_tty(int(sys.argv[1]))
sys.modules["homeassistant"] = None
sys.argv = sys.argv[2:]
house = types.ModuleType("quectel_smtp")
house.__path__ = [str(pathlib.Path(sys.argv[0]).parent)]
sys.modules["quectel_smtp"] = house
from quectel_smtp.modem.at import command_channel
from quectel_smtp.modem.recording import recorder
recorder._QUIET, command_channel._QUIET = 0.002, 0.03
runpy.run_path(sys.argv[0], run_name="__main__")
"""
_ASKING = re.compile(r"(?:: |\(y/N\) |see it\) )$")


class Terminal:
    """A terminal with the check in it; ``screen`` is all that was shown, echo included."""

    def __init__(self, *arguments: str) -> None:
        """Start it with these arguments."""
        self._end, other = pty.openpty()
        folder = str(INTEGRATION / "hardware_check")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, str(other), folder, *arguments],
            pass_fds=(other,),
            cwd=Path(arguments[-1]).parent,
        )
        os.close(other)
        self.screen = ""
        self._answered = 0

    def __enter__(self) -> Self:
        """Be there."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it, whatever it is at."""
        self._process.kill()
        self._process.wait()
        os.close(self._end)

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._end, text.encode())

    def answer(self, replies: Mapping[str, Reply]) -> None:
        """Answer what is asked, yes to what is not named, until it ends or says no more.

        A reply that raises ``StopIteration`` ends it without one.
        """
        while self._listen():
            # A question is the last paragraph of what was shown.
            asked = self.screen[self._answered :].rpartition("\r\n\r\n")[2]
            if _ASKING.search(asked):
                self._answered = len(self.screen)
                places = {asked.rfind(key): key for key in replies}
                found = replies[places[max(places)]] if max(places) >= 0 else "y"
                try:
                    self.type((found if isinstance(found, str) else found()) + "\n")
                except StopIteration:
                    return

    def finish(self) -> int:
        """Wait until it ends; return its exit status."""
        while self._listen():
            pass
        return self._process.wait(_PATIENCE)

    def _listen(self) -> bool:
        """Take what it shows; whether it runs on."""
        assert select.select([self._end], [], [], _PATIENCE)[0], self.screen
        try:
            shown = os.read(self._end, 65536)
        except OSError:
            return False
        self.screen += shown.decode("utf-8", "replace")
        return bool(shown)
