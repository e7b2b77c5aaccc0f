"""Answers by place instead of by order, for calls that are made side by side."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.support.http_server import Answer, Peer, Seen, failure


def made(make: Callable[[Seen], bytes]) -> Answer:
    """An answer that a function makes of the request."""

    async def send(seen: Seen, peer: Peer) -> None:
        await peer.send(make(seen))

    return send


class Routes:
    """An answer of `Wire` that looks at method and path; each place gives its answers in order, the last for ever."""

    def __init__(self) -> None:
        self._places: list[tuple[re.Pattern[str], list[Answer]]] = []

    def on(self, place: str, *answers: Answer) -> None:
        """Answer the requests that match a pattern such as `POST /files`; a later rule goes before an earlier one."""
        self._places.insert(0, (re.compile(place), list(answers)))

    async def __call__(self, seen: Seen, peer: Peer) -> None:
        """Answer one request."""
        place = f"{seen.method} {seen.path.removeprefix('/v1')}"
        answers = next((answers for pattern, answers in self._places if pattern.fullmatch(place)), None)
        if answers is None:
            answers = [failure(500, f"the test has no answer to {place}")]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, bytes):
            await peer.send(answer)
        else:
            await answer(seen, peer)
