"""The programs behind the modem's mail commands that every promise holds for."""

import pytest

from tests.virtual_modem.profiles import MailClient


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
