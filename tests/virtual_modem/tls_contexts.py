"""The SSL contexts of AT+QSSLCFG: keys, ranges, defaults."""

from dataclasses import dataclass

from .errors import AtError
from .profiles import Profile

# TLS cipher suites by their IANA numbers, as OpenSSL calls them
CIPHER_SUITES = {
    0x0035: "AES256-SHA",
    0x002F: "AES128-SHA",
    0x000A: "DES-CBC3-SHA",
    0x003C: "AES128-SHA256",
    0x003D: "AES256-SHA256",
    0x009C: "AES128-GCM-SHA256",
    0x009D: "AES256-GCM-SHA384",
    0xC009: "ECDHE-ECDSA-AES128-SHA",
    0xC00A: "ECDHE-ECDSA-AES256-SHA",
    0xC013: "ECDHE-RSA-AES128-SHA",
    0xC014: "ECDHE-RSA-AES256-SHA",
    0xC023: "ECDHE-ECDSA-AES128-SHA256",
    0xC024: "ECDHE-ECDSA-AES256-SHA384",
    0xC027: "ECDHE-RSA-AES128-SHA256",
    0xC028: "ECDHE-RSA-AES256-SHA384",
    0xC02B: "ECDHE-ECDSA-AES128-GCM-SHA256",
    0xC02C: "ECDHE-ECDSA-AES256-GCM-SHA384",
    0xC02F: "ECDHE-RSA-AES128-GCM-SHA256",
    0xC030: "ECDHE-RSA-AES256-GCM-SHA384",
}
ALL_SUITES = 0xFFFF


@dataclass(frozen=True, slots=True)
class TlsKey:
    """One key: a number in a range, a hexadecimal suite, or a file's name."""

    name: str
    default: str
    low: int = 0
    high: int = 0
    is_file: bool = False
    is_suite: bool = False

    def described(self, contexts: int) -> str:
        """The line of AT+QSSLCFG=?."""
        if self.is_file:
            value = f"<{self.name}path>"
        elif self.is_suite:
            value = "(" + ",".join(f"0X{s:04X}" for s in [*CIPHER_SUITES, ALL_SUITES])
            value += ")"
        else:
            value = f"({self.low}-{self.high})"
        return f'+QSSLCFG: "{self.name}",(0-{contexts - 1}),{value}'


_NEWER = {
    key.name: key
    for key in (
        # N: certificates' validity is not looked at by default
        TlsKey("ignorelocaltime", "1", 0, 1),
        TlsKey("negotiatetime", "300", 10, 300),
        # N: off by default
        TlsKey("sni", "0", 0, 1),
        TlsKey("checkhost", "0", 0, 1),
    )
}


def keys(profile: Profile) -> dict[str, TlsKey]:
    """The keys that a firmware has, with the defaults of the published dumps."""
    highest = 5 if profile.tls13 else 4
    made = [
        TlsKey("sslversion", "4", 0, highest),
        TlsKey("ciphersuite", "0XFFFF", is_suite=True),
        *(TlsKey(name, "0", 0, 2) for name in profile.security_level_keys),
        TlsKey("cacert", "", is_file=True),
        TlsKey("clientcert", "", is_file=True),
        TlsKey("clientkey", "", is_file=True),
        *(_NEWER[name] for name in profile.newer_tls_keys),
    ]
    return {key.name: key for key in made}


class TlsContexts:
    """The settings of every SSL context; lost at a reboot (N)."""

    def __init__(self, profile: Profile) -> None:
        """Begin with the defaults."""
        self.keys = keys(profile)
        self.profile = profile
        self._values: dict[tuple[int, str], str] = {}

    def reset(self) -> None:
        """A reboot."""
        self._values.clear()

    def get(self, context: int, name: str) -> str:
        """A value as AT+QSSLCFG prints it, without quotes."""
        key = self.keys[name]
        return self._values.get((context, name), key.default)

    def set(self, context: int, name: str, value: str) -> None:
        """Change a value; a plain ERROR for one out of range."""
        key = self.keys[name]
        if key.is_suite:
            suite = _suite(value)
            value = f"0X{suite:04X}"
        elif not key.is_file:
            if not value.isdigit() or not key.low <= int(value) <= key.high:
                raise AtError
        self._values[context, name] = value

    def number(self, context: int, name: str) -> int:
        """A numeric value; where the firmware has no such key, what it does."""
        if name not in self.keys:
            return int(_NEWER[name].default)
        return int(self.get(context, name), 0)

    def checks_name(self, context: int) -> bool:
        """Whether the server's certificate has to bear its name."""
        if "checkhost" in self.keys:
            return self.number(context, "checkhost") == 1
        return self.profile.checks_name

    def security_level(self, context: int) -> int:
        """`seclevel`, under whichever names this firmware has for it."""
        return max(self.number(context, k) for k in self.profile.security_level_keys)

    def seen(self) -> dict[str, dict[str, str]]:
        """What differs from the defaults, for tests."""
        seen: dict[str, dict[str, str]] = {}
        for (context, name), value in self._values.items():
            seen.setdefault(str(context), {})[name] = value
        return seen


def _suite(text: str) -> int:
    try:
        suite = int(text, 16) if text[:2] in ("0x", "0X") else -1
    except ValueError:
        suite = -1
    if suite != ALL_SUITES and suite not in CIPHER_SUITES:
        raise AtError
    return suite
