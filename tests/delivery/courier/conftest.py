"""A courier's office for the tests of what it does."""

from pathlib import Path

import pytest

from tests.delivery.bench import Office


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Return a courier's office with an empty outbox."""
    return Office(tmp_path)
