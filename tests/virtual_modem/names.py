"""The network beyond the modem: names it can resolve, and where connections really go."""

from dataclasses import dataclass, field
import ipaddress

# RFC 5737: addresses that belong to nobody, for names that are given none
_DOCUMENTATION = ipaddress.ip_network("203.0.113.0/24")
# The real port that stands for one from which nothing ever comes back
BLACK_HOLE = 0


class UnknownName(Exception):
    """DNS does not know it."""


class Unreachable(Exception):
    """Nothing listens there: the connection is refused at once."""


@dataclass(slots=True)
class Host:
    """One name; `ports` maps the port that is asked for to (address, real port)."""

    address: str
    ports: dict[int, tuple[str, int]] = field(default_factory=dict)


class Names:
    """All names. Nothing that is not listed here is ever connected to."""

    def __init__(self) -> None:
        """Begin with none."""
        self._hosts: dict[str, Host] = {}
        self._ports: dict[int, tuple[str, int]] = {}

    def add(self, text: str) -> None:
        """Make "NAME" or "NAME=ADDRESS" known."""
        name, _, address = text.partition("=")
        if address:
            ipaddress.ip_address(address)
        else:
            address = str(_DOCUMENTATION[len(self._hosts) + 1])
        self._hosts[name.lower()] = Host(address)

    def remove(self, name: str) -> None:
        """Make a name unknown."""
        self._hosts.pop(name.lower(), None)

    def map_port(self, text: str) -> None:
        """Send "[NAME:]PORT=[ADDRESS:]PORT" there. Raises ValueError, KeyError."""
        asked, _, real = text.partition("=")
        name, _, port = asked.rpartition(":")
        address, _, real_port = real.rpartition(":")
        target = (address or "127.0.0.1", int(real_port))
        ports = self._hosts[name.lower()].ports if name else self._ports
        ports[int(port)] = target

    def resolve(self, name: str) -> str:
        """The address of a name, or of an address itself. Raises UnknownName."""
        try:
            return str(ipaddress.ip_address(name))
        except ValueError:
            pass
        try:
            return self._hosts[name.lower()].address
        except KeyError:
            raise UnknownName(name) from None

    def route(self, name: str, port: int) -> tuple[str, int]:
        """Where a connection to that name or address really goes.

        Raises UnknownName, Unreachable. A real port of BLACK_HOLE never answers.
        """
        address = self.resolve(name)
        for known, host in self._hosts.items():
            if name.lower() in (known, host.address) and port in host.ports:
                return host.ports[port]
        if port in self._ports:
            return self._ports[port]
        if ipaddress.ip_address(address).is_loopback:
            return address, port
        raise Unreachable(f"{name}:{port}")
