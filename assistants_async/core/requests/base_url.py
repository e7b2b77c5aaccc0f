"""The base URL of a client, checked and taken apart."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

from ...errors import printable

_LONGEST_PLACE = 60
# The patterns below take the square of the length.
_LONGEST_URL = 2048
# Patterns are compiled on use, which most clients have none for: all together take 6 million instructions.
_OPERATIONS = (
    "assistants", "threads", "files", "vector_stores", "uploads", "models", "responses", "conversations", "embeddings",
    "completions", "chat", "deployments", "audio", "images", "batches", "moderations", "fine_tuning"
)  # fmt: skip
"""First words of operations, as documentation and other clients' settings have them behind the root of an API."""
_OPERATION = (
    rf"(?P<root>.*/(?:v1|openai|api/projects/[^/]+))/(?P<operation>(?:{'|'.join(_OPERATIONS)})(?:/.*)?)"
    r"|(?P<chat_root>.*)/(?P<chat>chat/completions)"
)
_TWICE = r"(?P<root>.*?(?P<again>(?:/[^/]+)?/(?:v1|openai)))(?P=again)+"
_PROJECT = r"(?P<root>.*/api/projects/[^/]+)(?:/.*)?"
_OPENAI = r"(?P<before>.*?)/openai(?:/.*)?"
# Pages about an API, beside or behind its root.
_PAGES = (
    "docs", "redoc", "swagger", "swagger-ui", "api-docs", "index.html", "oauth2-redirect", "openapi.json",
    "openapi.yaml", "openapi.yml", "swagger.json", "swagger.yaml", "swagger.yml", "health", "healthz", "livez", "readyz"
)  # fmt: skip
_PAGE = rf"(?P<root>.*?)/(?P<page>(?:(?:docs|swagger(?:-ui)?)/(?:.*/)?)?(?:{'|'.join(map(re.escape, _PAGES))}))"
_PORTALS = frozenset(
    f"{name}.{zone}" for name in ("portal", "ai", "oai", "ml", "management") for zone in ("azure.com", "azure.us")
) | {"portal.azure.cn", "azure.microsoft.com", "learn.microsoft.com", "docs.microsoft.com"}
_RESOURCES = (".openai.azure.com", ".openai.azure.us", ".openai.azure.cn", ".cognitiveservices.azure.com")
_FOUNDRY = ".services.ai.azure.com"
_LABEL = 64


def split_base_url(base_url: str) -> tuple[str, dict[str, str]]:
    """Split a base URL into the text before every path, and the query of every request.

    Raises `ValueError` for anything but http(s)://host[:port][/path][?query], and for pages and paths of operations.
    """
    parts = _split("base_url", base_url, "https://host/v1")
    path = quote(parts.path.rstrip("/"), safe="/%:@!$&'()*+,;=~-._")
    site = f"{parts.scheme}://{parts.netloc}"
    if _host(parts).endswith("api.openai.com") and not path:
        raise ValueError(f"base_url must end where the API begins: '{site}/v1'")
    if parts.fragment:
        # A `#` in a password ends the host early.
        shown = "" if "@" in parts.fragment else f": #{parts.fragment}"
        raise ValueError(f"base_url must not have a fragment{shown}")
    operation = None if set(_OPERATIONS).isdisjoint(_segments(path)) else _match(_OPERATION, path)
    if operation is not None:
        root, behind = operation["root"] or operation["chat_root"], operation["operation"] or operation["chat"]
        twice = _twice(root)
        root = root if twice is None else twice["root"]
        raise ValueError(f"base_url must end where the API begins, without {behind!r}: '{site}{root}'")
    twice = _twice(path)
    if twice is not None:
        raise ValueError(f"base_url has {twice['again']!r} twice: give '{site}{twice['root']}'")
    return site + path, dict(parse_qsl(parts.query, keep_blank_values=True))


def refuse_azure_resource(base_url: str) -> None:
    """Refuse the URL of an Azure resource that is not the URL of an API, and name the preset that makes one of it.

    Raises `ValueError`.
    """
    parts = urlsplit(base_url)
    host, site, path = _host(parts), f"{parts.scheme}://{parts.netloc}", parts.path.lower()
    if path == "/openai" or path.startswith("/openai/"):
        return
    if host.endswith(_RESOURCES):
        raise ValueError(f"base_url is an Azure OpenAI resource's: use AssistantsClient.azure('{site}', api_version=…)")
    if host.endswith(_FOUNDRY) and _match(_PROJECT, path) is None:
        project = f"{site}/api/projects/NAME"
        raise ValueError(f"base_url is a Foundry resource's: use AssistantsClient.foundry('{project}', credential)")


def azure_base_url(endpoint: str, api_version: str) -> str:
    """Read the endpoint of a resource, with whatever portals and other clients put behind it; return its base URL.

    Raises `ValueError` for a Foundry project's endpoint, and for an `api-version` in it that is not the given one.
    """
    parts = _endpoint(endpoint, api_version, "azure")
    root = f"{parts.scheme}://{parts.netloc}"
    if _match(_PROJECT, parts.path):
        raise ValueError("endpoint is a Foundry project's: use AssistantsClient.foundry(endpoint, credential)")
    if _host(parts).endswith((*_RESOURCES, _FOUNDRY)):
        # Azure's own hosts have the API there and nowhere else; `/models` is that of another API.
        return f"{root}/openai"
    found = _match(_OPENAI, parts.path)
    return f"{root}{(parts.path if found is None else found['before']).rstrip('/')}/openai"


