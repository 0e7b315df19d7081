"""What a config flow finds out about the mail account before anything is saved."""

from homeassistant.util import dt as dt_util

from ..delivery.client.check import Failed, Trouble, over_host, over_modem
from ..modem.at.errors import ModemError
from ..modem.mail.server import ServerSettings
from ..modem.modem import Modem
from .modem_checks import Show, Stage


class AccountError(ModemError):
    """The check of the account failed, or could not be made.

    ``words`` are the server's, for the person alone. ``savable``: whether the settings
    may be saved all the same, because nobody has found them wrong. ``root`` was found
    where only the modem does not reach the server.
    """

    key = "account_error"

    def __init__(self, failed: Failed, key: str = "", root: str | None = None) -> None:
        """Take what failed, and the key of its text where it is a particular one."""
        super().__init__(failed.trouble.value)
        self.error = f"account_{key or failed.trouble.value}"
        self.words = failed.said
        self.code = failed.code
        self.savable = not failed.lasting or failed.trouble is Trouble.VERSION
        self.root = root


async def check_account(
    modem: Modem | None, server: ServerSettings, *, find_root: bool, show: Show
) -> str | None:
    """Check the account over the modem, else over the host's own internet line.

    Returns the root that the server's chain ends in, if there is one. ``modem`` has its
    data connection up, or is None where it can't be used. ``AccountError`` unless the
    server takes the account. At most one log-in is tried.
    """
    now = dt_util.utcnow()
    missed: Failed | None = None
    if modem is not None:
        show(Stage.ACCOUNT)
        found = await over_modem(modem, server, find_root=find_root, now=now)
        if isinstance(found, Failed):
            if found.reached:
                raise AccountError(found)
            missed = found
        elif found is not None:
            return found.root
    show(Stage.ACCOUNT_BY_HOST)
    verdict = await over_host(server, find_root=find_root, now=now)
    if isinstance(verdict, Failed):
        if verdict.trouble is Trouble.PORT:
            raise AccountError(missed or verdict, "unreached")
        raise AccountError(verdict)
    if missed is not None:
        raise AccountError(missed, "modem_unreached", verdict.root)
    return verdict.root
