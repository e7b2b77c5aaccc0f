"""The text that a reader of an HTML page sees, in one pass whose time grows with the page alone.

Goals: any bytes that somebody uploads, in linear time (the standard library's parser reads a page of `<a "` again
from each `<`: 60 KB took 51 s on Python 3.11); the ends of broken pages as browsers treat them.

Plan: copy text up to the next `<`; find the end of what begins there (a tag with its quoted values, a comment, the
raw text of a script); where there is no end, the rest of the page is part of it, so the pass is over.
"""

from __future__ import annotations

import html
import re
from collections import Counter

_HIDDEN = frozenset(("script", "style", "template", "head"))
_RAW = frozenset(("script", "style"))
_BLOCKS = frozenset(("p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "td"))
_NAME = re.compile(r"</?([a-zA-Z][^\s/>]*)")
_STOP = re.compile(r"""[>"']""")
_RAW_END = {tag: re.compile(rf"</{tag}(?=[\s/>])", re.IGNORECASE) for tag in _RAW}


def text_of_html(page: str) -> str:
    """Return the visible lines of a page; its head, scripts and styles are left out."""
    text = "".join(_pieces(page))
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _pieces(page: str) -> list[str]:
    pieces: list[str] = []
    hidden: Counter[str] = Counter()
    place = 0
    while place < len(page):
        start = page.find("<", place)
        end = len(page) if start < 0 else start
        if not hidden.total():
            pieces.append(html.unescape(page[place:end]))
        if start < 0:
            break
        name = _NAME.match(page, start)
        if name is None:
            place = _end_of_markup(page, start)
            if place == start + 1 and not hidden.total():
                # One that begins nothing is text, as in "a < b".
                pieces.append("<")
            continue
        place = _end_of_tag(page, name.end())
        tag = name[1].lower()
        if page[start + 1] == "/":
            # Never below zero: pages close what they never opened.
            hidden -= Counter((tag,))
        elif tag in _HIDDEN:
            hidden[tag] += 1
            if tag in _RAW:
                close = _RAW_END[tag].search(page, place)
                place = len(page) if close is None else close.start()
        elif tag in _BLOCKS:
            pieces.append("\n")
    return pieces


def _end_of_tag(page: str, place: int) -> int:
    """Find the place behind a tag; the end of the page where it never ends."""
    while (stop := _STOP.search(page, place)) is not None:
        if stop[0] == ">":
            return stop.end()
        # A ">" between quotes does not end the tag.
        close = page.find(stop[0], stop.end())
        if close < 0:
            break
        place = close + 1
    return len(page)


def _end_of_markup(page: str, start: int) -> int:
    """Find the place behind a comment or a declaration; where it is none, the place behind its `<`."""
    if page.startswith("<!--", start):
        close, size = page.find("-->", start + 4), 3
    elif page.startswith(("<!", "<?", "</"), start):
        close, size = page.find(">", start), 1
    else:
        return start + 1
    return len(page) if close < 0 else close + size
