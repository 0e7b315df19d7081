"""The name of an attachment, as its reader sees it: in any script, and never a path."""

import re
from typing import Final

from .characters import cleaned, one_line
from .cutting import cut

_LIMIT: Final = 120
"""Characters: a file system has room for them in any script, or nearly."""
_SEPARATOR: Final = re.compile(r"[/\\]")
_EXTENSION: Final = re.compile(r"(?<=.)\.[A-Za-z0-9]{1,10}\Z", re.DOTALL)
_NAMELESS: Final = "attachment"
# A quotation mark, and the second character of what begins an encoded word (RFC 2047 2):
# readers take a name out of one, and find the other in a name, too.
_MISREAD: Final = re.compile(r'"|(?<==)\?')


def base_name(name: str) -> str:
    """Return the last part of a path, or a name as it was given."""
    return _SEPARATOR.split(name)[-1]


def file_name(name: str) -> str:
    """Return one line of up to 120 characters, its extension kept."""
    base = _MISREAD.sub("_", one_line(cleaned(base_name(name)).text))
    if not base.strip("."):
        return _NAMELESS
    extension = "".join(_EXTENSION.findall(base))
    stem = base.removesuffix(extension)
    return cut(stem, _LIMIT - len(extension), len) + extension
