"""The ways, and the programs behind the modem's mail commands, that promises hold for."""

import pytest

from custom_components.quectel_smtp.delivery.records import Way
from tests.virtual_modem.profiles import MailClient

from .scene import Route


@pytest.fixture(
    params=[
        MailClient.NOTE,
        pytest.param(MailClient.TERSE, marks=pytest.mark.long),
    ]
)
def mail_client(request: pytest.FixtureRequest) -> MailClient:
    """Give the note's client; in the long run the other one too."""
    client: MailClient = request.param
    return client


@pytest.fixture(
    params=[
        pytest.param(Route(), id="note"),
        pytest.param(Route(MailClient.TERSE), id="terse", marks=pytest.mark.long),
        pytest.param(Route(way=Way.STREAM), id="stream"),
    ]
)
def route(request: pytest.FixtureRequest) -> Route:
    """Give each way; in the long run the other one of the modem's clients too."""
    found: Route = request.param
    return found
