"""To whom an email goes: openly, in copy, and hidden."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import chain, count


@dataclass(frozen=True, slots=True)
class Addresses:
    """To whom an email, or one envelope of it, goes."""

    to: tuple[str, ...] = field(default=(), repr=False)
    cc: tuple[str, ...] = field(default=(), repr=False)
    bcc: tuple[str, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        """Return how many they are."""
        return sum(map(len, self.kinds))

    def __iter__(self) -> Iterator[str]:
        """Iterate over them in the order to, cc, bcc."""
        return chain(*self.kinds)

    @property
    def kinds(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Return those of each kind: to, cc, bcc."""
        return self.to, self.cc, self.bcc

    @property
    def hide_some(self) -> bool:
        """Whether a hidden one is among others; by itself it may be seen."""
        return bool(self.bcc) and len(self) > 1

    def and_also(self, extra: Addresses) -> Addresses:
        """Return these, and those of the others that are not among them; each once."""
        known = {address.casefold() for address in self}
        kinds = []
        for own, others in zip(self.kinds, extra.kinds, strict=True):
            added = []
            for address in others:
                if address.casefold() not in known:
                    known.add(address.casefold())
                    added.append(address)
            kinds.append((*own, *added))
        return Addresses(*kinds)

    def some(self, members: Collection[int]) -> Addresses:
        """Return those with these numbers, from 0, in the order to, cc, bcc."""
        numbers = count()
        to, cc, bcc = (
            tuple(address for address in kind if next(numbers) in members)
            for kind in self.kinds
        )
        return Addresses(to, cc, bcc)

    def apart(self, members: Collection[int]) -> list[list[int]]:
        """Return these by the emails they need: one for all who may be seen by others.

        Each hidden address has one of its own.
        """
        shown = len(self.to) + len(self.cc)
        together = [number for number in members if number < shown]
        hidden = [[number] for number in members if number >= shown]
        return [together, *hidden] if together else hidden
