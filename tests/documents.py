"""What people read: the README and the pages in docs, and the code in them."""

import re
from typing import Final

from .source import ROOT

README: Final = (ROOT / "README.md").read_text("utf-8")
PAGES: Final = {
    path.relative_to(ROOT): path.read_text("utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
PAGES_BY_NAME: Final = {path.stem: text for path, text in PAGES.items()}
ALL: Final = "\n".join(PAGES.values())
DOCUMENTS: Final = " ".join(ALL.split())
"""All of them, as if each were one line."""

_FENCED: Final = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_YAML: Final = re.compile(r"^```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)
EXAMPLES: Final = tuple(_YAML.findall(ALL))
"""Every piece of YAML, in the order of the pages."""


def example(words: str) -> str:
    """Return the piece of YAML that has these words; one has."""
    (found,) = (text for text in EXAMPLES if words in text)
    return str(found)


def anchors(page: str) -> set[str]:
    """Return what GitHub makes of a page's headings in addresses."""
    return {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", _FENCED.sub("", page), re.MULTILINE)
    }


def rows(heading: str, page: str = README) -> list[list[str]]:
    """Return the cells of the first table below a heading, without the table's own."""
    _, found, below = page.partition(f"# {heading}\n")
    assert found, heading
    table = re.search(r"(?:^\|.*\|\n)+", below, re.MULTILINE)
    assert table is not None
    return [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in table[0].splitlines()[2:]
    ]
