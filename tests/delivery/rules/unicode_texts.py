"""Texts over all of Unicode, and the pieces that are easily broken."""

from typing import Final

from hypothesis import strategies as st

FAMILY: Final = "👨‍👩‍👧‍👦"
PIECES: Final = (
    FAMILY,
    "👍🏽",
    "🇦🇹🇩🇪",
    "❤️‍🔥",
    "e\u0301",
    "a" + "\u0308\u0323" * 8,
    "각",
    "क्षि",
    "ไม้",
    "שָׁלוֹם",
    "مرحبا\u200f\u0651",
    "\u2067עברית\u2069",
    "\u200b",
    "\u200c\u200d",
    "\u2060\ufeff",
    "\u00ad",
    "火警：厨房烟雾探测器",
    "火警：廚房煙霧探測器",
    "水が漏れています",
    "—·…€",
    "ÄÖÜß ",
    "word ",
    "\t",
    "\n",
    "\r\n",
    "\r",
    "\u2028",
    "\x85",
    "\0",
    "\x1b[31;1mred\x1b[0m",
    "\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\",
    "\x9b1m",
    "\x1b",
    "\x1b(B",
    "\x07\x08\x11\x13\x7f",
    "\u202eexe.gpj\u202c",
    "\ud800",
    "\udfff",
    "+++",
    "\r\n.\r\n",
    '"',
    "x" * 997,
    "é" * 499,
    "😀" * 250,
    "z" + "\u0301" * 600,
)
"""What an emoji, a letter with its marks, a line end, an escape sequence ... may be."""

anything: Final = st.one_of(
    st.text(max_size=120),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=12).map(
        "".join
    ),
    st.lists(
        st.tuples(st.sampled_from(PIECES), st.integers(1, 60)).map(
            lambda pair: pair[0] * pair[1]
        ),
        max_size=4,
    ).map("".join),
)
"""Any text at all, half surrogate pairs among it."""
