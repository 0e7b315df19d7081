"""Chooses what travels with a text: as many files as there is room for, in their order."""

from collections.abc import Sequence, Set as AbstractSet
from dataclasses import dataclass, field, replace

from ...modem.mail.attachments import Attachment
from ...modem.mail.file_names import stored_name
from ..changes import Change, Fit
from ..enclosures import Missing, MissingReason
from .capacity import Capacity
from .file_name import base_name, file_name
from .space import Space

type Source = int | str
"""An attachment's number among those asked for, or the name of one that is made here."""


@dataclass(frozen=True, slots=True)
class Enclosing:
    """What travels, what does not, and what was done to it."""

    files: tuple[Attachment, ...] = ()
    sources: tuple[Source, ...] = field(default=(), repr=False)
    """What each of the files is."""
    left_out: tuple[Missing, ...] = ()
    changes: tuple[Change, ...] = ()


def enclose(
    made: Sequence[Attachment],
    asked: Sequence[Attachment],
    space: Space,
    capacity: Capacity,
    refused: AbstractSet[Source],
) -> Enclosing:
    """Return what travels of the files that are made here, and of those asked for.

    ``refused``: what the modem did not take when it was tried.
    """
    files: list[Attachment] = []
    sources: list[Source] = []
    left_out: list[Missing] = []
    changes: list[Change] = []
    stored: set[str] = set()
    known: list[tuple[Source, Attachment]] = [(one.name, one) for one in made]
    for source, attachment in (*known, *enumerate(asked)):
        name = file_name(attachment.name)
        reason = (
            MissingReason.TOO_LARGE
            if source in refused
            else space.take_file(len(attachment.data))
        )
        if reason is None:
            files.append(replace(attachment, name=name))
            sources.append(source)
            shown = name
            if capacity.store is not None:
                shown = stored_name(name, stored)
                stored.add(shown.lower())
            if shown != base_name(attachment.name):
                changes.append(Change(Fit.ATTACHMENT_RENAMED, name))
        elif isinstance(source, int):
            left_out.append(Missing(name, reason))
            changes.append(Change(Fit.ATTACHMENT_LEFT_OUT, name))
    return Enclosing(tuple(files), tuple(sources), tuple(left_out), tuple(changes))
