"""The pages that users read: the README, the guides, and what is in them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from types import ModuleType

from tests.support.places import ROOT

# The module that blocks run as: Litestar looks up the names of a handler's types in it.
sys.modules.setdefault("page", ModuleType("page"))

GUIDES = ROOT / "assistants_async" / "guides"
_PATHS = (ROOT / "README.md", *sorted(GUIDES.glob("*.md")))
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in _PATHS}
"""Text of each page, by its path from the root."""


def guide(name: str) -> str:
    """Text of one guide."""
    return PAGES[f"assistants_async/guides/{name}.md"]


def blocks(text: str, language: str = "python") -> list[str]:
    """Code blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def anchors(text: str) -> set[str]:
    """Anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", _prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(text: str) -> Iterator[str]:
    """Targets of all links and images outside of code."""
    yield from re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", _prose(text)))


def _prose(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
