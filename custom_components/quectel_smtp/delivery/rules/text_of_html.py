"""Makes a text of what an HTML page says, for who reads no HTML."""

from html.parser import HTMLParser
import re
from typing import Final, override

# What ends a line, and what has a blank line around it.
_LINES: Final = frozenset(
    [
        "address",
        "article",
        "aside",
        "body",
        "br",
        "dd",
        "details",
        "dialog",
        "div",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hr",
        "html",
        "li",
        "main",
        "nav",
        "section",
        "summary",
        "tr",
    ]
)
_PARAGRAPHS: Final = frozenset(
    [
        "blockquote",
        "dl",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ol",
        "p",
        "pre",
        "table",
        "ul",
    ]
)
_UNSEEN: Final = frozenset({"script", "style", "title"})
_BLANKS: Final = re.compile(r"[ \t\n\r\f]+")


def text_of(html: str) -> str:
    """Return what a page says, in lines; where a link leads is said behind it.

    Whatever is no HTML is read as browsers read it: nothing is refused.
    """
    page = _Page()
    page.feed(html)
    page.close()
    return page.text


class _Page(HTMLParser):
    """Collects what is seen."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        # Put together once: a line may be in a million pieces.
        self._said: list[str] = []
        # Line ends that stand before the next word, and whether a blank does.
        self._ends = 0
        self._blank = False
        self._unseen = False
        self._preformatted = 0
        self._target: str | None = None
        # How much was said before the link.
        self._before = 0

    @property
    def text(self) -> str:
        """What was seen, without a blank line at either end."""
        return "".join(self._said).strip("\n")

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._end_line(tag)
        given = dict(attrs)
        match tag:
            case "li":
                self._say("- ")
            case "td" | "th":
                self._blank = True
            case "img":
                self._say(given.get("alt") or "")
            case "pre":
                self._preformatted += 1
            case "a":
                self._target, self._before = given.get("href"), len(self._said)
            case _ if tag in _UNSEEN:
                self._unseen = True

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = False
        elif tag == "pre":
            self._preformatted = max(self._preformatted - 1, 0)
        elif tag == "a" and self._target:
            target, self._target = self._target, None
            said = "".join(self._said[self._before :])
            if target.startswith(("http:", "https:")) and not said.endswith(target):
                self._blank = True
                self._say(f"({target})")
        # "<br/>" begins and ends.
        if tag != "br":
            self._end_line(tag)

    @override
    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        if self._preformatted:
            first, *others = data.split("\n")
            self._say(first)
            for line in others:
                self._ends, self._blank = self._ends + 1, False
                self._say(line)
            return
        words = _BLANKS.sub(" ", data)
        self._blank = self._blank or words.startswith(" ")
        self._say(words.strip(" "))
        self._blank = self._blank or words.endswith(" ")

    def _end_line(self, tag: str) -> None:
        if tag in _LINES:
            # Each of these is an end of its own; the others share one.
            self._ends = self._ends + 1 if tag == "br" else max(self._ends, 1)
        elif tag in _PARAGRAPHS:
            self._ends = max(self._ends, 2)

    def _say(self, words: str) -> None:
        if not words:
            return
        if self._ends:
            self._said.append("\n" * self._ends)
        elif self._blank and self._said and not self._said[-1].endswith("\n"):
            self._said.append(" ")
        self._said.append(words)
        self._ends, self._blank = 0, False
