"""A modem and a mail server that survive whatever happens to the courier's process."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
import re
from typing import Any

from custom_components.quectel_smtp.delivery.email import new_reference
from custom_components.quectel_smtp.delivery.records import State, Way
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.profiles import MailClient
from tests.virtual_modem.tests.mail_server import MailServer

from .points import Point
from .process import EngineProcess, Heard
from .rig import HOST, REPEAT, Plan

BODY = "The basement is under water.\n" * 100
"""Long enough to be written in several pieces."""
TO = ("a@example.com",)

_REFERENCE = re.compile(r"^Ref: (\w+)\s*$", re.MULTILINE)
_ENDS = frozenset(state.value for state in State if not state.waiting)
# Waiting is done in the processes; this is only how often we look.
_LOOK = 0.01
_PATIENCE = 90.0


@dataclass(frozen=True, slots=True)
class Route:
    """By which way emails go, and which program is behind the modem's mail commands."""

    mail_client: MailClient = MailClient.NOTE
    way: Way = Way.MODULE


@dataclass(slots=True)
class Mailbox:
    """What the server accepted: for each reference, whether each copy was marked."""

    server: MailServer
    texts: list[str] = field(default_factory=list)
    """What ``copies`` has read: subject and body of each email."""
    _read: int = 0
    _copies: dict[str, list[bool]] = field(default_factory=dict)

    def copies(self) -> Mapping[str, list[bool]]:
        """Return the copies so far."""
        received = self.server.received
        while self._read < len(received):
            text = text_of(received[self._read].original_content or b"")
            self.texts.append(text)
            self._read += 1
            for reference in _REFERENCE.findall(text):
                self._copies.setdefault(reference, []).append(REPEAT in text)
        return self._copies


def text_of(content: bytes) -> str:
    """Return an email's subject and text."""
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    text = message.get_body(("plain",))
    assert isinstance(text, EmailMessage)
    return f"{message['Subject']}\n{text.get_content()}"


def attached_to(content: bytes) -> list[bytes]:
    """Return what is attached to an email."""
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return [bytes(part.get_content()) for part in message.iter_attachments()]


