"""Registration, operator and signal, with the result codes that tell of changes."""

from typing import TYPE_CHECKING

from .settings import names

if TYPE_CHECKING:
    from .modem import Modem

_REGISTERED = (1, 5)
_SEARCHING = 2
# 27.007: E-UTRAN, GSM
_ACT_LTE = 7
_ACT_GSM = 0


class Radio:
    """What the modem knows of the network."""

    def __init__(self, modem: Modem) -> None:
        """Begin with full functionality."""
        self._modem = modem
        self.functionality = 1
        # COPS=2
        self.deregistered = False
        self.operator_format = 0
        self._rejected = False

    def reset(self) -> None:
        """A reboot."""
        self.functionality = 1
        self.deregistered = False
        self.operator_format = 0

    @property
    def status(self) -> int:
        """27.007's <stat>."""
        modem = self._modem
        off = self.functionality != 1 or self.deregistered
        if off or not modem.sim.ready:
            return 0
        found = modem.settings.registration
        return _SEARCHING if self._rejected and found in _REGISTERED else found

    def attach(self) -> None:
        """Try to attach, with the APN that context 1 has now (F14)."""
        accepted = names(self._modem.settings.attach_apn)
        context = self._modem.packet.contexts.get(1)
        apn = "" if context is None else context.apn.lower()
        self._rejected = bool(accepted) and apn not in accepted
        if self.registered:
            self._modem.packet.dial()

    @property
    def registered(self) -> bool:
        """At home or roaming."""
        return self.status in _REGISTERED

    @property
    def technology(self) -> int:
        """27.007's <AcT>."""
        return _ACT_LTE if self._modem.profile.lte else _ACT_GSM

    def registration(self, level: int) -> str:
        """<stat> with, at level 2, where it is; without the <n> of an answer."""
        text = str(self.status)
        if level == 2 and self.registered:
            settings = self._modem.settings
            text += f',"{settings.tac}","{settings.cell}",{self.technology}'
        return text

    def tell(self) -> None:
        """Send the result codes of a changed registration to who asked for them."""
        preferences = self._modem.preferences
        levels = [("+CREG", preferences.creg), ("+CGREG", preferences.cgreg)]
        if self._modem.profile.lte:
            levels.append(("+CEREG", preferences.cereg))
        for name, level in levels:
            if level:
                self._modem.urc(f"{name}: {self.registration(level)}")
