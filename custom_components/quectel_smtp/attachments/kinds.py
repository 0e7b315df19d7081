"""What kind of file bytes are, by how they begin: cameras and people name them wrongly."""

import mimetypes
import re
from typing import Final

JPEG: Final = "image/jpeg"
PNG: Final = "image/png"
WEBP: Final = "image/webp"
GIF: Final = "image/gif"
# RFC 2045 5.1; what else may stand there has never been one's name.
_TYPE: Final = re.compile(r"[a-z0-9.+_-]+/[a-z0-9.+_-]+", re.ASCII)

UNKNOWN: Final = "application/octet-stream"

STILL: Final = frozenset((JPEG, PNG, WEBP))
"""Pictures that can be scaled, unless they move."""

# By the name that recipients' programs know best, where several are usual.
_EXTENSIONS: Final = {
    JPEG: ".jpg",
    PNG: ".png",
    WEBP: ".webp",
    GIF: ".gif",
    "audio/mpeg": ".mp3",
    "audio/wav": ".wav",
    "audio/x-wav": ".wav",
    "audio/ogg": ".ogg",
    "audio/flac": ".flac",
    "video/mp4": ".mp4",
}


def kind(data: bytes | bytearray) -> str | None:
    """Return the content type of a picture, by how its data begins; else None."""
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WEBP
    if data.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    return None


def content_type(data: bytes, told: str | None, name: str) -> str:
    """Return what to call ``data``: what it is, else as its source or its name say."""
    if found := kind(data):
        return found
    told = (told or "").partition(";")[0].strip().lower()
    if not _TYPE.fullmatch(told):
        guessed, encoding = mimetypes.guess_type(name)
        # "x.svgz" is a compressed file, and no picture before it is unpacked.
        told = guessed if guessed and encoding is None else UNKNOWN
    return told


def extension(content_type: str) -> str:
    """Return how the name of such a file ends; "" if nothing is known of it."""
    known = _EXTENSIONS.get(content_type)
    return known or mimetypes.guess_extension(content_type) or ""
