"""How strong a signal is, in a word."""

from enum import StrEnum


class Strength(StrEnum):
    """What a person calls it."""

    EXCELLENT = "excellent"
    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


def strength_of(dbm: int | None) -> Strength | None:
    """Return the word for an RSSI in dBm, -113 to -51; None where it isn't known."""
    if dbm is None:
        return None
    if dbm >= -70:
        return Strength.EXCELLENT
    if dbm >= -85:
        return Strength.GOOD
    return Strength.FAIR if dbm >= -100 else Strength.POOR
