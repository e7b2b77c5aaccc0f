"""A turn of a run as the body of a chat completion: golden requests, one a rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from assistants_async.server.backend.prompt import PromptError, Thread, request_body
from assistants_async.server.backend.settings import BackendSettings
from assistants_async.server.engine.turn import ToolOutput, ToolRound, TurnFile, TurnItem

PNG = b"\x89PNG\r\n"
LARGE = bytes(11 * 2**20)
FILES = {
    "file-png": TurnFile("a.bin", lambda: PNG),
    "file-md": TurnFile("notes.md", lambda: b"# Notes"),
    "file-large": TurnFile("large.jpg", lambda: LARGE),
}
FUNCTION = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": True}}
OTHER = {"type": "function", "function": {"name": "g"}}
SEARCH = {"type": "file_search"}


def message(id: str, role: str = "user", *content: Any, **members: Any) -> dict[str, Any]:
    """A message's document; texts become text parts."""
    parts = [
        {"type": "text", "text": {"value": part, "annotations": []}} if isinstance(part, str) else part
        for part in content
    ]
    return {"id": id, "role": role, "content": parts, "run_id": None, **members}


def rounds(run: str, *calls: str, message_id: str = "") -> ToolRound:
    """A round of calls of `f`."""
    return ToolRound(run, tuple(ToolOutput(call, "f", '{"x":1}', f"out {call}") for call in calls), message_id)


def assistant(*calls: str, content: object = None) -> list[dict[str, Any]]:
    """The chat messages of such a round."""
    made = [{"id": call, "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}} for call in calls]
    outputs = [{"role": "tool", "tool_call_id": call, "content": f"out {call}"} for call in calls]
    return [{"role": "assistant", "content": content, "tool_calls": made}, *outputs]


def user(text: str) -> dict[str, Any]:
    """A chat message by the user."""
    return {"role": "user", "content": text}


HELLO = message("m1", "user", "Hello")


def body(
    items: Sequence[TurnItem] = (HELLO,),
    run: Mapping[str, Any] | None = None,
    settings: BackendSettings | None = None,
    **thread: Any,
) -> dict[str, Any]:
    """The body for a thread."""
    whole = {"id": "run", "model": "gpt-4o", "instructions": "", "tools": [], **(run or {})}
    given = Thread(run=whole, items=items, file=FILES.get, **thread)
    return request_body(given, settings or BackendSettings())


def test_the_smallest_run() -> None:
    """A run without settings becomes a streamed request without options."""
    assert body() == {
        "model": "gpt-4o",
        "messages": [user("Hello")],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


MESSAGES: dict[str, tuple[Sequence[TurnItem], Mapping[str, Any], list[dict[str, Any]]]] = {
    "instructions": (
        [HELLO],
        {"instructions": "Be brief."},
        [{"role": "system", "content": "Be brief."}, user("Hello")],
    ),
    "roles in order": (
        [HELLO, message("m2", "assistant", "Hi"), message("m3", "user", "And?")],
        {},
        [user("Hello"), {"role": "assistant", "content": "Hi"}, user("And?")],
    ),
    "several texts of a user": (
        [message("m1", "user", "a", "b")],
        {},
        [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}],
    ),
    "several texts of the assistant": (
        [message("m1", "assistant", "a", "b")],
        {},
        [{"role": "assistant", "content": "a\nb"}],
    ),
    "a refusal": (
        [message("m1", "assistant", {"type": "refusal", "refusal": "No."})],
        {},
        [{"role": "assistant", "content": "No."}],
    ),
    "an image by link": (
        [message("m1", "user", "See", {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}})],
        {},
        [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "See"},
                    {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
                ],
            }
        ],
    ),
    "an image by file": (
        [message("m1", "user", {"type": "image_file", "image_file": {"file_id": "file-png", "detail": "high"}})],
        {},
        [
            {
                "role": "user",
                "content": [
                    {
                        "type": "image_url",
                        "image_url": {"url": "data:image/png;base64,iVBORw0K", "detail": "high"},
                    }
                ],
            }
        ],
    ),
    "an image whose file is gone": (
        [message("m1", "user", {"type": "image_file", "image_file": {"file_id": "file-gone"}})],
        {},
        [
            {
                "role": "user",
                "content": [{"type": "text", "text": "(There was an image here; its file has been deleted.)"}],
            }
        ],
    ),
    "an attachment": (
        [message("m1", "user", "Hello", attachments=[{"file_id": "file-md", "tools": [SEARCH]}])],
        {"instructions": "Be brief."},
        [
            {"role": "system", "content": "Be brief.\n\nFiles attached to the conversation: notes.md."},
            user("Hello"),
        ],
    ),
    "an attachment that is not for the search": (
        [message("m1", "user", "Hello", attachments=[{"file_id": "file-md", "tools": [{"type": "code_interpreter"}]}])],
        {},
        [user("Hello")],
    ),
    "a round of hosted tools alone": (
        [HELLO, ToolRound("old", ()), rounds("run", "a")],
        {},
        [user("Hello"), *assistant("a")],
    ),
    "a round of this run": ([HELLO, rounds("run", "a", "b")], {}, [user("Hello"), *assistant("a", "b")]),
    "two rounds stay two": (
        [HELLO, rounds("run", "a"), rounds("run", "b")],
        {},
        [user("Hello"), *assistant("a"), *assistant("b")],
    ),
    "a round of an earlier run": (
        [HELLO, rounds("old", "a"), message("m2", "assistant", "Hi", run_id="old"), message("m3", "user", "And?")],
        {},
        [user("Hello"), *assistant("a"), {"role": "assistant", "content": "Hi"}, user("And?")],
    ),
    "text and calls of one answer": (
        [HELLO, message("m2", "assistant", "Wait.", run_id="run"), rounds("run", "a", message_id="m2")],
        {},
        [user("Hello"), *assistant("a", content="Wait.")],
    ),
}


