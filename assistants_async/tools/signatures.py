"""The parameters of a function, read from its signature, its annotations and its docstring."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Struct, UnsetType

T = TypeVar("T")


class _Inject:
    """Marks a parameter that the Toolbox gives, and not the model."""


Context = Annotated[T, _Inject()]
"""`Context[Database]` annotates a parameter that is given the Toolbox's context, and that the model never sees."""


class Signature(Struct, frozen=True):
    """The parameters and the description of a function."""

    text: str
    """Its description."""
    arguments: type[Struct]
    """The Struct that the model's arguments must fit; members with a default may be left out."""
    descriptions: Mapping[str, str]
    """Descriptions of parameters, from the docstring."""
    defaults: Mapping[str, Any]
    """Defaults, as the function has them."""
    injected: Mapping[str, bool]
    """Parameters for the context: True for one that must have it."""


def signature_of(function: Callable[..., Any], name: str) -> Signature:
    """Read a function; raises `TypeError` where it cannot be a tool, naming it and the parameter."""
    _check_kind(function, name)
    hints = _hints(function, name)
    defaults: dict[str, Any] = {}
    injected: dict[str, bool] = {}
    fields: list[tuple[str, Any, Any]] = []
    for parameter in inspect.signature(function).parameters.values():
        _check_parameter(parameter, hints, name)
        hint, optional = hints[parameter.name], parameter.default is not parameter.empty
        if _is_context(hint):
            injected[parameter.name] = not optional
        elif optional:
            defaults[parameter.name] = parameter.default
            # Left out where it is absent, so that the function's own default is taken, of whatever type it is.
            fields.append((parameter.name, Union[hint, UnsetType], UNSET))  # noqa: UP007  a type at run time
        else:
            fields.append((parameter.name, hint, msgspec.NODEFAULT))
    arguments = msgspec.defstruct("_Arguments", fields, kw_only=True, forbid_unknown_fields=True)
    from .docstrings import read_docstring  # on use: its patterns take a while to be made

    docstring = read_docstring(function.__doc__)
    return Signature(docstring.text, arguments, docstring.parameters, defaults, injected)


def _check_kind(function: Callable[..., Any], name: str) -> None:
    # A decorator must not hide a generator or a lambda, which could never answer a call.
    inner = inspect.unwrap(function)
    if isinstance(function, functools.partial):
        raise TypeError(f"tool {name!r} is a functools.partial: write a function that calls it")
    if inspect.isclass(function):
        raise TypeError(f"tool {name!r} is a class: write a function that makes one")
    if not inspect.isroutine(function) or not hasattr(inner, "__code__"):
        raise TypeError(f"tool {name!r} must be a function or a bound method, not {type(function).__name__}")
    if inspect.isgeneratorfunction(inner) or inspect.isasyncgenfunction(inner):
        raise TypeError(f"tool {name!r} is a generator: return a list")
    if getattr(inner, "__name__", "") == "<lambda>":
        raise TypeError(f"tool {name!r} is a lambda, which has no annotations: write a function")


def _hints(function: Callable[..., Any], name: str) -> dict[str, Any]:
    try:
        # With `Annotated`: its marks carry limits and descriptions.
        return get_type_hints(function, include_extras=True)
    except NameError as error:
        raise TypeError(
            f"tool {name!r} has an annotation that cannot be resolved: {error}; define it at the module's top"
        ) from None
    except (SyntaxError, TypeError) as error:
        raise TypeError(f"tool {name!r} has an annotation that is no type: {error}") from None


def _check_parameter(parameter: inspect.Parameter, hints: Mapping[str, Any], name: str) -> None:
    where = f"tool {name!r}, parameter {parameter.name!r}"
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        raise TypeError(f"{where}: a model cannot fill {parameter}: name each parameter")
    if parameter.kind is parameter.POSITIONAL_ONLY:
        raise TypeError(f"{where}: positional-only, and the model's arguments have names")
    if parameter.name not in hints:
        # The commonest slip: `@tool` inside a class.
        method = " (of a method, make a tool once it is bound: tool(thing.method))" if parameter.name == "self" else ""
        raise TypeError(f"{where}: has no annotation, which its schema is made from{method}")


def _is_context(hint: Any) -> bool:
    return get_origin(hint) is Annotated and any(isinstance(mark, _Inject) for mark in get_args(hint)[1:])
