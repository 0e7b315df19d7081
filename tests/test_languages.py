"""Each language says the same as English, as Home Assistant wants it, and all of it."""

import re
from typing import Final

import pytest

from .translations import LANGUAGES, flat, texts

_OTHERS: Final = [language for language in LANGUAGES if language != "en"]

_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
_CODE: Final = re.compile(r"`[^`]*`")
_NO_WORDS: Final = re.compile(r"`[^`]*`|\{\w+\}")
_WORD: Final = re.compile(r"[^\W\d_]+")

# Words that none of the other languages has.
_ONLY_ENGLISH: Final = {"The", "the", "and", "with", "your", "you", "this", "which"}
# Names, and what is written so in all of the languages.
_WORDS_OF_ALL: Final = {
    *("Quectel", "Cellular", "Email", "Home", "Assistant", "IoT"),
    *("Gmail", "Outlook", "com", "Hotmail", "Live", "iCloud", "Yahoo", "Fastmail"),
}
# Words of that language that English has, too.
_OWN_WORDS: Final[dict[str, set[str]]] = {
    "de": {
        *("Bcc", "Cc", "Modem", "Modems", "Name", "Normal", "Port", "Ref", "Roaming"),
        "Signal",
    },
    "es": {"Cc", "Error", "Normal"},
    "fr": {
        "Cc",
        "Mail",
        "Message",
        "Modem",
        "Modems",
        "notifications",
        "Port",
        "Signal",
        "Sina",
    },
    "nl": {"Bcc", "Cc", "Media", "Modem", "Modems", "Open", "Ref", "Roaming"},
    "zh-Hans": set(),
}


@pytest.mark.parametrize("language", _OTHERS)
def test_each_language_says_the_same(language: str) -> None:
    english, other = flat(texts("en")), flat(texts(language))
    assert list(other) == list(english)
    for key, text in other.items():
        for part in (_PLACEHOLDER, _CODE):
            assert sorted(part.findall(text)) == sorted(part.findall(english[key])), key
        assert text.count("\n") == english[key].count("\n"), key
        assert text.endswith((".", "。")) == english[key].endswith("."), key


@pytest.mark.parametrize("language", _OTHERS)
def test_no_language_leaves_english_behind(language: str) -> None:
    """What is as in English is a name, an abbreviation, or a word of that language too."""
    known = _WORDS_OF_ALL | _OWN_WORDS[language]
    for key, text in flat(texts(language)).items():
        words = set(_WORD.findall(_NO_WORDS.sub(" ", text)))
        assert not words & _ONLY_ENGLISH, key
        if text == flat(texts("en"))[key]:
            assert {word for word in words if not word.isupper()} <= known, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_entities_have_the_same_name(language: str) -> None:
    for platform, entities in texts(language)["entity"].items():
        names = [entity["name"] for entity in entities.values() if "name" in entity]
        assert len(names) == len(set(names)), platform


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_as_home_assistant_wants_them(language: str) -> None:
    """As hassfest does: plain, no addresses (they are placeholders), none by reference."""
    for key, text in flat(texts(language)).items():
        assert text.strip() == text, key
        assert text, key
        assert not re.search(r"<[a-zA-Z/]", text), f"{key}: HTML"
        assert "://" not in text, f"{key}: give addresses as placeholders"
        assert "[%key:" not in text, f"{key}: only core resolves references"
        assert not re.search(r"'\{\w+\}'", text), f"{key}: quotes hide the placeholder"
