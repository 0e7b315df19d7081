"""The settings of the AT interpreter itself, and which of them AT&W keeps."""

from dataclasses import dataclass, fields, replace


@dataclass(slots=True)
class Preferences:
    """E, V, Q and their kin, with the factory's values (AT manual S)."""

    echo: bool = True
    verbose: bool = True
    quiet: bool = False
    extended: int = 4
    carrier: int = 1
    dtr: int = 2
    ring: int = 0
    s7: int = 0
    s10: int = 15
    # guard of +++ in units of 20 ms
    s12: int = 50
    # 115200, or 0 for autobaud where a firmware has it
    baud: int = 115200
    creg: int = 0
    cgreg: int = 0
    cereg: int = 0
    cmee: int = 1

    @property
    def guard(self) -> float:
        """The silence that `+++` needs on either side, in seconds."""
        return self.s12 * 0.02


# S: AT&W does not store CMEE
_NOT_STORED = frozenset({"cmee"})


def stored(old: Preferences, current: Preferences) -> Preferences:
    """What AT&W leaves in non-volatile memory."""
    kept = {
        f.name: getattr(current, f.name)
        for f in fields(Preferences)
        if f.name not in _NOT_STORED
    }
    return replace(old, **kept)
