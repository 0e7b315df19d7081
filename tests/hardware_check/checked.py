"""Modems that were checked to the end, and what came of it."""

from collections.abc import Callable
from pathlib import Path
import re

from tests.virtual_modem.profiles import MailClient
from tests.virtual_modem.tests.host import Host

from .scene import scene


class Checked:
    """A modem that was checked with a yes to everything, and what came of it."""

    def __init__(self, folder: Path, client: MailClient, profile: str) -> None:
        """Check it."""
        with scene(folder, client, profile=profile) as found:
            self.owner = found.owner()
            self.report = found.report(self.owner)
            self.text = (folder / "report-1.txt").read_text("utf-8")
            self.sent = found.sent
            self.in_clear = [*found.plain.received]
            self.state = found.modem.state()
            with Host(found.modem.port) as host:
                counted = host.command("AT+QGDCNT?")
            self.data = sum(map(int, re.findall(r"\d+", counted)))


type Checking = Callable[..., Checked]
