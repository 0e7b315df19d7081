"""The integration's texts in each of its languages, as they lie in their files."""

from functools import cache
import json
from typing import Any, Final

from .source import INTEGRATION

_FOLDER: Final = INTEGRATION / "translations"
LANGUAGES: Final = sorted(path.stem for path in _FOLDER.glob("*.json"))


@cache
def texts(language: str = "en") -> dict[str, Any]:
    """Return all texts of a language."""
    content: dict[str, Any] = json.loads(
        (_FOLDER / f"{language}.json").read_text(encoding="utf-8")
    )
    return content


def flat(part: dict[str, Any], path: tuple[str, ...] = ()) -> dict[str, str]:
    """Return texts by their keys, joined with dots."""
    found: dict[str, str] = {}
    for key, value in part.items():
        if isinstance(value, dict):
            found |= flat(value, (*path, key))
        else:
            found[".".join((*path, key))] = value
    return found
