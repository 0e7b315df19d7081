"""Texts are cut, and lines broken, between what people see as characters."""

from collections.abc import Iterator
from itertools import accumulate

from hypothesis import given, settings, strategies as st
import pytest
import regex

from custom_components.quectel_smtp.delivery.rules.characters import cleaned
from custom_components.quectel_smtp.delivery.rules.cutting import (
    beginning,
    cut,
    utf8_size,
    wrap,
)

from .unicode_texts import FAMILY, anything

sound = anything.map(lambda text: cleaned(text).text)


def boundaries(text: str) -> set[int]:
    """Where a text may be cut."""
    sizes: Iterator[int] = map(len, regex.findall(r"\X", text))
    return {0, *accumulate(sizes)}


@pytest.mark.parametrize(
    ("text", "limit", "found"),
    [
        ("abc", 3, "abc"),
        ("abcdef", 5, "ab…"),
        ("ab cdef", 6, "ab…"),
        (FAMILY * 2, 49, FAMILY + "…"),
        (FAMILY, 24, "…"),
        ("e\u0301" * 3, 8, "e\u0301…"),
        ("🇦🇹🇩🇪", 15, "🇦🇹…"),
        ("abc", 2, "…"),
    ],
    ids=range(8),
)
def test_a_text_that_is_too_long_ends_with_an_ellipsis(
    text: str, limit: int, found: str
) -> None:
    assert cut(text, limit) == found


@settings(deadline=None)
@given(sound, st.integers(3, 3000))
def test_a_cut_keeps_as_much_as_there_is_room_for(text: str, limit: int) -> None:
    found = cut(text, limit)
    assert utf8_size(found) <= limit
    if utf8_size(text) <= limit:
        assert found == text
        return
    kept = beginning(text, limit - 3)
    assert found == kept.rstrip() + "…"
    places = boundaries(text)
    assert len(kept) in places
    following = min(place for place in places if place > len(kept))
    assert utf8_size(text[:following]) > limit - 3


@settings(deadline=None)
@given(sound)
def test_breaking_adds_only_line_ends_and_only_to_long_lines(text: str) -> None:
    found = wrap(text)
    assert max(map(utf8_size, found.split("\n"))) <= 998
    assert found.replace("\n", "") == text.replace("\n", "")
    if max(map(utf8_size, text.split("\n"))) <= 998:
        assert found == text


@settings(deadline=None)
@given(sound.map(lambda text: text.replace("\n", "")))
def test_a_line_is_broken_between_characters(text: str) -> None:
    clusters = regex.findall(r"\X", text)
    if max(map(utf8_size, clusters), default=0) <= 998:
        *parts, _ = accumulate(map(len, wrap(text).split("\n")))
        assert set(parts) <= boundaries(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("word " * 200 + "end", "word " * 199 + "\n" + "word end"),
        ("x" * 1000, "x" * 998 + "\nxx"),
        ("é" * 500, "é" * 499 + "\né"),
        (FAMILY * 40, FAMILY * 39 + "\n" + FAMILY),
        ("a\n" + "x" * 999 + "\nb", "a\n" + "x" * 998 + "\nx\nb"),
        ("z" + "\u0301" * 600, "z" + "\u0301" * 248 + "\n" + "\u0301" * 352),
    ],
    ids=["blank", "none", "two bytes", "emoji", "among others", "no end of marks"],
)
def test_a_long_line_is_broken_at_a_blank_or_between_characters(
    text: str, found: str
) -> None:
    assert wrap(text) == found
