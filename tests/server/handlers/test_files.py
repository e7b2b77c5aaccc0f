"""Files: forms in, bytes out."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
import pytest

from tests.support.talk import Talk, talking


async def test_round_trip(talk: Talk) -> None:
    """A download returns the uploaded bytes and name."""
    content = bytes(range(256)) * 1000
    file = await talk.upload(content, "données.bin")
    assert file["bytes"] == len(content)
    assert file["filename"] == "données.bin"
    assert await talk.get(f"/files/{file['id']}") == file
    answer = await talk("GET", f"/files/{file['id']}/content")
    assert answer.content == content
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"donn_es.bin\"; filename*=UTF-8''donn%C3%A9es.bin"
    )
    assert (await talk("DELETE", f"/files/{file['id']}")).document == {
        "id": file["id"],
        "object": "file",
        "deleted": True,
    }
    assert (await talk("GET", f"/files/{file['id']}/content")).status == 404


async def test_plain_name(talk: Talk) -> None:
    """A plain name needs no second spelling."""
    file = await talk.upload()
    answer = await talk("GET", f"/files/{file['id']}/content")
    assert answer.headers["content-disposition"] == 'attachment; filename="a.txt"'


async def test_purpose(talk: Talk) -> None:
    """A list can be of one purpose."""
    await talk.upload(purpose="vision")
    wanted = await talk.upload(purpose="assistants")
    assert [file["id"] for file in (await talk.get("/files?purpose=assistants"))["data"]] == [wanted["id"]]
    assert (await talk.get("/files?purpose=batch"))["first_id"] is None


async def test_expires_after() -> None:
    """`expires_after[…]` is an object in a form; the file goes when its time has come."""
    now = 1_700_000_000.0
    async with talking(clock=lambda: now) as talk:
        fields = {"file": "x", "purpose": "assistants", "expires_after[anchor]": "created_at"}
        answer = await talk("POST", "/files", data=_form({**fields, "expires_after[seconds]": "3600"}))
        file = answer.document
        assert file["expires_at"] == file["created_at"] + 3600
        now += 3599
        assert (await talk("GET", f"/files/{file['id']}")).status == 200
        now += 1
        assert (await talk("GET", f"/files/{file['id']}")).status == 404
        answer = await talk("POST", "/files", data=_form({**fields, "expires_after[seconds]": "1"}))
        assert (answer.status, answer.error["param"]) == (400, "expires_after.seconds")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"purpose": "assistants"}, "file"),
        ({"file": "x"}, "purpose"),
        ({"file": "x", "purpose": "assistants", "more": "x"}, "more"),
        ({"file": "x", "purpose": "assistants", "expires_after[when]": "x"}, "expires_after.when"),
        ({"file": "x", "purpose[a]": "b"}, "purpose"),
    ],
)
async def test_bad_forms(talk: Talk, fields: dict[str, str], param: str) -> None:
    """Forms follow the rules of JSON bodies."""
    answer = await talk("POST", "/files", data=_form(fields))
    assert (answer.status, answer.error["param"]) == (400, param)


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        pytest.param("application/json", b"{}", 415, id="json"),
        pytest.param("multipart/form-data", b"x", 400, id="no boundary"),
        pytest.param("multipart/form-data; boundary=x", b"junk", 400, id="junk"),
        pytest.param("multipart/form-data; boundary=x", b"--x\r\n\r\nno name\r\n--x--\r\n", 400, id="no name"),
        pytest.param(
            "multipart/form-data; boundary=x",
            b'--x\r\ncontent-disposition: form-data; name="file"\r\n\r\ncut',
            400,
            id="cut",
        ),
    ],
)
async def test_no_forms(talk: Talk, content_type: str, body: bytes, status: int) -> None:
    """A body that is not a form is refused."""
    answer = await talk("POST", "/files", data=body, headers={"content-type": content_type})
    assert answer.status == status


async def test_files_of_an_assistant(talk_v1: Talk) -> None:
    """Protocol v1's files of an assistant are its `file_ids`, and back."""
    talk = talk_v1
    first, second = (await talk.upload())["id"], (await talk.upload())["id"]
    assistant = await talk.assistant(file_ids=[first])
    path = f"/assistants/{assistant['id']}"
    file = await talk.make(path + "/files", {"file_id": second})
    assert file == {
        "id": second,
        "object": "assistant.file",
        "created_at": file["created_at"],
        "assistant_id": assistant["id"],
    }
    assert (await talk.get(path))["file_ids"] == [first, second]
    assert [item["id"] for item in (await talk.get(path + "/files"))["data"]] == [second, first]
    assert await talk.get(f"{path}/files/{second}") == file
    answer = await talk("DELETE", f"{path}/files/{first}")
    assert answer.document == {"id": first, "object": "assistant.file.deleted", "deleted": True}
    assert (await talk.get(path))["file_ids"] == [second]
    assert (await talk("GET", f"{path}/files/{first}")).status == 404
    assert (await talk.make(path, {"file_ids": [second, first]}))["file_ids"] == [second, first]
    assert (await talk.make(path, {"file_ids": [first]}))["file_ids"] == [first]
    assert [item["id"] for item in (await talk.get(path + "/files"))["data"]] == [first]
    assert (await talk("POST", path + "/files", {"file_id": "file-x"})).status == 404


async def test_files_of_an_assistant_are_twenty(talk_v1: Talk) -> None:
    """An assistant has at most twenty files; giving one again is no more."""
    talk = talk_v1
    ids = [(await talk.upload())["id"] for _ in range(21)]
    assistant = await talk.assistant(file_ids=ids[:20])
    answer = await talk("POST", f"/assistants/{assistant['id']}/files", {"file_id": ids[20]})
    assert (answer.status, answer.error["param"]) == (400, "file_id")
    await talk.make(f"/assistants/{assistant['id']}/files", {"file_id": ids[0]})


async def test_files_of_a_message(talk_v1: Talk) -> None:
    """Protocol v1's files of a message are its `file_ids`."""
    talk = talk_v1
    file_id = (await talk.upload())["id"]
    thread = await talk.thread()
    body = {"role": "user", "content": "x", "file_ids": [file_id]}
    message = await talk.make(f"/threads/{thread['id']}/messages", body)
    assert message["file_ids"] == [file_id]
    path = f"/threads/{thread['id']}/messages/{message['id']}/files"
    [file] = (await talk.get(path))["data"]
    assert file["object"] == "thread.message.file"
    assert file["message_id"] == message["id"]
    assert await talk.get(f"{path}/{file_id}") == file
    assert (await talk("GET", f"{path}/file-x")).status == 404


def _form(fields: Mapping[str, str]) -> aiohttp.FormData:
    form = aiohttp.FormData(default_to_multipart=True)
    for name, text in fields.items():
        form.add_field(name, text)
    return form
