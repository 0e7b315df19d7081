"""A modem and a host for each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from ..client import VirtualModem
from .host import Host

type Started = tuple[VirtualModem, Host]


@pytest.fixture
def start() -> Iterator[Callable[..., Started]]:
    """Start a modem with the client's options; the host is connected, echo is off."""
    with ExitStack() as stack:

        def begin(*, echo: bool = False, **options: object) -> Started:
            modem = stack.enter_context(VirtualModem(**options))  # type: ignore[arg-type] # the test's own choice of options
            host = stack.enter_context(Host(modem.port))
            if not echo:
                host.command("ATE0")
            return modem, host

        yield begin


@pytest.fixture
def modem_and_host(start: Callable[..., Started]) -> Started:
    """A modem on an ordinary day, and its host."""
    return start()
