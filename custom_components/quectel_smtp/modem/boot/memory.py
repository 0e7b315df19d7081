"""What the modem was told in its present boot, and so need not be told again."""

from collections.abc import Awaitable, Callable


class Memory:
    """The settings that hold for one boot of the modem."""

    def __init__(self) -> None:
        """Remember nothing."""
        self.boots = 0
        """Changes whenever the modem may have forgotten its settings."""
        self.initialised = False
        self.content_clear = False
        """Whether nothing of an email's content is left in the modem."""
        # Name of the setting -> its value.
        self._settings: dict[str, str] = {}

    def forget(self) -> None:
        """The modem has restarted, or someone else may have changed its settings."""
        self.boots += 1
        self._settings.clear()
        self.initialised = False
        self.content_clear = False

    def get(self, name: str) -> str | None:
        """Return what a setting has in this boot, None if that isn't known."""
        return self._settings.get(name)

    def keep(self, name: str, value: str) -> None:
        """Take a setting for known."""
        self._settings[name] = value

    def drop(self, name: str) -> None:
        """Take a setting for unknown."""
        self._settings.pop(name, None)

    async def remember(
        self, name: str, value: str, send: Callable[[], Awaitable[object]]
    ) -> None:
        """Send a setting unless the modem has it in this boot."""
        if self.get(name) == value:
            return
        boot = self.boots
        # Whether a setting that fails half-way took effect is unknown.
        self.drop(name)
        await send()
        if boot == self.boots:
            self.keep(name, value)
