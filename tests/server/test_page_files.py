"""The files of the page: what is served, with which rules for the browser, and to whom."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yarl
from aiohttp import web
from aiohttp.test_utils import TestServer

import assistants_async.server
from assistants_async.server import AssistantsServer

FOLDER = Path(assistants_async.server.__file__).parent / "page"
FILES = sorted(path.name for path in FOLDER.iterdir())
SOURCES = {name: (FOLDER / name).read_text(encoding="utf-8") for name in FILES}


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    """Serve the page, and give its origin."""
    async with AssistantsServer(page=True, **settings) as server, aiohttp.ClientSession() as session:
        yield server.base_url.split("/v1")[0].split("/api/")[0], session


def test_the_files_are_small_and_complete() -> None:
    """All of them are under 60 KB; each that is named is there, and nothing is loaded from elsewhere."""
    assert sum((FOLDER / name).stat().st_size for name in FILES) < 60_000
    named = set(re.findall(r'(?:src|href)="page/([\w.]+)"', SOURCES["index.html"]))
    imported = {name for text in SOURCES.values() for name in re.findall(r'from "\./([\w.]+)"', text)}
    assert named | imported | {"index.html"} == set(FILES)
    for name, text in SOURCES.items():
        assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)[\w]", text) == [], name


@pytest.mark.parametrize(
    "wrong", ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "localStorage"]
)
def test_no_text_becomes_html_or_code(wrong: str) -> None:
    """The ways to make elements or code of text are not used at all."""
    assert [name for name, text in SOURCES.items() if wrong in text] == []
    assert re.findall(r"<script(?! type=\"module\" src=)|<style| on\w+=| style=", SOURCES["index.html"]) == []


async def test_every_file_is_served_with_strict_rules() -> None:
    """By its type, with a policy without inline code, and for no frame of another page."""
    types: Mapping[str, str] = {
        "html": "text/html",
        "css": "text/css",
        "js": "text/javascript",
        "svg": "image/svg+xml",
    }
    async with serving() as (origin, session):
        for name in FILES:
            path = "/" if name == "index.html" else f"/page/{name}"
            async with session.get(origin + path) as answer:
                assert (answer.status, answer.content_type) == (200, types[name.rpartition(".")[2]])
                assert await answer.text() == SOURCES[name]
                policy = dict(
                    part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";")
                )
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert answer.headers["referrer-policy"] == "no-referrer"
                assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
                assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
                assert policy["require-trusted-types-for"] == "'script'"
                assert "unsafe" not in answer.headers["content-security-policy"]


async def test_nothing_else_is_served_from_the_folder() -> None:
    """No name that leads out of it, and no list of it."""
    async with serving() as (origin, session):
        for path in ("/page/", "/page", "/page/../app.py", "/page/..%2fapp.py", "/page/index.html", "/index.html"):
            async with session.get(yarl.URL(origin + path, encoded=True)) as answer:
                assert answer.status == 404, path
        async with session.post(origin + "/") as answer:
            assert answer.status == 405


@pytest.mark.parametrize(
    ("settings", "facts"),
    [
        ({}, {"api": "v1"}),
        ({"api_key": "secret"}, {"api": "v1", "asks_key": True}),
        ({"dialect": "foundry"}, {"api": "api/projects/p", "query": {"api-version": "v1"}}),
    ],
    ids=["plain", "key", "foundry"],
)
async def test_the_page_is_told_where_the_api_is(settings: Any, facts: Any) -> None:
    """By a file of its own, which has no secret; the page itself needs no key."""
    async with serving(**settings) as (origin, session):
        async with session.get(origin + "/page/settings.json") as answer:
            assert answer.status == 200
            assert json.loads(await answer.text()) == facts
        async with session.get(f"{origin}/{facts['api']}/assistants", params=facts.get("query")) as answer:
            assert answer.status == (401 if facts.get("asks_key") else 200)


async def test_foreign_pages_get_nothing() -> None:
    """Without a key, `Host` is a name of this machine and `Origin` the page's own, whose requests the API takes."""
    async with serving() as (origin, session):
        for headers in ({"host": "attacker.example"}, {"origin": "https://attacker.example"}):
            for path in ("/", "/page/app.js", "/page/settings.json"):
                async with session.get(origin + path, headers=headers) as answer:
                    assert answer.status == 403
                    assert (await answer.json())["error"]["code"] == "foreign_request"
        async with session.post(origin + "/v1/threads", json={}, headers={"origin": origin}) as answer:
            assert answer.status == 200
    async with (
        serving(api_key="secret") as (origin, session),
        session.get(origin + "/", headers={"host": "box.example"}) as answer,
    ):
        assert answer.status == 200


async def test_the_page_is_there_where_the_application_is_mounted() -> None:
    """Below the path of another application, and without the key too, which the API asks for there."""
    whole = web.Application()
    whole.add_subapp("/assistants", AssistantsServer(page=True, api_key="secret").app)
    async with TestServer(whole) as server, aiohttp.ClientSession() as session:
        for path, status in (("/assistants/", 200), ("/assistants/page/app.js", 200), ("/assistants/v1/threads", 401)):
            async with session.get(server.make_url(path)) as answer:
                assert answer.status == status, path


async def test_a_server_has_no_page_unless_asked_for() -> None:
    """In Python the page is an option."""
    async with (
        AssistantsServer() as server,
        aiohttp.ClientSession() as session,
        session.get(server.base_url.removesuffix("/v1") + "/") as answer,
    ):
        assert answer.status == 404
