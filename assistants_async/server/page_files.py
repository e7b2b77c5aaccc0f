"""The page: static files for a browser, with headers that forbid any other script and any other server."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import msgspec
from aiohttp import web

_TYPES: Mapping[str, str] = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}
_FOLDER = "/page/"
# Trusted types: a model's text cannot become HTML, even through a fault of the page's own code.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types"
)
_HEADERS: Mapping[str, str] = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    # The next server on this port may be of another version.
    "cache-control": "no-store",
}


class PageSettings(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The settings that the page reads from the server."""

    api: str
    """The base URL of the API, relative to the page, without a slash at the start."""
    query: Mapping[str, str] = {}
    """The query of every request."""
    client: str | None = None
    """The code that makes a client; None where it follows from the address of the page."""
    imports: str = ""
    """Lines of imports that the code needs."""
    server: str | None = None
    """The name of the server; None where it is the address of the page."""
    asks_key: bool = False
    """True where requests need a key that the page does not have."""


class PageFiles:
    """Answers `/` and the files that belong to it."""

    def __init__(self, settings: PageSettings) -> None:
        found = {path.name: path.read_bytes() for path in Path(__file__).with_name("page").iterdir()}
        self._files = {"/": ("text/html", found.pop("index.html"))}
        for name, content in found.items():
            self._files[_FOLDER + name] = (_TYPES[name.rpartition(".")[2]], content)
        self._files[f"{_FOLDER}settings.json"] = ("application/json", msgspec.json.encode(settings))

        self._routes = set[web.AbstractRoute]()

    def has(self, request: web.Request) -> bool:
        """Return True for a request of the page or one of its files."""
        # By its route: in an application that is mounted elsewhere, the path has more before it.
        return request.match_info.route in self._routes

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the paths to an application."""
        for path in self._files:
            self._routes.add(router.add_get(path, partial(self._serve, path), allow_head=False))

    async def _serve(self, path: str, _request: web.Request) -> web.Response:
        kind, content = self._files[path]
        return web.Response(body=content, content_type=kind, charset="utf-8", headers=_HEADERS)
