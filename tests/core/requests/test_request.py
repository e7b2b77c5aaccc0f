"""Requests before they are sent: base URLs, written-out URLs, headers and bodies, and what their reprs show."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from assistants_async.core.requests.base_url import azure_base_url, foundry_base_url, split_base_url
from assistants_async.core.requests.request import SECRET_HEADERS, SentHeaders, bind, write
from assistants_async.endpoints import CANCEL_RUN, CREATE_ASSISTANT, CREATE_RUN, GET_THREAD, KINDS, LIST_RUNS, TABLE

BASE = "https://host.test/v1"

GOOD: dict[str, tuple[str, str, dict[str, str]]] = {
    "plain": ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1", {}),
    "trailing slash": ("https://host.test/v1/", "https://host.test/v1", {}),
    "trailing slashes": ("https://host.test/v1//", "https://host.test/v1", {}),
    "no path": ("https://host.test", "https://host.test", {}),
    "spaces around": (" https://host.test/v1\n", "https://host.test/v1", {}),
    "deep path": ("https://host.test/api/projects/p%20q", "https://host.test/api/projects/p%20q", {}),
    "path to encode": ("https://host.test/a b/é", "https://host.test/a%20b/%C3%A9", {}),
    "query": ("https://host.test/x?api-version=v1&a=", "https://host.test/x", {"api-version": "v1", "a": ""}),
    "encoded query": ("https://host.test/x?a=b%26c", "https://host.test/x", {"a": "b&c"}),
    "IPv6": ("http://[::1]:8080/v1", "http://[::1]:8080/v1", {}),
    "international name": ("https://müller.test/v1", "https://müller.test/v1", {}),
    "final dot": ("https://host.test./v1", "https://host.test./v1", {}),
    "capitals": ("HTTPS://Host.test/V1", "https://Host.test/V1", {}),
}


@pytest.mark.parametrize(("text", "base_url", "query"), GOOD.values(), ids=GOOD.keys())
def test_a_base_url_is_parted_into_prefix_and_query(text: str, base_url: str, query: dict[str, str]) -> None:
    """Paths are put behind the prefix, the query goes with every request."""
    assert split_base_url(text) == (base_url, query)


BAD = {
    "empty": "",
    "no scheme": "host.test/v1",
    "no scheme, with port": "127.0.0.1:8080/v1",
    "no host": "http:///v1",
    "file": "file:///etc/passwd",
    "websocket": "ws://host.test/v1",
    "user": "https://user@host.test/v1",
    "user and password": "https://user:hunter2@host.test/v1",
    "fragment": "https://host.test/v1#x",
    "malformed port": "https://host.test:port/v1",
    "port out of range": "https://host.test:70000/v1",
    "port zero": "https://host.test:0/v1",
    "open bracket": "http://[::1/v1",
    "space in the host": "http://a b.test/v1",
    "percent in the host": "http://%61.test/v1",
    "backslash in the host": "http://a\\b.test/v1",
    "empty label": "http://a..test/v1",
    "endless label": f"http://{'x' * 64}.test/v1",
    "password and bad port": "https://user:hunter2@host.test:port/v1",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_a_base_url_of_another_form_is_refused(text: str) -> None:
    """The ValueError names the fault, and shows no password."""
    with pytest.raises(ValueError, match=r"base_url|Invalid IPv6") as caught:
        split_base_url(text)
    assert "hunter2" not in str(caught.value)


PASTED = {
    "a chat endpoint": ("https://host.test/v1/chat/completions", "'https://host.test/v1'"),
    "assistants": ("https://host.test/v1/assistants", "'https://host.test/v1'"),
    "a thread's runs": ("https://host.test/openai/v1/threads/t/runs/", "'https://host.test/openai/v1'"),
    "responses": ("https://host.test/api/V1/Responses", "'https://host.test/api/V1'"),
    "a deployment": (
        "https://host.test/openai/deployments/gpt/chat/completions?api-version=1",
        "'https://host.test/openai'",
    ),
}


@pytest.mark.parametrize(("text", "root"), PASTED.values(), ids=PASTED)
def test_a_base_url_with_an_operation_behind_it_is_refused(text: str, root: str) -> None:
    """The error names the part that is too much, and the URL without it."""
    with pytest.raises(ValueError, match="must end where the API begins, without") as caught:
        split_base_url(text)
    assert str(caught.value).endswith(root)


def test_a_server_of_such_a_name_is_left_alone() -> None:
    """An operation's name counts behind the root of an API alone."""
    assert split_base_url("https://assistants.test/assistants")[0] == "https://assistants.test/assistants"
    assert split_base_url("https://host.test/v1/tenants/assistants")[0] == "https://host.test/v1/tenants/assistants"


