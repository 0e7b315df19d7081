"""What is wanted as attachments of an email, within what bounds, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, Self

from ..delivery.changes import Change
from ..delivery.enclosures import Missing
from ..modem.mail.attachments import Attachment
from .kinds import STILL, kind

MEDIA_SOURCE: Final = "media-source://"
_LOCAL_MEDIA: Final = f"{MEDIA_SOURCE}media_source/"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One attachment, as a person asks for it."""

    source: str = field(repr=False)
    """The id of a media item (``media-source://...``), or the path of a file."""
    filename: str | None = field(default=None, repr=False)
    content_id: str | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        media: str | Mapping[str, object],
        filename: str | None = None,
        content_id: str | None = None,
    ) -> Self:
        """Return what a media selector chose, or what is written in its place.

        Its ``media_content_type`` says how a player plays it (a camera: as a stream of
        video), not what is attached.
        """
        source = media if isinstance(media, str) else str(media["media_content_id"])
        return cls(source, filename or None, content_id or None)

    @property
    def is_media(self) -> bool:
        """Whether a media source has it; else it is a file."""
        return self.source.startswith(MEDIA_SOURCE)

    @property
    def is_local(self) -> bool:
        """Whether it is a file of this machine, which takes a moment only."""
        return not self.is_media or self.source.startswith(_LOCAL_MEDIA)


# A larger one is no photograph; those of 24 megapixels have some 10 MB.
_PICTURE_UNSCALED: Final = 12_000_000


@dataclass(frozen=True, slots=True)
class Budget:
    """Bytes that attachments may have, before they are encoded; seconds to get all."""

    picture: int = 200_000
    """Of a picture; a larger one is scaled to it."""
    file: int = 1_000_000
    """Of anything else: two minutes of a port at 115200 baud, encoded."""
    total: int = 2_000_000
    """Of all of an email: every mail server takes them once they are encoded."""
    seconds: float = 10.0
    """Until what is not there by then is given up."""

    def unscaled(self, head: bytes | bytearray) -> int:
        """Return how many bytes may come of what begins so, before it is scaled."""
        return _PICTURE_UNSCALED if kind(head) in STILL else self.file

    def shared(self, count: int) -> Budget:
        """Return one by which ``count`` pictures go, none of them left out."""
        return replace(self, picture=min(self.picture, self.total // max(count, 1)))

    def after(self, resolved: Resolved) -> Budget:
        """Return what is left for more attachments of the same email."""
        used = sum(len(attachment.data) for attachment in resolved.attachments)
        return replace(self, total=max(self.total - used, 0))


@dataclass(frozen=True, slots=True)
class Resolved:
    """What is attached, what is not, and what was changed of what is."""

    attachments: tuple[Attachment, ...] = ()
    missing: tuple[Missing, ...] = ()
    changes: tuple[Change, ...] = ()

    def __add__(self, other: Resolved) -> Resolved:
        """Return both, in this order."""
        return Resolved(
            self.attachments + other.attachments,
            self.missing + other.missing,
            self.changes + other.changes,
        )


class Split(NamedTuple):
    """What is wanted, by how soon it can be there."""

    local: tuple[Wanted, ...]
    remote: tuple[Wanted, ...]
    too_many: tuple[Missing, ...]
