"""What the event entity *Email* tells: what becomes of each email, as it happens."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from .api import Subscription
from .scene import Person


@dataclass(frozen=True, slots=True)
class Told:
    """One event of the entity."""

    kind: str
    reference: str
    attributes: Mapping[str, Any]


class Outcomes:
    """All events of the entity from `follow` on, in their order."""

    def __init__(self, entity_id: str, changes: Subscription) -> None:
        """Use `follow`."""
        self.entity_id = entity_id
        self.told: list[Told] = []
        self._changes = changes

    @classmethod
    async def follow(cls, person: Person) -> Self:
        """Follow the event entity of the one modem that is set up."""
        entity_id = await person.entity("event", "_email")
        await person.states.until(entity_id)
        changes = await person.api.subscribe(
            "subscribe_events", event_type="state_changed"
        )
        return cls(entity_id, changes)

    async def until(self, *kinds: str, reference: str | None = None) -> Told:
        """Wait for the next event of these kinds, of that email if one is given."""
        while True:
            told = await self._next()
            self.told.append(told)
            if told.kind in kinds and reference in (None, told.reference):
                return told

    def kinds(self, reference: str) -> list[str]:
        """What was told of one email so far."""
        return [told.kind for told in self.told if told.reference == reference]

    async def _next(self) -> Told:
        while True:
            change = (await self._changes.get())["data"]
            shown = change["new_state"]
            if change["entity_id"] != self.entity_id or shown is None:
                continue
            attributes = shown["attributes"]
            if attributes.get("event_type") is not None:
                return Told(
                    attributes["event_type"], attributes["reference"], attributes
                )
