"""The names of attachments in the modem's store, which the recipient sees."""

from collections.abc import Container
import re
from typing import Final
import unicodedata

from . import files
from .tls import CA_PREFIX

# The storage counts, too (SMTP note 2.3.5).
_LIMIT: Final = files.ATTACHED_NAME_LIMIT - len(files.STORAGE)
_SEPARATOR: Final = re.compile(r"[/\\]")
# What a file system or a header may have no place for, and what an AT line may mean.
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9 ._()+=@-]+")
_UNUSUAL: Final = re.compile(r"[^A-Za-z0-9._-]+")
_EXTENSION: Final = re.compile(r"\.[A-Za-z0-9]{1,10}")


def stored_name(name: str, taken: Container[str], *, plain: bool = False) -> str:
    """Return the name under which an attachment is stored: ASCII, at most 46 bytes.

    As it was given, as far as that goes, and with its extension; a path is left out.
    ``taken`` are the names that it has to differ from, in lower case. ``plain``: without
    what some file system may not know, spaces for one.
    """
    base = unicodedata.normalize("NFKD", _SEPARATOR.split(name)[-1])
    letters = "".join(char for char in base if not unicodedata.combining(char))
    safe = (_UNUSUAL if plain else _UNSAFE).sub("_", letters)
    stem, dot, extension = safe.rpartition(".")
    extension = dot + extension
    if not _EXTENSION.fullmatch(extension):
        stem, extension = safe, ""
    stem = stem.strip(" .")
    if stem.lower().startswith(CA_PREFIX):
        # Those are certificates, and go with them.
        stem = f"_{stem}"
    stem = stem or "file"
    number, found = 1, ""
    while not found or found.lower() in taken:
        mark = f"_{number}" if number > 1 else ""
        room = _LIMIT - len(mark) - len(extension)
        found = stem[:room].rstrip(" .") + mark + extension
        number += 1
    return found