@pytest.mark.parametrize(("items", "run", "wanted"), MESSAGES.values(), ids=MESSAGES)
def test_messages(items: Sequence[TurnItem], run: Mapping[str, Any], wanted: list[dict[str, Any]]) -> None:
    """Each thread becomes these messages."""
    assert body(items, run)["messages"] == wanted


MEMBERS: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "sampling where given": (
        {"temperature": 0.0, "top_p": 1.0, "reasoning_effort": "low"},
        {"temperature": 0.0, "top_p": 1.0, "reasoning_effort": "low"},
    ),
    "sampling that is null": ({"temperature": None}, {"temperature": ...}),
    "functions as they are": ({"tools": [FUNCTION]}, {"tools": [FUNCTION]}),
    "no tools": ({"tools": []}, {"tools": ..., "tool_choice": ...}),
    "a choice without tools": ({"tool_choice": "none"}, {"tool_choice": ...}),
    "choice auto": ({"tools": [FUNCTION], "tool_choice": "auto"}, {"tool_choice": ...}),
    "choice none": ({"tools": [FUNCTION], "tool_choice": "none"}, {"tool_choice": "none"}),
    "choice required": ({"tools": [FUNCTION], "tool_choice": "required"}, {"tool_choice": "required"}),
    "choice of a function": (
        {"tools": [FUNCTION], "tool_choice": {"type": "function", "function": {"name": "f"}}},
        {"tool_choice": {"type": "function", "function": {"name": "f"}}},
    ),
    "choice of the search": (
        {"tools": [SEARCH], "tool_choice": {"type": "file_search"}},
        {"tool_choice": {"type": "function", "function": {"name": "file_search"}}},
    ),
    "parallel calls": ({"tools": [FUNCTION], "parallel_tool_calls": False}, {"parallel_tool_calls": False}),
    "parallel calls without tools": ({"parallel_tool_calls": False}, {"parallel_tool_calls": ...}),
    "format auto": ({"response_format": "auto"}, {"response_format": ...}),
    "format text": ({"response_format": {"type": "text"}}, {"response_format": ...}),
    "format json": ({"response_format": {"type": "json_object"}}, {"response_format": {"type": "json_object"}}),
    "limit": ({"max_completion_tokens": 100}, {"max_tokens": 100}),
}


