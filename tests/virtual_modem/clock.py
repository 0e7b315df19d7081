"""The modem's real-time clock, right, wrong or unset."""

from datetime import UTC, datetime, timedelta

_UNSET = datetime(1980, 1, 6, tzinfo=UTC)
_QUARTER = timedelta(minutes=15)


class Clock:
    """Runs on from whatever it was last set to."""

    def __init__(self) -> None:
        """Begin unset."""
        self._offset = _UNSET - datetime.now(UTC)
        self._synchronized = False
        self.zone = 0
        # AT+CTZU: 1 shows GMT, 3 local time (S)
        self.update_mode = 3

    def start(self, setting: str, zone: int) -> None:
        """Take up the setting `clock`: network, unset, or a UTC time."""
        self._synchronized = False
        match setting:
            case "network":
                self.from_network(zone)
            case "unset":
                self.zone = 0
                self._offset = _UNSET - datetime.now(UTC)
            case text:
                self.zone = zone
                self.set(datetime.fromisoformat(text).replace(tzinfo=UTC))

    def from_network(self, zone: int) -> None:
        """The network tells the time (NITZ)."""
        self.zone = zone
        self._offset = timedelta()
        self._synchronized = True

    def set(self, utc: datetime) -> None:
        """Set it; it runs on from there."""
        self._offset = utc - datetime.now(UTC)

    def utc(self) -> datetime:
        """The time that the modem believes it is."""
        return datetime.now(UTC) + self._offset

    def set_text(self, text: str) -> None:
        """Set it from AT+CCLK's form. Raises ValueError for another form."""
        zone = int(text[17:]) if len(text) > 17 else self.zone
        if not -48 <= zone <= 56:
            raise ValueError(text)
        local = datetime.strptime(text[:17], "%y/%m/%d,%H:%M:%S").replace(tzinfo=UTC)
        # %y takes 69-99 for the last century, which a modem only has unset
        self.zone = zone
        self.set(local - zone * _QUARTER)

    def text(self) -> str:
        """AT+CCLK's form, yy/MM/dd,hh:mm:ss and the zone in quarter-hours."""
        shown = self.utc()
        if self.update_mode == 3:
            shown += self.zone * _QUARTER
        return f"{shown:%y/%m/%d,%H:%M:%S}{self.zone:+03d}"

    def network_text(self, mode: int) -> str:
        """AT+QLTS's form: 1 GMT, otherwise local; empty if the network never told."""
        if not self._synchronized:
            return ""
        shown = self.utc() + (timedelta() if mode == 1 else self.zone * _QUARTER)
        return f"{shown:%Y/%m/%d,%H:%M:%S}{self.zone:+03d},0"