AZURE = "https://name.openai.azure.com"
PROJECT = "https://name.services.ai.azure.com/api/projects/p"


@pytest.mark.parametrize(
    "behind",
    [
        "",
        "/",
        "/openai",
        "/openai/",
        "/openai/v1/",
        "/openai/assistants?api-version=1",
        "/openai/deployments/gpt-4o/chat/completions?api-version=1",
    ],
)
def test_an_azure_endpoint_as_it_is_pasted(behind: str) -> None:
    """Paths that portals and other clients put behind the resource are dropped."""
    assert azure_base_url(f" {AZURE}{behind}\n", "1") == f"{AZURE}/openai"


@pytest.mark.parametrize("behind", ["", "/", "/openai/v1", "/assistants", "/threads/t/runs?api-version=v1", "/agents/"])
def test_a_foundry_endpoint_as_it_is_pasted(behind: str) -> None:
    """The project is all that counts."""
    assert foundry_base_url(f"{PROJECT}{behind}", "v1") == PROJECT


def test_endpoints_of_servers_of_the_same_form() -> None:
    """A gateway or a double of its own name has its own paths."""
    assert azure_base_url("http://127.0.0.1:8000/gateway/", "1") == "http://127.0.0.1:8000/gateway/openai"
    assert foundry_base_url("http://127.0.0.1:8000/agents/", "v1") == "http://127.0.0.1:8000/agents"


WRONG: dict[str, tuple[Any, str]] = {
    "a project as a resource": (lambda: azure_base_url(PROJECT, "1"), r"use AssistantsClient\.foundry"),
    "a resource as a project": (lambda: foundry_base_url(AZURE, "v1"), r"use AssistantsClient\.azure"),
    "no project": (lambda: foundry_base_url("https://name.services.ai.azure.com", "v1"), "/api/projects/NAME"),
    "another version": (lambda: azure_base_url(f"{AZURE}?api-version=2", "1"), "api-version=2, and azure"),
    "no scheme": (lambda: azure_base_url("name.openai.azure.com", "1"), "must look like https://"),
    "a connection string": (lambda: foundry_base_url("eastus.api.azureml.ms;sub;group;p", "v1"), "must look like"),
    "a password": (lambda: azure_base_url("https://user:hunter2@name.openai.azure.com", "1"), "must not have a user"),
}


@pytest.mark.parametrize(("made", "words"), WRONG.values(), ids=WRONG)
def test_an_endpoint_of_another_kind_is_refused_by_name(made: Any, words: str) -> None:
    """The error names the preset to use, or the missing part; no password shows."""
    with pytest.raises(ValueError, match=words) as caught:
        made()
    assert "hunter2" not in str(caught.value)


def test_an_endpoint_that_is_no_text() -> None:
    """A TypeError, as for a base URL."""
    wrong: Any = None
    with pytest.raises(TypeError, match="endpoint must be a str, not NoneType"):
        azure_base_url(wrong, "1")


def test_a_base_url_of_another_kind_is_a_type_error() -> None:
    """As a `yarl.URL` or a number would be."""
    wrong: Any = 5
    with pytest.raises(TypeError, match="base_url must be a str, not int"):
        split_base_url(wrong)


