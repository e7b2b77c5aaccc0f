"""Lists: cursors, order, and pages that stay right while things come and go."""

from __future__ import annotations

import pytest

from tests.support.talk import Document, Talk


async def fill(talk: Talk, count: int) -> list[str]:
    """Ids of new assistants, newest first, all of the same second or two."""
    made = [(await talk.assistant(name=str(number)))["id"] for number in range(count)]
    return made[::-1]


def ids(page: Document) -> list[str]:
    """Ids on a page."""
    return [item["id"] for item in page["data"]]


async def test_empty(talk: Talk) -> None:
    """An empty page has no ends."""
    page = await talk.get("/assistants")
    assert page == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}


async def test_defaults(talk: Talk) -> None:
    """Twenty items, newest first."""
    newest = await fill(talk, 21)
    page = await talk.get("/assistants")
    assert ids(page) == newest[:20]
    assert (page["first_id"], page["last_id"], page["has_more"]) == (newest[0], newest[19], True)


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_forward(talk: Talk, order: str) -> None:
    """Walking by `after` visits each item once; the last page says that it is."""
    expected = await fill(talk, 7)
    if order == "asc":
        expected.reverse()
    seen: list[str] = []
    more, cursor = True, ""
    while more:
        page = await talk.get(f"/assistants?limit=3&order={order}{cursor}")
        seen += ids(page)
        more, cursor = page["has_more"], f"&after={page['last_id']}"
    assert seen == expected


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_backward(talk: Talk, order: str) -> None:
    """`before` gives the page that ends right before the cursor, in the same order."""
    expected = await fill(talk, 7)
    if order == "asc":
        expected.reverse()
    page = await talk.get(f"/assistants?limit=3&order={order}&before={expected[5]}")
    assert (ids(page), page["has_more"]) == (expected[2:5], True)
    page = await talk.get(f"/assistants?limit=3&order={order}&before={page['first_id']}")
    assert (ids(page), page["has_more"]) == (expected[:2], False)


async def test_between(talk: Talk) -> None:
    """Both cursors together give the items between them, from the front."""
    newest = await fill(talk, 7)
    page = await talk.get(f"/assistants?after={newest[0]}&before={newest[5]}&limit=3")
    assert (ids(page), page["has_more"]) == (newest[1:4], True)
    page = await talk.get(f"/assistants?after={newest[0]}&before={newest[3]}&limit=3&order=desc")
    assert (ids(page), page["has_more"]) == (newest[1:3], False)


async def test_deleted_cursor(talk: Talk) -> None:
    """The cursor of an item that was deleted keeps its place."""
    newest = await fill(talk, 5)
    await talk("DELETE", f"/assistants/{newest[2]}")
    assert ids(await talk.get(f"/assistants?after={newest[2]}")) == newest[3:]
    assert ids(await talk.get(f"/assistants?before={newest[2]}")) == newest[:2]
    assert ids(await talk.get("/assistants?order=asc")) == [newest[4], newest[3], newest[1], newest[0]]


async def test_unknown_cursor(talk: Talk) -> None:
    """A cursor that never was is a 400 that names the parameter."""
    for name in ("after", "before"):
        answer = await talk("GET", f"/assistants?{name}=asst_x")
        assert (answer.status, answer.error["param"], answer.error["code"]) == (400, name, "invalid_cursor")


@pytest.mark.parametrize(
    ("query", "param"), [("limit=0", "limit"), ("limit=101", "limit"), ("limit=many", "limit"), ("order=up", "order")]
)
async def test_bad_queries(talk: Talk, query: str, param: str) -> None:
    """Query parameters have the documents' limits."""
    answer = await talk("GET", f"/assistants?{query}")
    assert (answer.status, answer.error["param"]) == (400, param)


async def test_every_list(talk: Talk) -> None:
    """All lists page the same way."""
    run = await talk.until(await talk.run("hello"), "completed")
    await talk.upload()
    thread = f"/threads/{run['thread_id']}"
    for path in (
        "/assistants",
        "/threads",
        f"{thread}/messages",
        f"{thread}/runs",
        f"{thread}/runs/{run['id']}/steps",
        "/files",
    ):
        page = await talk.get(f"{path}?limit=1&order=asc")
        assert list(page) == ["object", "data", "first_id", "last_id", "has_more"]
        assert page["first_id"] == page["last_id"] == page["data"][0]["id"]


async def test_file_limit(talk: Talk) -> None:
    """Files have a limit of their own."""
    assert (await talk("GET", "/files?limit=10000")).status == 200
    assert (await talk("GET", "/files?limit=10001")).status == 400
