"""Follows the states of all entities, so that a change can be waited for."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from .api import HomeAssistantApi, Subscription


@dataclass(slots=True)
class EntityState:
    """What an entity shows."""

    state: str
    attributes: dict[str, Any] = field(default_factory=dict)


class States:
    """All entities as Home Assistant reports them, for an `async with` block."""

    def __init__(self, api: HomeAssistantApi) -> None:
        """Ask `api`."""
        self._api = api
        self._states: dict[str, EntityState] = {}
        self._changed = asyncio.Condition()
        self._follower: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Learn all states, and follow them from here."""
        reports = await self._api.subscribe("subscribe_entities")
        self._take(await reports.get())
        self._follower = asyncio.create_task(self._follow(reports))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Follow no more."""
        if self._follower is not None:
            self._follower.cancel()
            with suppress(asyncio.CancelledError):
                await self._follower

    def __getitem__(self, entity_id: str) -> EntityState:
        """What an entity shows now."""
        return self._states[entity_id]

    async def until(
        self, entity_id: str, wanted: Callable[[EntityState], bool] = lambda _: True
    ) -> EntityState:
        """Wait until an entity is there and shows what is wanted."""

        def found() -> bool:
            state = self._states.get(entity_id)
            return state is not None and wanted(state)

        async with self._changed:
            await self._changed.wait_for(found)
            return self._states[entity_id]

    async def _follow(self, reports: Subscription) -> None:
        while True:
            report = await reports.get()
            async with self._changed:
                self._take(report)
                self._changed.notify_all()

    def _take(self, report: dict[str, Any]) -> None:
        """Apply one report: a(dded), c(hanged) by + and -, r(emoved)."""
        for entity_id, shown in report.get("a", {}).items():
            self._states[entity_id] = EntityState(shown["s"], dict(shown["a"]))
        for entity_id, change in report.get("c", {}).items():
            present = self._states[entity_id]
            for name in change.get("-", {}).get("a", ()):
                present.attributes.pop(name, None)
            new = change.get("+", {})
            present.state = new.get("s", present.state)
            present.attributes.update(new.get("a", {}))
        for entity_id in report.get("r", ()):
            self._states.pop(entity_id, None)
