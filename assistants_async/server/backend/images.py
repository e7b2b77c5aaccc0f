"""Images of messages for a model: links stay as they are, files of the server become `data:` URLs."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..engine.turn import TurnFile
from .units import Unit

MOST_BYTES = 20 * 2**20
"""Cap on the bytes of all images of one request together, before base64."""

_SIGNATURES = ((b"\x89PNG", "image/png"), (b"\xff\xd8", "image/jpeg"), (b"GIF8", "image/gif"), (b"RIFF", "image/webp"))


def put_images(units: Iterable[Unit], file: Callable[[str], TurnFile | None]) -> bool:
    """Put the content of image files into the units; return False where it exceeds the cap.

    Ids of files never reach the backend: the image of a deleted file becomes a sentence. Reading stops at the cap.
    """
    left = MOST_BYTES
    for unit in units:
        for message in unit.messages:
            if not isinstance(message.get("content"), list):
                continue
            for place, part in enumerate(message["content"]):
                if part["type"] != "image_file":
                    continue
                found = file(part["image_file"]["file_id"])
                content = b"" if found is None else found.read()
                left -= len(content)
                if left < 0:
                    return False
                message["content"][place] = _part(part["image_file"], found, content)
    return True


def _part(image: Mapping[str, Any], file: TurnFile | None, content: bytes) -> dict[str, Any]:
    if file is None:
        return {"type": "text", "text": "(There was an image here; its file has been deleted.)"}
    url = f"data:{_media_type(file.filename, content)};base64,{base64.b64encode(content).decode()}"
    shown = {"url": url} if image.get("detail") is None else {"url": url, "detail": image["detail"]}
    return {"type": "image_url", "image_url": shown}


def _media_type(filename: str, content: bytes) -> str:
    # By the first bytes before the name: models refuse an image whose type is wrong.
    for signature, name in _SIGNATURES:
        if content.startswith(signature):
            return name
    guess = mimetypes.guess_type(filename)[0]
    return guess if guess is not None and guess.startswith("image/") else "image/png"