def foundry_base_url(endpoint: str, api_version: str) -> str:
    """Read the endpoint of a project, with whatever portals and other clients put behind it; return its base URL.

    Raises `ValueError` for the endpoint of a resource, which has no project, and for another `api-version` in it.
    """
    parts = _endpoint(endpoint, api_version, "foundry")
    root = f"{parts.scheme}://{parts.netloc}"
    project = _match(_PROJECT, parts.path)
    if project is None and _host(parts).endswith(_RESOURCES):
        raise ValueError("endpoint is an Azure OpenAI resource's: use AssistantsClient.azure(endpoint, api_version=…)")
    if project is None and _host(parts).endswith(".azure.com"):
        shown = root + parts.path
        raise ValueError(f"endpoint must be a project's, such as '{root}/api/projects/NAME', not {shown!r}")
    return root + (parts.path.rstrip("/") if project is None else project["root"])


def port_of(parts: SplitResult, name: str) -> int | None:
    """Read the port of a URL; raises `ValueError`, which shows it, for one that is no number of 1 to 65535."""
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        # A slash in a password ends the host early: the text before it is then no port, and not shown.
        secret = any("@" in text for text in (parts.path, parts.query, parts.fragment))
        shown = "" if secret else f", not {parts.netloc.rpartition('@')[2].rpartition(':')[2]!r}"
        raise ValueError(f"{name} must have a port of 1 to 65535{shown}")
    refuse_torn_password(parts, name)
    return port


def refuse_torn_password(parts: SplitResult, name: str) -> None:
    """Refuse a URL whose password has a slash, which ends the host early; raises `ValueError` without any of it.

    `user:12/secret@host` would be host `user`, port 12 and a path, which errors and logs show.
    """
    if ":" in parts.netloc.rpartition("@")[2] and "@" in parts.path + parts.fragment:
        raise ValueError(f"{name} has an @ behind its port: write it as %40, and / and # in a password as %2F and %23")


def _split(name: str, text: str, wanted: str) -> SplitResult:
    """Split a URL; raises `ValueError`, without the password, for text that is none, and for pages without an API."""
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a checker
        raise TypeError(f"{name} must be a str, not {type(text).__name__}")
    if len(text) > _LONGEST_URL:
        raise ValueError(f"{name} must have at most {_LONGEST_URL} characters, not {len(text)}")
    try:
        parts = urlsplit(text.strip())
        host = _is_host(parts.hostname or "")
    except ValueError:  # an open bracket, an empty or endless label
        parts, host = urlsplit(""), None
        shown = "a host that cannot be read"
    else:
        shown = _shown(parts)
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"{name} must not have a user name or password: pass api_key or headers instead")
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"{name} must look like {wanted}, not {shown}")
    port_of(parts, name)
    _refuse_page(name, parts)
    return parts


def _shown(parts: SplitResult) -> str:
    """Write a URL that is refused, without its password; a text that may be no URL but a key is left out."""
    url = parts._replace(netloc=parts.hostname or "", query="").geturl()
    is_place = bool(parts.netloc) or (len(url) <= _LONGEST_PLACE and not {".", ":", "/"}.isdisjoint(url))
    if not url or (is_place and "@" not in url):
        return repr(printable(url))
    return f"a str of length {len(url)}"


def _endpoint(endpoint: str, api_version: str, preset: str) -> SplitResult:
    """Split an endpoint of Azure's; the version in its query must be the given one."""
    parts = _split("endpoint", endpoint, "https://name.….azure.com")
    host = _host(parts)
    if host.endswith("api.openai.com"):
        raise ValueError("endpoint is the vendor's own API: use AssistantsClient(base_url='https://api.openai.com/v1')")
    version = dict(parse_qsl(parts.query)).get("api-version", api_version)
    if version != api_version:
        raise ValueError(f"endpoint has api-version={version}, and {preset}() has api_version={api_version!r}")
    return parts


def _refuse_page(name: str, parts: SplitResult) -> None:
    """Refuse pages for people, which answer with HTML: of portals, of the vendor, of a server's own documentation."""
    host = _host(parts)
    if host in _PORTALS:
        raise ValueError(
            f"{name} is a page of {host}: give the endpoint that it shows, 'https://NAME.services.ai.azure.com"
            "/api/projects/PROJECT' to AssistantsClient.foundry() or 'https://NAME.openai.azure.com' to .azure()"
        )
    pages = host in ("openai.com", "chatgpt.com") or host.endswith((".openai.com", ".chatgpt.com"))
    if pages and not host.endswith("api.openai.com"):
        raise ValueError(f"{name} is a page of {host}: the vendor's API begins at 'https://api.openai.com/v1'")
    path = parts.path.rstrip("/")
    page = _match(_PAGE, path) if _segments(path)[-1] in _PAGES else None
    if page is not None:
        root = f"{parts.scheme}://{parts.netloc}{page['root'] or '/v1'}"
        raise ValueError(f"{name} is a page about the API, {page['page']!r}: give its root, such as '{root}'")


def _is_host(host: str) -> bool:
    """Check the characters of a host; raises `ValueError` for a label that is empty or too long."""
    if not host or not all(char.isalnum() or char in "_.:-" for char in host):
        return False
    if host.isascii():  # as the codec of IDNA has it, whose import takes longer than all else here
        *labels, last = host.split(".")
        if not all(0 < len(label) < _LABEL for label in labels) or len(last) >= _LABEL:
            raise ValueError(host)
        return True
    return bool(host.encode("idna"))


def _segments(path: str) -> list[str]:
    return path.lower().split("/")


def _match(pattern: str, text: str) -> re.Match[str] | None:
    return re.fullmatch(pattern, text, re.IGNORECASE)


def _twice(path: str) -> re.Match[str] | None:
    """Find an end of a path that repeats itself, as in `/v1/v1`."""
    segments = _segments(path)
    return _match(_TWICE, path) if segments.count("v1") + segments.count("openai") > 1 else None


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").lower().rstrip(".")
