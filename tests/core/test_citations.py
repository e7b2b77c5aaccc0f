"""Citations in a text: found with the server's help or in spite of it, replaced in each style, nothing else touched."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistants_async import CitationStyle, Message
from assistants_async.core.citations import check_style, kept_name, names_in_text, rendered
from assistants_async.models.messages import SourceAnnotation

NAMES = {"file_a": "a.txt", "file_b": "b.txt"}


def cite(text: str | None, start: int | None, end: int | None, file: str | None = "file_a", **more: Any) -> Any:
    """A citation."""
    return {
        "type": "file_citation",
        "text": text,
        "start_index": start,
        "end_index": end,
        "file_citation": {"file_id": file, **more},
    }


def path(text: str | None, start: int | None, end: int | None, file: str | None = "file_a") -> Any:
    """A path to a file that code made."""
    return {"type": "file_path", "text": text, "start_index": start, "end_index": end, "file_path": {"file_id": file}}


def message(*parts: tuple[str | None, list[Any]]) -> Message:
    """A message of texts."""
    content = [{"type": "text", "text": {"value": value, "annotations": marks}} for value, marks in parts]
    return Message.from_dict({"id": "msg_1", "content": content})


def show(value: str, *marks: Any, style: CitationStyle = "footnotes") -> str:
    """A text as people read it, without the list of its files."""
    return rendered(message((value, list(marks))), NAMES, style).split("\n\n[")[0]


PLACES: dict[str, tuple[str, list[Any], str]] = {
    "by the offsets": ("x【1】y【1】", [cite("【1】", 5, 8)], "x【1】y[1]"),
    "by the start alone": ("x【1】y【1】", [cite("【1】", 5, None), cite("【1】", 1, 0, "file_b")], "x[1]y[2]"),
    "none given": ("x【1】y", [cite("【1】", None, None)], "x[1]y"),
    "counted in UTF-16 units": ("😀😀【1】y", [cite("【1】", 4, 7)], "😀😀[1]y"),
    "counted in bytes": ("é【1】é【2】", [cite("【1】", 2, 9), cite("【2】", 11, 18, "file_b")], "é[1]é[2]"),
    "a mark twice, in bytes": ("é【1】é【1】!", [cite("【1】", 11, 18, "file_b"), cite("【1】", 2, 9)], "é[1]é[2]!"),
    "one right, one wrong": ("【1】 【1】", [cite("【1】", 0, 3), cite("【1】", 99, 102, "file_b")], "[1] [2]"),
    "one wrong, one right": ("【1】 【1】", [cite("【1】", 99, 0, "file_b"), cite("【1】", 0, 3)], "[1] [2]"),
    "more than there are marks": (
        "x【1】y",
        [cite("【1】", 9, 9), cite("【1】", 9, 9, "file_b"), cite("【1】", 9, 9, "file_c")],
        "x[1][2][3]y",
    ),
    "negative": ("x【1】", [cite("【1】", -3, -1)], "x[1]"),
    "reversed": ("x【1】", [cite("【1】", 4, 1)], "x[1]"),
    "beyond any length": ("x【1】", [cite("【1】", 2**62, 2**62)], "x[1]"),
    "no such mark": ("x.", [cite("【1】", 0, 3), cite("【2】", 0, 3, "file_b")], "x.[1][2]"),
    "no mark at all": ("x. y.", [cite(None, 0, 2), cite("", 3, 5, "file_b")], "x.[1] y.[2]"),
    "no mark, no offsets": ("x.", [cite(None, None, None)], "x.[1]"),
    "no mark, bad offsets": ("x.", [cite(None, 0, 9), cite(None, 0, -1, "file_b")], "x.[1][2]"),
    "no mark, twice there": ("x.", [cite(None, 0, 2), cite(None, 0, 2), cite(None, 1, 2, "file_b")], "x.[1][2]"),
    "no mark, inside another's": ("x【1】y", [cite("【1】", 1, 4), cite(None, 0, 2, "file_b")], "x[1][2]y"),
    "side by side": ("【1】【2】", [cite("【1】", 0, 3), cite("【2】", 3, 6, "file_b")], "[1][2]"),
    "out of order": ("【1】x【2】", [cite("【2】", 4, 7, "file_b"), cite("【1】", 0, 3)], "[1]x[2]"),
    "two files at one mark": ("x【1】", [cite("【1】", 1, 4), cite("【1】", 1, 4, "file_b")], "x[1][2]"),
    "one file twice at one mark": ("x【1】", [cite("【1】", 1, 4), cite("【1】", 1, 4)], "x[1]"),
    "overlapping": ("xaaay", [cite("aa", 1, 3), cite("aa", 2, 4, "file_b")], "x[1][2]y"),
    "one within another": ("x【1】y", [cite("【1】", 1, 4), cite("1", 2, 3, "file_b")], "x[1][2]y"),
    "one file at several marks": ("【1】【2】", [cite("【1】", 0, 3), cite("【2】", 3, 6)], "[1][1]"),
    "no file": ("x【1】", [cite("【1】", 1, 4, None), cite("【1】", 1, 4, "")], "x【1】"),
    "no citation": ("x【1】", [{"type": "file_citation", "text": "【1】"}, {"type": "file_path"}], "x【1】"),
    "of another type": ("x【1】", [{"type": "page_citation", "text": "【1】", "start_index": 1}], "x【1】"),
    "an empty text": ("", [cite("【1】", 0, 3)], "[1]"),
}


@pytest.mark.parametrize(("value", "marks", "wanted"), PLACES.values(), ids=PLACES.keys())
def test_each_mark_is_replaced_where_it_is(value: str, marks: list[Any], wanted: str) -> None:
    """By its offsets where they fit, else by its spelling; a reference without a mark replaces nothing."""
    assert show(value, *marks) == wanted


def test_a_list_of_the_files_ends_the_text() -> None:
    """Numbered as they come, over all parts; one whose name is not known shows its id."""
    first = "See 【1】.", [cite("【1】", 4, 7, "file_b", quote="words")]
    second = " And 【1】 and 【2】.", [cite("【1】", 5, 8, "file_x"), cite("【2】", 13, 16, "file_b")]
    shown = message(first, (None, []), second)
    assert rendered(shown, NAMES, "footnotes") == "See [1]. And [2] and [1].\n\n[1] b.txt\n[2] file_x"
    assert rendered(shown, NAMES, "markdown") == "See [^1]. And [^2] and [^1].\n\n[^1]: b.txt\n[^2]: file_x"


def test_a_function_writes_the_marks() -> None:
    """It gets the annotation, with the quote of a v1 server; no list is added."""
    seen: list[tuple[SourceAnnotation, int, str]] = []

    def style(annotation: SourceAnnotation, number: int, name: str) -> str:
        seen.append((annotation, number, name))
        return f"({name})"

    shown = message(("x【1】 p", [cite("【1】", 1, 4, quote="words"), path("p", 5, 6, "file_b")]))
    assert rendered(shown, NAMES, style) == "x(a.txt) (b.txt)"
    assert [one[1:] for one in seen] == [(1, "a.txt"), (2, "b.txt")]
    assert seen[0][0].at("file_citation.quote") == "words"
    assert seen[1][0].type == "file_path"


def test_files_at_one_mark_keep_their_order() -> None:
    """The server's."""
    shown = message(("x【1】", [cite("【1】", 1, 4, "file_b"), cite("【1】", 1, 4)]))
    assert rendered(shown, NAMES, "footnotes") == "x[1][2]\n\n[1] b.txt\n[2] a.txt"


