"""The languages of Home Assistant's pages: what an English text is called in each."""

from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any, Final

from tests.source import INTEGRATION

ENGLISH: Final = "en"


class Tongue:
    """One language, by the texts of the integration and of Home Assistant's pages."""

    def __init__(self, language: str = ENGLISH) -> None:
        """Speak `language`, named as Home Assistant names it, such as zh-Hans."""
        self.language = language
        self._known: dict[str, str] = {}
        if language != ENGLISH:
            for name in (_of_pages, _of_integration):
                theirs = dict(_flat(name(language)))
                self._known |= {
                    text: theirs[key]
                    for key, text in _flat(name(ENGLISH))
                    if key in theirs
                }

    def at(self, place: str) -> str:
        """Return what stands at this place of the pages that are its settings.

        For English words that are called so at one place and otherwise at another.
        """
        return dict(_flat(_of_pages(self.language, "config")))[f".{place}"]

    def __call__(self, english: str) -> str:
        """Return what that is called; itself where nobody has another name for it."""
        return self._known.get(english, english)


def _of_integration(language: str) -> dict[str, Any]:
    return _json(INTEGRATION / "translations" / f"{language}.json")


def _of_pages(language: str, part: str = "") -> dict[str, Any]:
    import hass_frontend  # type: ignore[import-not-found]  # noqa: PLC0415  # in .venv-ha only

    folder = Path(hass_frontend.where()) / "static" / "translations" / part
    (path,) = folder.glob(f"{language}-{'[0-9a-f]' * 32}.json")
    return _json(path)


def _json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _flat(texts: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in texts.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}.{key}")
        else:
            yield f"{path}.{key}", value
