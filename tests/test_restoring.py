"""No entity shows what another one of its id showed before it was made."""

from collections.abc import Iterator
import importlib
import inspect
import pkgutil

import pytest

from custom_components import quectel_smtp as integration
from custom_components.quectel_smtp.entity import OwnPastEntity
from homeassistant.helpers.restore_state import RestoreEntity


def _restored() -> Iterator[type[RestoreEntity]]:
    """Return the entities of ours whose states Home Assistant keeps over a restart."""
    for found in pkgutil.iter_modules(integration.__path__, f"{integration.__name__}."):
        for kind in vars(importlib.import_module(found.name)).values():
            if (
                inspect.isclass(kind)
                and issubclass(kind, RestoreEntity)
                and kind.__module__ == found.name
            ):
                yield kind


@pytest.mark.parametrize("kind", _restored(), ids=lambda kind: kind.__name__)
def test_an_entity_that_is_restored_has_its_own_past_alone(
    kind: type[RestoreEntity],
) -> None:
    """Buttons, events and notify entities are restored without being asked for it."""
    restoring = [base for base in kind.__mro__ if "async_get_last_state" in vars(base)]
    assert restoring[0] is OwnPastEntity, f"{kind.__name__}(…, OwnPastEntity, …)"