def test_a_function_must_return_text() -> None:
    """The error shows the returned value."""

    def number_of(annotation: SourceAnnotation, number: int, name: str) -> int:
        return number

    style: Any = number_of
    with pytest.raises(TypeError, match=r"messages\.render\(\): style must return str, not int"):
        show("【1】", cite("【1】", 0, 3), style=style)


MADE = {
    "a target": ("[Get](sandbox:/mnt/p.csv).", 6, "[Get]([1]).", "[Get](b%20c.csv)."),
    "a bare path": ("At sandbox:/mnt/p.csv.", 3, "At [1].", "At [b c.csv](b%20c.csv)."),
    "an open bracket": ("[Get](sandbox:/mnt/p.csv", 6, "[Get]([1]", "[Get]([b c.csv](b%20c.csv)"),
    "brackets that are no link": ("(sandbox:/mnt/p.csv)", 1, "([1])", "([b c.csv](b%20c.csv))"),
    "no such path": ("Done.", 3, "Done.[1]", "Done.[b c.csv](b%20c.csv)"),
}


@pytest.mark.parametrize(("value", "start", "footnotes", "markdown"), MADE.values(), ids=MADE.keys())
def test_a_file_that_was_made_is_a_link_in_markdown(value: str, start: int, footnotes: str, markdown: str) -> None:
    """To the name that it is kept under, in place of a target or as a link of its own; elsewhere it has a number."""
    shown = message((value, [path("sandbox:/mnt/p.csv", start, start + 18)]))
    names = {"file_a": "b c.csv"}
    assert rendered(shown, names, "markdown") == markdown
    assert rendered(shown, names, "footnotes") == f"{footnotes}\n\n[1] b c.csv"


def test_links_take_no_number() -> None:
    """The footnotes of Markdown are numbered from 1 without a gap."""
    shown = message(("/p 【1】", [path("/p", 0, 2), cite("【1】", 3, 6, "file_b")]))
    assert rendered(shown, NAMES, "markdown") == "[a.txt](a.txt) [^1]\n\n[^1]: b.txt"