def test_a_request_is_written_out_once_and_whole() -> None:
    """URL, query and JSON body come from the row, the ids and the keywords."""
    request = bind(CREATE_RUN, ("a/b",), {"assistant_id": "asst_1", "include": ["x y"]}, protocol="v2", kinds=KINDS)
    outgoing = write(request, BASE, SentHeaders(), {"api-version": "v1"})
    assert (outgoing.operation, outgoing.method) == ("runs.create", "POST")
    assert outgoing.url == BASE + "/threads/a%2Fb/runs?api-version=v1&include[]=x%20y"
    assert outgoing.body == b'{"assistant_id":"asst_1"}'
    assert outgoing.headers == {"content-type": "application/json"}


def test_the_query_of_a_call_comes_before_that_of_the_client() -> None:
    """A parameter that both name is the call's; None in a view takes one away."""
    request = bind(LIST_RUNS, ("thread_1",), {"limit": 3}, protocol="v2")
    assert write(request, BASE, SentHeaders(), {"limit": 9, "x": None}).url == BASE + "/threads/thread_1/runs?limit=3"


def test_a_request_without_keywords_has_neither_query_nor_body_nor_type() -> None:
    """Servers refuse an empty body that claims to be JSON."""
    for row in (GET_THREAD, CANCEL_RUN):
        request = bind(row, ("id_1",) * len(row.parameters), {}, protocol="v2")
        outgoing = write(request, BASE, SentHeaders(), {})
        assert (outgoing.body, dict(outgoing.headers)) == (None, {})
        assert "?" not in outgoing.url


@pytest.mark.parametrize("operation", ["createThread", "modifyThread", "modifyRun"])
def test_a_post_that_takes_a_body_has_one(operation: str) -> None:
    """Without keywords it is an empty object, which servers in strict frameworks want to see."""
    row = TABLE[operation]
    outgoing = write(bind(row, ("id_1",) * len(row.parameters), {}, protocol="v2"), BASE, SentHeaders(), {})
    assert outgoing.body == b"{}"


@pytest.mark.parametrize("keywords", [{}, {"model": "gpt-4o", "temperature": 1.5, "metadata": {"a": "\\}"}}])
def test_a_member_is_put_into_the_body_and_its_json(keywords: dict[str, Any]) -> None:
    """Workflows add members of their own: the sent JSON is the body with them, each name once."""
    request = bind(CREATE_RUN, ("t_1",), {"assistant_id": "a_1", **keywords}, protocol="v2")
    for value in (True, False):
        request.add_member("stream", value)
        wanted = {"assistant_id": "a_1", **keywords, "stream": value}
        assert request.body == wanted
        assert write(request, BASE, SentHeaders(), {}).body == msgspec.json.encode(wanted)


def test_a_member_is_put_into_a_body_that_a_hook_changed() -> None:
    """The JSON from before the change is not sent then."""
    request = bind(CREATE_RUN, ("t_1",), {"assistant_id": "a_1"}, protocol="v2")
    request.body = {"assistant_id": "a_2"}
    request.add_member("stream", True)
    assert write(request, BASE, SentHeaders(), {}).body == b'{"assistant_id":"a_2","stream":true}'


def test_reprs_show_neither_ids_nor_keywords_nor_credentials() -> None:
    """Requests are in tracebacks and logs, so their reprs have the operation and no more."""
    request = bind(CREATE_ASSISTANT, (), {"model": "secret-model"}, protocol="v2")
    outgoing = write(request, BASE, SentHeaders({"authorization": "Bearer sk-1"}), {"q": "secret-query"})
    assert repr(request) == "<Request assistants.create: POST /assistants>"
    assert repr(outgoing) == "<PreparedRequest assistants.create: POST attempt 1>"


@pytest.mark.parametrize("name", sorted(SECRET_HEADERS))
def test_sent_headers_mask_credentials(name: str) -> None:
    """The value is not shown, for any capitals of the name."""
    headers = SentHeaders({name: "hidden", name.title(): "hidden", "accept": "shown"})
    assert "hidden" not in repr(headers)
    assert "shown" in repr(headers)
    assert headers[name] == "hidden"
