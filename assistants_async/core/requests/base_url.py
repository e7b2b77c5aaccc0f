"""The base URL of a client, checked and taken apart."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlsplit

_HOST = r"[\w.:-]+"
# Paths of operations, as they stand in documentation and in other clients' settings, behind the root of an API.
_OPERATION = re.compile(
    r"(?P<root>.*/(?:v1|openai))/(?P<operation>(?:assistants|threads|files|vector_stores|uploads|models|responses|embeddings"
    r"|completions|chat/completions|deployments)(?:/.*)?)",
    re.IGNORECASE,
)
_PROJECT = re.compile(r"(?P<root>.*/api/projects/[^/]+)(?:/.*)?", re.IGNORECASE)


def split_base_url(base_url: str) -> tuple[str, dict[str, str]]:
    """Part a base URL into the text that paths are put behind, and the query that goes with every request.

    Raises `ValueError` for anything but http(s)://host[:port][/path][?query].
    """
    if not isinstance(base_url, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a checker
        raise TypeError(f"base_url must be a str, not {type(base_url).__name__}")
    parts = urlsplit(base_url.strip())
    try:
        port = parts.port
        host = re.fullmatch(_HOST, parts.hostname or "") and (parts.hostname or "").encode("idna")
    except ValueError:
        port, host = 0, b""
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise ValueError(
            f"base_url must look like https://host/v1, not {parts._replace(netloc=parts.hostname or '').geturl()!r}"
        )
    if parts.username is not None or parts.password is not None:
        raise ValueError("base_url must not hold a user name or password: pass api_key or headers instead")
    if parts.fragment:
        raise ValueError(f"base_url must not have a fragment: #{parts.fragment}")
    path = quote(parts.path.rstrip("/"), safe="/%:@!$&'()*+,;=~-._")
    operation = _OPERATION.fullmatch(path)
    if operation is not None:
        root = f"{parts.scheme}://{parts.netloc}{operation['root']}"
        raise ValueError(f"base_url must end where the API begins, without {operation['operation']!r}: {root!r}")
    return f"{parts.scheme}://{parts.netloc}{path}", dict(parse_qsl(parts.query, keep_blank_values=True))


def azure_base_url(endpoint: str, api_version: str) -> str:
    """Read the endpoint of a resource, with whatever portals and other clients put behind it; return its base URL.

    Raises `ValueError` for a Foundry project's endpoint, and for an `api-version` in it that is not the given one.
    """
    root, path = _root(endpoint, api_version, "azure")
    if _PROJECT.fullmatch(path):
        raise ValueError("endpoint is a Foundry project's: use AssistantsClient.foundry(endpoint, credential)")
    before, found, _ = path.partition("/openai")
    return f"{root}{(before if found else path).rstrip('/')}/openai"


def foundry_base_url(endpoint: str, api_version: str) -> str:
    """Read the endpoint of a project, with whatever portals and other clients put behind it; return its base URL.

    Raises `ValueError` for the endpoint of a resource, which has no project, and for another `api-version` in it.
    """
    root, path = _root(endpoint, api_version, "foundry")
    project = _PROJECT.fullmatch(path)
    host = (urlsplit(root).hostname or "").lower()
    if project is None and host.endswith(".openai.azure.com"):
        raise ValueError("endpoint is an Azure OpenAI resource's: use AssistantsClient.azure(endpoint, api_version=…)")
    if project is None and host.endswith(".azure.com"):
        raise ValueError(f"endpoint must be a project's, such as '{root}/api/projects/NAME', not {root + path!r}")
    return root + (path.rstrip("/") if project is None else project["root"])


def _root(endpoint: str, api_version: str, preset: str) -> tuple[str, str]:
    """Part an endpoint into scheme with host, and path; the version in its query must be the given one."""
    if not isinstance(endpoint, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a checker
        raise TypeError(f"endpoint must be a str, not {type(endpoint).__name__}")
    parts = urlsplit(endpoint.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        shown = parts._replace(netloc=parts.hostname or "", query="").geturl()
        raise ValueError(f"endpoint must look like https://name.….azure.com, not {shown!r}")
    if parts.username is not None or parts.password is not None:
        raise ValueError("endpoint must not hold a user name or password")
    version = dict(parse_qsl(parts.query)).get("api-version", api_version)
    if version != api_version:
        raise ValueError(f"endpoint has api-version={version}, and {preset}() has api_version={api_version!r}")
    return f"{parts.scheme}://{parts.netloc}", parts.path