def test_names_are_shown_and_do_nothing() -> None:
    """Controls are written out, and markup is no markup; a link leads to the safe name."""
    names = {"file_a": "a[1]*\\<b>`\n\x1b[2J.txt"}
    cited = message(("【1】", [cite("【1】", 0, 3)]))
    assert rendered(cited, names, "footnotes") == "[1]\n\n[1] a[1]*\\<b>`\\n\\x1b[2J.txt"
    escaped = r"a\[1\]\*\\\<b\>\`\\n\\x1b\[2J.txt"
    assert rendered(cited, names, "markdown") == f"[^1]\n\n[^1]: {escaped}"
    assert rendered(cited, names, lambda annotation, number, name: name) == "a[1]*\\<b>`\\n\\x1b[2J.txt"
    made = message(("【1】", [path("【1】", 0, 3)]))
    assert rendered(made, names, "markdown") == f"[{escaped}](_b_%60__%5B2J.txt)"


def test_a_name_like_a_key_is_a_name() -> None:
    """Texts that errors mask are shown here: people read them."""
    assert rendered(message(("x", [cite("", 1, 1)])), {"file_a": "key-figures.txt"}, "footnotes").endswith(
        "[1] key-figures.txt"
    )


def test_paths_in_the_text_name_files() -> None:
    """The first path of each file that has a last part; citations do not."""
    marks = [
        path("sandbox:/mnt/data/plot.png", 0, 1),
        path("sandbox:/mnt/data/other.png", 0, 1),
        path("sandbox:/mnt/data/", 0, 1, "file_b"),
        path("plot", 0, 1, "file_c"),
        path(None, 0, 1, "file_d"),
        cite("a/b", 0, 1, "file_e"),
        path("sandbox:/mnt/\x00x", 0, 1, None),
    ]
    assert names_in_text(message(("x", marks))) == {"file_a": "plot.png"}


@pytest.mark.parametrize(
    ("name", "wanted"), [("a/b.txt", "b.txt"), ("..", "file_1"), ("", "file_1"), ("con", "_con"), ("\ud800", "_")]
)
def test_a_kept_name_is_one_plain_name(name: str, wanted: str) -> None:
    """Else the id, which is cleaned as well."""
    assert kept_name(name, "file_1") == wanted
    assert kept_name("/", "..") == "file"


@pytest.mark.parametrize("style", ["html", "", None, 1, ["markdown"]])
def test_a_style_that_there_is_not_is_refused(style: object) -> None:
    """The error names those that there are."""
    with pytest.raises(
        ValueError, match=r"^x\(\): style must be 'footnotes', 'markdown' or a function, not "
    ) as caught:
        check_style("x", style)
    assert str(caught.value).endswith(repr(style))


INTS = st.integers(-10, 40) | st.integers(-(2**63), 2**63)
WORDS = st.text("ab ", max_size=6)
MARKS = st.sampled_from(["", "a", "ab", "【1】", "【2】", "】【"]) | st.none()
ANNOTATIONS = st.builds(cite, MARKS, INTS | st.none(), INTS | st.none(), st.sampled_from(["file_a", "file_b"]))


def within(part: str, whole: str) -> bool:
    """True where one text is in the other, in order, with anything between."""
    rest = iter(whole)
    return all(letter in rest for letter in part)


@given(st.text("ab【】12", max_size=30), st.lists(ANNOTATIONS, max_size=6))
@example("aaa", [cite("aa", 1, 3), cite("aa", 0, 2), cite(None, 0, 2)])
def test_nothing_but_marks_goes(value: str, marks: list[Any]) -> None:
    """For any offsets, text outside of marks stays in order, nothing is doubled, and every file is named."""
    spellings = [mark["text"] for mark in marks if mark["text"]]
    covered = {
        place
        for mark in spellings
        for start in range(len(value))
        if value.startswith(mark, start)
        for place in range(start, start + len(mark))
    }
    names: set[str] = set()

    def style(annotation: SourceAnnotation, number: int, name: str) -> str:
        names.add(name)
        return ""

    left = rendered(message((value, marks)), NAMES, style)
    assert within("".join(letter for place, letter in enumerate(value) if place not in covered), left)
    assert within(left, value)
    assert names == {NAMES[mark["file_citation"]["file_id"]] for mark in marks}
    if not spellings:
        assert left == value


@given(st.lists(st.tuples(WORDS, st.sampled_from(["file_a", "file_b"])), max_size=8), st.integers(0, 3))
def test_marks_are_found_with_any_offsets(pieces: list[tuple[str, str]], drift: int) -> None:
    """Offsets that run ahead, as of bytes or UTF-16 units, lead to the same text as those that are right."""
    value = ""
    right: list[Any] = []
    wrong: list[Any] = []
    for number, (words, file) in enumerate(pieces):
        value += words
        right.append(cite("【1】", len(value), len(value) + 3, file))
        ahead = len(value) + 100 + number * drift
        wrong.append(cite("【1】", ahead, ahead + 3, file))
        value += "【1】"
    assert rendered(message((value, right)), NAMES, "footnotes") == rendered(
        message((value, wrong)), NAMES, "footnotes"
    )


@given(st.text())
def test_a_text_without_annotations_stays_as_it_is(value: str) -> None:
    """In every style."""
    shown = message((value, []))
    for style in ("footnotes", "markdown"):
        assert rendered(shown, {}, style) == shown.text == value