@pytest.mark.parametrize(("run", "wanted"), MEMBERS.values(), ids=MEMBERS)
def test_members(run: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Each setting of a run becomes these members; `...` marks one that is left out."""
    got = body(run=run)
    assert {name: got.get(name, ...) for name in wanted} == wanted


def test_the_search_is_a_function() -> None:
    """The model calls `file_search` by a function, and learns how to cite."""
    got = body(run={"tools": [SEARCH, FUNCTION]})
    assert [tool["function"]["name"] for tool in got["tools"]] == ["f", "file_search"]
    assert "【0:1†notes.md】" in got["messages"][0]["content"]


def test_a_forced_search_is_forced_once() -> None:
    """From the second round on the model may answer."""
    got = body(run={"tools": [SEARCH], "tool_choice": {"type": "file_search"}}, rounds=1)
    assert "tool_choice" not in got


def test_an_injected_search() -> None:
    """The results of the search follow the instructions, and there is no tool."""
    settings = BackendSettings(file_search="inject")
    got = body(run={"tools": [SEARCH], "instructions": "Be brief."}, settings=settings, found=["【0:0†a】 text"])
    assert "tools" not in got
    assert got["messages"][0]["content"].startswith("Be brief.\n\nPassages from the files")
    assert "【0:0†a】 text" in got["messages"][0]["content"]


def test_a_function_of_the_same_name_wins() -> None:
    """A client's own `file_search` is the client's."""
    own = {"type": "function", "function": {"name": "file_search"}}
    assert body(run={"tools": [SEARCH, own]})["tools"] == [own]


def test_code_interpreter_is_refused_or_ignored() -> None:
    """Nothing is ever run on the server: the run fails at once, or goes on without the tool."""
    run = {"tools": [{"type": "code_interpreter"}]}
    with pytest.raises(PromptError, match="no sandbox") as caught:
        body(run=run)
    assert caught.value.code == "server_error"
    assert "tools" not in body(run=run, settings=BackendSettings(code_interpreter="ignore"))


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        pytest.param(BackendSettings(model="m"), "m", id="one for all"),
        pytest.param(BackendSettings(model="m", model_map={"gpt-4o": "x"}), "m", id="one wins over the map"),
        pytest.param(BackendSettings(model_map={"gpt-4o": "x", "*": "y"}), "x", id="by name"),
        pytest.param(BackendSettings(model_map={"other": "x", "*": "y"}), "y", id="by the star"),
        pytest.param(BackendSettings(), "gpt-4o", id="passed on"),
    ],
)
def test_models(settings: BackendSettings, wanted: str) -> None:
    """The backend's name of a model comes from the setting, the map, or the run."""
    assert body(settings=settings)["model"] == wanted


def test_a_map_without_a_star_knows_its_models() -> None:
    """A model that such a map does not have is unknown."""
    assert BackendSettings(model_map={"a": "x"}).resolve("b") is None


def test_the_limit_shrinks_over_rounds() -> None:
    """Later rounds get the rest of the limit, under the backend's name for it."""
    settings = BackendSettings(limit_name="max_completion_tokens")
    got = body(run={"max_completion_tokens": 100}, settings=settings, completion_used=30)
    assert got["max_completion_tokens"] == 70


def test_a_request_without_usage() -> None:
    """`stream_options` can be left out."""
    thread = Thread(run={"id": "run", "model": "m"}, items=[HELLO], file=FILES.get)
    assert "stream_options" not in request_body(thread, BackendSettings(), include_usage=False)


def texts(got: Mapping[str, Any]) -> list[str]:
    """The messages of a prompt, by role and text."""
    return [f"{one['role']}: {one['content']}" for one in got["messages"]]


LONG: Sequence[TurnItem] = [
    message("m1", "user", "first"),
    rounds("old", "a"),
    message("m2", "assistant", "second", run_id="old"),
    message("m3", "user", "third"),
    rounds("run", "b"),
]


def test_last_messages_count_messages() -> None:
    """Rounds between kept messages stay, and this run's own always."""
    run = {"truncation_strategy": {"type": "last_messages", "last_messages": 2}}
    assert texts(body(LONG, run)) == ["assistant: second", "user: third", "assistant: None", "tool: out b"]
    run["truncation_strategy"]["last_messages"] = 3
    assert len(texts(body(LONG, run))) == 7


def test_a_context_leaves_out_the_oldest_as_a_whole() -> None:
    """System text, first user message, newest message and this run's rounds stay; a round is never parted."""
    got = body(LONG, {"instructions": "Be brief."}, BackendSettings(context=10))
    assert texts(got) == [
        "system: Be brief.",
        "user: first",
        "user: third",
        "assistant: None",
        "tool: out b",
    ]
    assert len(texts(body(LONG, settings=BackendSettings(context=10_000)))) == 7


def test_a_prompt_limit_truncates_before_sending() -> None:
    """`max_prompt_tokens` covers all rounds: the tokens of earlier rounds are subtracted."""
    run = {"max_prompt_tokens": 1000}
    assert len(texts(body(LONG, run))) == 7
    assert len(texts(body(LONG, run, prompt_used=990))) == 4


def test_images_have_a_cap() -> None:
    """Past 20 MiB of images in one request, the prompt is invalid; images that are left out do not count."""
    image = {"type": "image_file", "image_file": {"file_id": "file-large"}}
    two = [message("m1", "user", image), message("m2", "user", image)]
    with pytest.raises(PromptError, match="20 MiB") as caught:
        body(two)
    assert caught.value.code == "invalid_prompt"
    run = {"truncation_strategy": {"type": "last_messages", "last_messages": 1}}
    assert len(body(two, run)["messages"]) == 1
