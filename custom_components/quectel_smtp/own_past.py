"""What an entity shows again after a restart: nothing of a set-up before its own."""

from typing import override

from homeassistant.core import State
from homeassistant.helpers.restore_state import RestoreEntity


class OwnPastEntity(RestoreEntity):
    """Restores what it showed itself, not what one of the same entity id did.

    Home Assistant keeps states for days by their entity ids, also of what was deleted,
    and a crash brings back those that were cleared shortly before. So what is older than
    the entry, or than the entity in the registry, is another's. Both are asked: the
    registry knows the entities of a modem again that was set up before.
    """

    @override
    async def async_get_last_state(self) -> State | None:
        """Return the state before the restart, None if it was another's."""
        state = await super().async_get_last_state()
        made = [
            thing.created_at
            for thing in (self.platform.config_entry, self.registry_entry)
            if thing is not None
        ]
        return state if state and state.last_updated >= max(made) else None
