"""Ids with the vendor's prefixes; the same seed gives the same ids in the same order."""

from __future__ import annotations

import itertools
import os
import random
import secrets
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
# A letter for each byte: 24 of them have 142 bits of chance.
_BYTES = bytes(_LETTERS[number % len(_LETTERS)].encode()[0] for number in range(256))


class IdFactory:
    """Makes ids; without a seed nobody can guess them."""

    def __init__(self, seed: int | str | None) -> None:
        # Requests draw from a source of their own, so that one more GET changes no id. Only tests give a seed.
        self._ids = None if seed is None else random.Random(seed)  # noqa: S311
        self._requests = None if seed is None else random.Random(f"requests {seed}")  # noqa: S311
        # No secret: a number behind the server's own, which costs a quarter of a new one by chance.
        self._own, self._numbers = secrets.token_hex(8), itertools.count(1)

    def make(self, kind: str) -> str:
        """Make an id for a new object of this kind."""
        if self._ids is None:
            return _PREFIXES[kind] + os.urandom(_LENGTH).translate(_BYTES).decode()
        return _PREFIXES[kind] + "".join(self._ids.choices(_LETTERS, k=_LENGTH))

    def request(self) -> str:
        """Make a value for `x-request-id`."""
        if self._requests is None:
            return f"req_{self._own}{next(self._numbers):016x}"
        return f"req_{self._requests.getrandbits(128):032x}"
