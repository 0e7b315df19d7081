"""Fixtures of the delivery layer's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .outbox.bench import Bench


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Bench]:
    """Return an outbox that is open and empty."""
    bench = Bench(tmp_path)
    bench.open()
    yield bench
    bench.outbox.close()
