"""A subject by the modem's client: in the character set that keeps most of it."""

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.quectel_smtp.delivery.rules.characters import cleaned, one_line
from custom_components.quectel_smtp.delivery.rules.charsets import (
    Title,
    charset_for,
    title,
)
from custom_components.quectel_smtp.modem.mail.message import TextCharset

from .unicode_texts import FAMILY, anything

UTF_8, GB2312, BIG5 = TextCharset.UTF_8, TextCharset.GB2312, TextCharset.BIG5
SIMPLIFIED = "厨房烟雾探测器报警请立即查看"
TRADITIONAL = "廚房煙霧探測器報警請立即查看"


@pytest.mark.parametrize(
    ("text", "ending", "found"),
    [
        ("x" * 100, "", Title("x" * 100, UTF_8, cut=False)),
        ("x" * 101, "", Title("x" * 97 + "...", UTF_8, cut=True)),
        ("x" * 80, " (r)", Title("x" * 80, UTF_8, cut=False)),
        ("x" * 97, " (r)", Title("x" * 93 + "...", UTF_8, cut=True)),
        ("é" * 50, "", Title("é" * 50, UTF_8, cut=False)),
        ("é" * 51, "", Title("é" * 48 + "…", UTF_8, cut=True)),
        ("ö" * 51, "", Title("ö" * 48 + "…", UTF_8, cut=True)),
        (SIMPLIFIED * 2, "", Title(SIMPLIFIED * 2, UTF_8, cut=False)),
        (SIMPLIFIED * 3, "", Title(SIMPLIFIED * 3, GB2312, cut=False)),
        (TRADITIONAL * 3, "", Title(TRADITIONAL * 3, BIG5, cut=False)),
        (
            SIMPLIFIED * 4,
            "",
            Title((SIMPLIFIED * 4)[:48] + "…", GB2312, cut=True),
        ),
        # The mark that may follow has no place in the other ones.
        (SIMPLIFIED * 3, " ø", Title((SIMPLIFIED * 3)[:31] + "…", UTF_8, cut=True)),
        (
            SIMPLIFIED * 2 + "🔥" + SIMPLIFIED,
            "",
            Title((SIMPLIFIED * 2 + "🔥")[:29] + SIMPLIFIED[:3] + "…", UTF_8, cut=True),
        ),
        (
            SIMPLIFIED * 3 + "🔥",
            "",
            Title(SIMPLIFIED * 3 + "…", GB2312, cut=True),
        ),
        (FAMILY * 5, "", Title(FAMILY * 3 + "…", UTF_8, cut=True)),
    ],
    ids=range(15),
)
def test_a_subject_is_kept_as_whole_as_can_be(
    text: str, ending: str, found: Title
) -> None:
    assert title(text, ending, 100) == found


@settings(deadline=None)
@given(
    anything.map(lambda text: one_line(cleaned(text).text)),
    st.sampled_from(
        ["", " (possible repeat)", " (möglicherweise doppelt)", " 可能重复"]
    ),
)
def test_any_subject_has_room_with_its_mark(text: str, ending: str) -> None:
    found = title(text, ending, 100)
    encoded = (found.text + ending).encode(found.charset.codec)
    assert len(encoded) <= 100
    assert encoded.decode(found.charset.codec) == found.text + ending
    if not found.cut:
        assert found.text == text
        return
    shown = found.text.removesuffix("...").removesuffix("…")
    assert shown != found.text
    assert text.startswith(shown)
    assert charset_for(text + ending, 100) is None
    utf_8 = title(text, " " * len(ending.encode()), 100)
    assert len(found.text) >= len(utf_8.text) - len(ending)


@settings(deadline=None)
@given(anything.map(lambda text: cleaned(text).text), st.integers(0, 500))
def test_a_text_is_in_utf_8_unless_it_has_room_in_another_only(
    text: str, limit: int
) -> None:
    charset = charset_for(text, limit)
    if len(text.encode()) <= limit:
        assert charset is UTF_8
    elif charset is not None:
        encoded = text.encode(charset.codec)
        assert len(encoded) <= limit
        assert encoded.decode(charset.codec) == text