class Scene:
    """A virtual modem, a mail server, a database, and one courier at a time."""

    def __init__(self, server: MailServer, virtual: VirtualModem, plan: Plan) -> None:
        """Use ``scene``."""
        self.server = server
        self.virtual = virtual
        self.plan = plan
        self.mailbox = Mailbox(server)
        self.accepted: set[str] = set()
        """References whose acceptance was told."""
        self.offered: dict[str, str] = {}
        """Subjects by reference, also of those that may not have been accepted."""
        self.transitions: list[dict[str, Any]] = []
        """Of the processes that have ended."""
        self.engine: EngineProcess | None = None
        self._time = plan.start

    # The courier's process.

    async def start(
        self,
        point: Point | None = None,
        nth: int = 1,
        delay: float = 0.0,
        **changes: Any,
    ) -> EngineProcess:
        """Start it, after the one before has ended."""
        assert self.engine is None
        plan = replace(self.plan, start=self._time, **changes)
        self.engine = await EngineProcess.start(plan, point, nth, delay)
        return self.engine

    async def end(self, *, kill: bool = False) -> None:
        """Stop it, or kill it, and keep what it said."""
        engine, self.engine = self.engine, None
        if engine is None:
            return
        if kill or engine.dead:
            await engine.kill()
        else:
            await engine.stop()
        self.transitions += engine.heard.transitions
        # Its clock went on after it was last heard of; never mind by how much.
        self._time = max(self._time, engine.heard.at) + 1

    async def submit(
        self, subject: str, body: str = BODY, to: tuple[str, ...] = TO, **more: Any
    ) -> str:
        """Have an email accepted; returns its reference.

        No two subjects are the same, or the emails would be merged.
        """
        assert self.engine is not None
        reference = new_reference()
        subject = f"{subject} {len(self.offered) + 1}"
        self.offered[reference] = subject
        await self.engine.ask(
            "submit",
            subject=subject,
            body=body,
            to=list(to),
            reference=reference,
            recipient="Somebody",
            **more,
        )
        self.accepted.add(reference)
        return reference

    # What became of it all.

    def shown(self) -> list[dict[str, Any]]:
        """Return every transition that was shown, of all processes."""
        now = [] if self.engine is None else self.engine.heard.transitions
        return [*self.transitions, *now]

    def ends(self) -> dict[str, set[str]]:
        """Return the ends that were shown, by reference."""
        ends: dict[str, set[str]] = {}
        for transition in self.shown():
            if transition["state"] in _ENDS:
                ends.setdefault(transition["reference"], set()).add(transition["state"])
        return ends

    async def until_over(self, *references: str, patience: float = _PATIENCE) -> None:
        """Wait until these emails, by default all that there are, have their end."""
        assert self.engine is not None

        def over(heard: Heard) -> bool:
            # Nor does one wait that was accepted, and whose sender was never told.
            told = self.accepted <= self.ends().keys()
            return told and heard.status.get("waiting") == 0

        if references:
            wanted = set(references)
            await self.engine.until(lambda _: wanted <= self.ends().keys(), patience)
        else:
            await self.engine.until(over, patience)

    async def until_delivered(self, copies: int) -> None:
        """Wait until the server has accepted so many emails."""
        async with asyncio.timeout(_PATIENCE):
            while len(self.server.received) < copies:
                await asyncio.sleep(_LOOK)

    def check(
        self, *, repeats: int = 0, ends: frozenset[str] = frozenset({"sent"})
    ) -> Counter[str]:
        """Check that nothing was lost, and nothing doubled beyond so many repeats.

        A repeat is marked, and so there is one copy at most without the mark. An email
        whose acceptance was never told may be there or not. Returns figures.
        """
        copies, shown = self.mailbox.copies(), self.ends()
        assert copies.keys() <= self.offered.keys()
        lost = []
        for reference in self.accepted:
            end = shown.get(reference, set())
            assert len(end) == 1 and end <= ends, f"{reference} ended as {end or None}"
            if end == {"sent"} and not copies.get(reference):
                lost.append(reference)
        assert not lost, f"reported as sent, and never arrived: {lost}"
        for reference, marks in copies.items():
            assert marks.count(False) <= 1, f"{reference} came twice without a mark"
            assert len(marks) <= 2, f"{reference} came {len(marks)} times"
        figures = Counter(
            accepted=len(self.accepted),
            copies=sum(len(marks) for marks in copies.values()),
            repeats=sum(len(marks) - 1 for marks in copies.values()),
            marked=sum(sum(marks) for marks in copies.values()),
            lost=len(lost),
        )
        assert figures["repeats"] <= repeats, figures
        return figures


_BY_NOTE = Route()


@asynccontextmanager
async def scene(
    folder: Path,
    route: Route = _BY_NOTE,
    *,
    settings: Mapping[str, str | float] | None = None,
    time_scale: float = 0.01,
    mail_client: MailClient | None = None,
    **changes: Any,
) -> AsyncIterator[Scene]:
    """Set a scene; ``settings`` are the modem's, ``changes`` those of the plan.

    mail_client: that of the modem, in place of the route's
    """
    if mail_client is not None:
        route = replace(route, mail_client=mail_client)
    async with (
        MailServer() as server,
        VirtualModem(
            hosts={HOST: {25: server.port}},
            settings=settings,
            time_scale=time_scale,
            mail_client=route.mail_client,
            link=folder / "modem",
        ) as virtual,
    ):
        plan = Plan(folder / "outbox.db", virtual.port)
        plan = replace(plan, **changes)
        options = replace(plan.options, way=route.way)
        set_scene = Scene(server, virtual, replace(plan, options=options))
        try:
            yield set_scene
        finally:
            await set_scene.end(kill=True)
