"""Base URLs and endpoints as people paste them: bare hosts, doubled roots, pages, portals and bad ports."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from assistants_async import AssistantsClient
from assistants_async.core.requests.base_url import azure_base_url, foundry_base_url, split_base_url

READERS: dict[str, Callable[[str], Any]] = {
    "base_url": split_base_url,
    "azure": partial(azure_base_url, api_version="1"),
    "foundry": partial(foundry_base_url, api_version="v1"),
}
every_reader = pytest.mark.parametrize("read", READERS.values(), ids=READERS)

ENDS_EARLIER = {
    "the vendor's host": ("https://api.openai.com", "where the API begins: 'https://api.openai.com/v1'"),
    "a region of the vendor's": ("https://eu.api.openai.com/", "where the API begins: 'https://eu.api.openai.com/v1'"),
    "chat without a root": ("https://host.test/chat/completions", "without 'chat/completions': 'https://host.test'"),
    "threads of a project": (
        "https://host.test/api/projects/p/threads",
        "without 'threads': 'https://host.test/api/projects/p'",
    ),
    "speech": ("https://host.test/v1/audio/speech", "without 'audio/speech': 'https://host.test/v1'"),
    "a version twice": ("https://host.test/v1/v1/", "has '/v1' twice: give 'https://host.test/v1'"),
    "a version three times": ("https://host.test/a/v1/v1/v1", "has '/v1' twice: give 'https://host.test/a/v1'"),
    "a path twice": ("https://h.test/openai/v1/openai/v1", "has '/openai/v1' twice: give 'https://h.test/openai/v1'"),
    "an operation behind it": ("https://host.test/v1/v1/threads", "without 'threads': 'https://host.test/v1'"),
}


@pytest.mark.parametrize(("text", "words"), ENDS_EARLIER.values(), ids=ENDS_EARLIER)
def test_a_base_url_that_ends_elsewhere_is_refused_with_the_right_one(text: str, words: str) -> None:
    """The error shows the URL to give."""
    with pytest.raises(ValueError, match=r"^base_url ") as caught:
        split_base_url(text)
    assert str(caught.value).endswith(words)


PAGES = {
    "docs": ("http://127.0.0.1:8000/docs", "'docs': give its root, such as 'http://127.0.0.1:8000/v1'"),
    "docs with a fragment": (
        "http://h.test/docs#/default/createRun",
        "'docs': give its root, such as 'http://h.test/v1'",
    ),
    "docs behind a root": ("https://h.test/api/v1/docs/", "'docs': give its root, such as 'https://h.test/api/v1'"),
    "sign-in of docs": ("https://h.test/docs/oauth2-redirect", "such as 'https://h.test/v1'"),
    "redoc": ("https://h.test/redoc", "'redoc': give its root, such as 'https://h.test/v1'"),
    "a document": ("https://h.test/v1/openapi.json", "'openapi.json': give its root, such as 'https://h.test/v1'"),
    "a document in YAML": ("https://h.test/openapi.yaml", "'openapi.yaml': give its root, such as 'https://h.test/v1'"),
    "swagger": ("https://h.test/swagger/v1/swagger.json", "'swagger/v1/swagger.json': give its root, such as"),
    "an index": ("https://h.test/swagger-ui/index.html", "'swagger-ui/index.html': give its root, such as"),
    "health": ("https://h.test/healthz", "'healthz': give its root, such as 'https://h.test/v1'"),
    "Foundry's portal": (
        "https://ai.azure.com/nextgen/r/abc,rg,,name,p/home",
        "'https://NAME.services.ai.azure.com/api",
    ),
    "Azure's portal": (
        "https://portal.azure.com/#@a.test/resource/subscriptions/1",
        "is a page of portal.azure.com: give",
    ),
    "Azure OpenAI's portal": ("https://OAI.azure.com/portal/1/chat?tenantid=1", "to AssistantsClient.foundry() or"),
    "resources by id": ("https://management.azure.com/subscriptions/1", "is a page of management.azure.com"),
    "a manual": ("https://learn.microsoft.com/en-us/azure/ai-services/openai", "is a page of learn.microsoft.com"),
    "the vendor's pages": ("https://platform.openai.com/docs/assistants", "API begins at 'https://api.openai.com/v1'"),
    "the vendor's chat": ("https://chatgpt.com", "is a page of chatgpt.com: the vendor's API begins at"),
}


@every_reader
@pytest.mark.parametrize(("text", "words"), PAGES.values(), ids=PAGES)
def test_a_page_is_refused_with_the_right_url(read: Callable[[str], Any], text: str, words: str) -> None:
    """It would answer every call with HTML."""
    with pytest.raises(ValueError, match=r"^(base_url|endpoint) is a page ") as caught:
        read(text)
    assert words in str(caught.value)


PORTS = {
    "a word": ("https://host.test:port/v1", ", not 'port'"),
    "out of range": ("https://host.test:70000/v1", ", not '70000'"),
    "zero": ("https://host.test:0/v1", ", not '0'"),
    "negative": ("https://host.test:-1/v1", ", not '-1'"),
    "of IPv6": ("http://[::1]:x/v1", ", not 'x'"),
    "a password with a slash": ("https://user:hunter2/x@host.test/v1", " 65535"),
    "a password with a question mark": ("https://user:hunter2?x@host.test/v1", " 65535"),
    "a password with a hash": ("https://user:hunter2#x@host.test/v1", " 65535"),
}


@every_reader
@pytest.mark.parametrize(("text", "end"), PORTS.values(), ids=PORTS)
def test_a_bad_port_is_named(read: Callable[[str], Any], text: str, end: str) -> None:
    """A part of a password is not taken for a port that may be shown."""
    with pytest.raises(ValueError, match="must have a port of 1 to 65535") as caught:
        read(text)
    assert str(caught.value).endswith(end)
    assert "hunter2" not in str(caught.value)


@every_reader
@pytest.mark.parametrize("text", ["https://user:12/hunter2@host.test/v1", "https://user:12#hunter2@host.test/v1"])
def test_a_password_that_ends_the_host_early_is_not_shown(read: Callable[[str], Any], text: str) -> None:
    """Neither is the host `user` asked, with a password in the path."""
    with pytest.raises(ValueError, match="has an @ behind its port: write it as %40") as caught:
        read(text)
    assert "hunter2" not in str(caught.value)


RESOURCES = {
    "a bare resource": (
        "https://res.openai.azure.com",
        r"AssistantsClient\.azure\('https://res\.openai\.azure\.com', ",
    ),
    "with a version": (
        "https://res.openai.azure.com/v1/",
        r"AssistantsClient\.azure\('https://res\.openai\.azure\.com', ",
    ),
    "of many services": ("https://res.cognitiveservices.azure.com", r"AssistantsClient\.azure\("),
    "of a government": ("https://res.openai.azure.us/", r"AssistantsClient\.azure\('https://res\.openai\.azure\.us'"),
    "Foundry's": (
        "https://res.services.ai.azure.com",
        r"AssistantsClient\.foundry\('https://res\.services\.ai\.azure\.com/api/projects/NAME', credential\)",
    ),
    "models of Foundry's": ("https://RES.services.ai.azure.com/models", r"AssistantsClient\.foundry\("),
}


@pytest.mark.parametrize(("url", "words"), RESOURCES.values(), ids=RESOURCES)
@pytest.mark.parametrize("way", ["argument", "environment"])
def test_a_resource_is_refused_as_base_url(url: str, words: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error has the call to make instead."""
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    settings: dict[str, Any] = {"base_url": url} if way == "argument" else {}
    with pytest.raises(ValueError, match=f"^base_url is .*{words}"):
        AssistantsClient(api_key="k", **settings)


