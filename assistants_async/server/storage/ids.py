"""Ids with the vendor's prefixes; the same seed gives the same ids in the same order."""

from __future__ import annotations

import random
import string

_PREFIXES = {
    "assistant": "asst_",
    "thread": "thread_",
    "message": "msg_",
    "run": "run_",
    "step": "step_",
    "call": "call_",
    "file": "file-",
    "vector_store": "vs_",
    "batch": "vsfb_",
    "upload": "upload_",
    "part": "part_",
}
_LETTERS = string.ascii_letters + string.digits
_LENGTH = 24


class IdFactory:
    """Makes ids; without a seed they differ from one server to the next."""

    def __init__(self, seed: int | str | None) -> None:
        # Ids are names, not secrets. Requests draw from a source of their own, so that one more GET changes no id.
        self._ids = random.Random(seed)  # noqa: S311
        self._requests = random.Random(f"requests {seed}" if seed is not None else None)  # noqa: S311

    def make(self, kind: str) -> str:
        """An id for a new object of this kind."""
        return _PREFIXES[kind] + "".join(self._ids.choices(_LETTERS, k=_LENGTH))

    def request(self) -> str:
        """A value for `x-request-id`."""
        return f"req_{self._requests.getrandbits(128):032x}"
