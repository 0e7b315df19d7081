"""Fixtures of the delivery layer's tests."""

import asyncio
from collections.abc import Callable, Iterator
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


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what a thread does at once: virtual time would not wait for it."""

    async def at_once[**P, T](
        work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return work(*args, **kwargs)

    monkeypatch.setattr(asyncio, "to_thread", at_once)
