"""The value of a whole answer, as the options of its call want it."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..core.requests.options import Options
from ..core.requests.request import Request
from ..core.responses.decode import decode, error_for
from ..errors import DecodeError, StatusError
from ..models.pages import like

if TYPE_CHECKING:
    from .open_response import OpenResponse

T = TypeVar("T")


def value_of(request: Request, options: Options, result: type[T], answer: OpenResponse) -> T:
    """Decode an answer; raises the error of a status that is none, unless the options take those."""
    if not 200 <= answer.status < 300:
        if options.raise_for_status:
            raise error_for(answer.http, time.time())
        return value_of_error(request, options, result, answer)
    if options.resolve_type is not None:
        wanted = options.resolve_type(request.endpoint.operation, answer.http) or result
        result = like(request.endpoint.result, wanted)
    return decode(result, answer, strict=options.strict, keep_unknown=options.keep_unknown)


def value_of_error(request: Request, options: Options, result: type[T], answer: OpenResponse) -> T:
    """Decode an error's body for a caller who takes error statuses: to a type of the caller's, or else to None."""
    wanted: Any = None if result is request.endpoint.result else result
    if options.resolve_type is not None:
        wanted = options.resolve_type(request.endpoint.operation, answer.http) or wanted
    value: Any = None
    if wanted is not None:
        with contextlib.suppress(DecodeError, StatusError):  # such as the HTML of a proxy, which `http` has
            value = decode(wanted, answer, strict=options.strict, keep_unknown=options.keep_unknown)
    return cast("T", value)
