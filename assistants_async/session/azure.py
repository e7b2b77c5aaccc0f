"""Keys from a token credential, such as those of azure-identity."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Protocol

_RENEW_BEFORE = 300.0


class AccessToken(Protocol):
    """A token and its expiry, as azure-identity returns them."""

    @property
    def token(self) -> str:
        """The bearer token."""
        ...

    @property
    def expires_on(self) -> int:
        """The time of its expiry, in seconds since 1970."""
        ...


class TokenCredential(Protocol):
    """Anything with azure-identity's `get_token`, sync or async."""

    def get_token(self, *scopes: str) -> AccessToken | Awaitable[AccessToken]:
        """Get a token for a scope."""
        ...


def token_source(
    credential: TokenCredential, scope: str, now: Callable[[], float] = time.time
) -> Callable[[], Awaitable[str]]:
    """Make the function that returns the key of each request: one token until 5 minutes before its end."""
    token, until = "", 0.0

    async def get() -> str:
        nonlocal token, until
        # Early, so that no token ends on the way; kept, since not every credential has a cache of its own.
        if now() >= until - _RENEW_BEFORE:
            answer = credential.get_token(scope)
            access = await answer if isawaitable(answer) else answer
            token, until = access.token, float(access.expires_on)
        return token

    return get
