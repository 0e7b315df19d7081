"""What waits for a modem in the field waits for none here."""

from collections.abc import Iterator

import pytest

from custom_components.quectel_smtp.modem.at import command_channel
from custom_components.quectel_smtp.modem.recording import recorder
from tests.virtual_modem.profiles import MailClient

from .checked import Checked, Checking


@pytest.fixture(scope="package", autouse=True)
def _quick_modem() -> Iterator[None]:
    """Wait no longer for silence than a modem in software needs to end it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder, "_QUIET", 0.002)
        patch.setattr(command_channel, "_QUIET", 0.03)
        yield


@pytest.fixture(scope="package")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Checking:
    """Return what gives a modem's check, which is made once."""
    made: dict[tuple[MailClient, str], Checked] = {}

    def check(client: MailClient, profile: str = "EC200N-CN") -> Checked:
        if (client, profile) not in made:
            folder = tmp_path_factory.mktemp("checked")
            made[client, profile] = Checked(folder, client, profile)
        return made[client, profile]

    return check