async def test_a_root_on_a_resource_is_taken() -> None:
    """Both of Azure's roots, with the version in the query."""
    for path in ("/openai", "/openai/v1", "/openai?api-version=1"):
        async with AssistantsClient(base_url=f"https://res.openai.azure.com{path}", api_key="k") as client:
            assert "azure.com/openai" in repr(client)
    async with AssistantsClient(base_url="https://res.services.ai.azure.com/api/projects/p", api_key="k") as client:
        assert "/api/projects/p" in repr(client)


@pytest.mark.parametrize("path", ["", "/models", "/models/chat/completions?api-version=1", "/v1", "/openai/v1/"])
@pytest.mark.parametrize("host", ["r.services.ai.azure.com", "r.openai.azure.com", "r.cognitiveservices.azure.com"])
def test_azure_puts_the_api_in_place_of_any_other_path(host: str, path: str) -> None:
    """A resource has it in one place; `/models` is that of another API."""
    assert azure_base_url(f"https://{host}{path}", "1") == f"https://{host}/openai"


def test_a_gateway_keeps_its_own_path() -> None:
    """Only a whole part of the path counts as the API's root."""
    assert azure_base_url("https://gw.test/openai-eu/", "1") == "https://gw.test/openai-eu/openai"
    assert azure_base_url("https://gw.test/a/openai/deployments/x", "1") == "https://gw.test/a/openai"
    for path in ("/docs/v1", "/health/v1", "/v1/v2", "/openai/v1", "/team/docs-bot/v1"):
        assert split_base_url(f"https://gw.test{path}")[0] == f"https://gw.test{path}"


@pytest.mark.parametrize("preset", ["azure", "foundry"])
def test_a_preset_refuses_the_vendors_api(preset: str) -> None:
    """The error says how to reach it."""
    with pytest.raises(ValueError, match=r"use AssistantsClient\(base_url='https://api\.openai\.com/v1'\)"):
        READERS[preset]("https://api.openai.com/v1")


@pytest.mark.parametrize("host", ["r.cognitiveservices.azure.com", "r.openai.azure.us"])
def test_foundry_refuses_resources_of_every_zone(host: str) -> None:
    """They have no projects."""
    with pytest.raises(ValueError, match=r"use AssistantsClient\.azure\("):
        foundry_base_url(f"https://{host}/", "v1")


def test_a_host_that_cannot_be_read_is_refused_by_name() -> None:
    """The words are ours."""
    with pytest.raises(ValueError, match=r"^base_url must look like https://host/v1, not a host that cannot be read"):
        split_base_url("http://[::1/v1")


@pytest.mark.parametrize("text", ["/v1" * 300_000, "/docs" * 200_000 + "x"], ids=["versions", "pages"])
def test_a_url_without_an_end_is_refused_at_once(text: str) -> None:
    """Before the patterns, which would take hours."""
    with pytest.raises(ValueError, match=r"^base_url must have at most 2048 characters, not \d+$"):
        split_base_url(f"https://host.test{text}")
