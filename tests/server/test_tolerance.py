"""Differences of other vendors' clients, and the headers that they read."""

from __future__ import annotations

import pytest

from tests.support.talk import Document, Talk, path_of, talking

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("prefix", ["/openai", "/openai/v1", "/api/projects/mine", "/v1"])
async def test_prefixes(talk: Talk, prefix: str) -> None:
    """The whole API is at each of its places, with or without `api-version`."""
    root = talk.server.base_url.removesuffix("/v1") + prefix
    assistant = (await talk("POST", f"{root}/assistants?api-version=2024-05-01-preview", {"model": "m"})).document
    answer = await talk("GET", f"{root}/assistants/{assistant['id']}?api-version=v1")
    assert answer.document == assistant
    body = {"assistant_id": assistant["id"], "thread": {"messages": [{"role": "user", "content": "x"}]}}
    run = (await talk("POST", f"{root}/threads/runs?api-version=v1", body)).document
    assert run["object"] == "thread.run"


async def test_content_type_without_a_body(talk: Talk) -> None:
    """`content-type: application/json` with nothing behind it is no error."""
    thread = (await talk("POST", "/threads", headers=JSON)).document
    run = await talk.run("/stall")
    assert (await talk("POST", path_of(run) + "/cancel", headers=JSON)).status == 200
    assert (await talk("DELETE", f"/threads/{thread['id']}", headers=JSON)).status == 200
    assert (await talk("POST", path_of(run) + "/cancel", data=b"junk", headers=JSON)).status == 400


@pytest.mark.parametrize("path", ["", "/messages", "/runs"], ids=["thread", "message", "run"])
async def test_no_files_of_a_message_in_v1(path: str) -> None:
    """`file_ids: []`, as agents of that time send it with each message, is as good as none."""
    message: Document = {"role": "user", "content": "x", "file_ids": [], "metadata": None}
    async with talking(protocol="v1") as talk:
        if path == "/runs":
            run = {"assistant_id": (await talk.assistant())["id"], "thread": {"messages": [message]}}
            assert (await talk("POST", "/threads/runs", run)).status == 200
            return
        thread = (await talk("POST", "/threads", {} if path else {"messages": [message]})).document
        if path:
            assert (await talk("POST", f"/threads/{thread['id']}{path}", message)).document["file_ids"] == []
        (shown,) = (await talk.get(f"/threads/{thread['id']}/messages"))["data"]
        assert shown["file_ids"] == []


async def test_include(talk: Talk) -> None:
    """`include[]` may be in a query, repeated, where the documents have it."""
    run = await talk.until(await talk.run("hello"), "completed")
    query = "include[]=step_details.tool_calls%5B*%5D.file_search.results%5B*%5D.content&include[]=b"
    assert (await talk("GET", f"{path_of(run)}/steps?{query}")).status == 200
    body = {"assistant_id": run["assistant_id"]}
    assert (await talk("POST", f"/threads/{run['thread_id']}/runs?{query}", body)).status == 200


async def test_a_run_named_runs_is_no_thread(talk: Talk) -> None:
    """POST `/threads/runs` makes a run, and a thread that is named so is still just not there."""
    answer = await talk("POST", "/threads/runs", {})
    assert answer.error["param"] == "assistant_id"
    assert (await talk("GET", "/threads/runs")).error["message"] == "No thread found with id 'runs'."


async def test_headers() -> None:
    """Answers carry the vendor's headers; how soon to ask again is on runs that are not over."""
    async with talking(pace=0.002) as talk:
        run = await talk("POST", "/threads/runs", await talk.ask("hello"))
        assert run.headers["openai-poll-after-ms"] == "2"
        assert run.headers["openai-version"] == "2020-10-01"
        assert run.headers["openai-processing-ms"].isdecimal()
        assert run.headers["x-request-id"].startswith("req_")
        done = await talk.until(run.document, "completed")
        answer = await talk("GET", path_of(done))
        assert "openai-poll-after-ms" not in answer.headers
        assert answer.headers["content-type"].startswith("application/json")


async def test_seed() -> None:
    """The same seed gives the same ids, however often one looks; without one they differ."""
    seen = []
    for looks, seed in ((0, 7), (3, 7), (0, None), (0, None)):
        async with talking(seed=seed) as talk:
            for _ in range(looks):
                await talk.get("/assistants")
            answer = await talk("POST", "/assistants", {"model": "m"})
            seen.append((answer.document["id"], (await talk.upload())["id"]))
    assert seen[0] == seen[1]
    assert len(set(seen)) == 3
    assert [name.partition("_")[0] for name, _ in seen] == ["asst"] * 4
    assert all(name.startswith("file-") for _, name in seen)


async def test_request_ids() -> None:
    """`x-request-id` is the same under the same seed, and differs from request to request."""
    seen = []
    for _ in range(2):
        async with talking() as talk:
            seen.append([(await talk("GET", "/assistants")).headers["x-request-id"] for _ in range(2)])
    assert seen[0] == seen[1]
    assert seen[0][0] != seen[0][1]
