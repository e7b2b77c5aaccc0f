"""Specs of the filters of a search: a comparison for each operator, and two ways to put filters together."""

from __future__ import annotations

from collections.abc import Sequence

from .specs import Spec


class ComparisonSpec(Spec, kw_only=True):
    """`ComparisonFilter`, but for its operator."""

    key: str
    value: str | float | bool | list[str | float]


class EqualSpec(ComparisonSpec, kw_only=True, tag_field="type", tag="eq"):
    """The attribute is the value."""


class NotEqualSpec(ComparisonSpec, kw_only=True, tag_field="type", tag="ne"):
    """The attribute is another value."""


class GreaterSpec(ComparisonSpec, kw_only=True, tag_field="type", tag="gt"):
    """The attribute is past the value."""


class GreaterOrEqualSpec(ComparisonSpec, kw_only=True, tag_field="type", tag="gte"):
    """The attribute is the value or past it."""


class LessSpec(ComparisonSpec, kw_only=True, tag_field="type", tag="lt"):
    """The attribute is short of the value."""


class LessOrEqualSpec(ComparisonSpec, kw_only=True, tag_field="type", tag="lte"):
    """The attribute is the value or short of it."""


class InSpec(ComparisonSpec, kw_only=True, tag_field="type", tag="in"):
    """The attribute is one of the values."""


class NotInSpec(ComparisonSpec, kw_only=True, tag_field="type", tag="nin"):
    """The attribute is none of the values."""


COMPARISONS = (
    EqualSpec, NotEqualSpec, GreaterSpec, GreaterOrEqualSpec, LessSpec, LessOrEqualSpec, InSpec, NotInSpec
)  # fmt: skip
"""A spec for each operator of `ComparisonFilter`."""


class AndSpec(Spec, kw_only=True, tag_field="type", tag="and"):
    """`CompoundFilter`: all of them."""

    filters: Sequence[AnyFilter]


class OrSpec(Spec, kw_only=True, tag_field="type", tag="or"):
    """`CompoundFilter`: any of them."""

    filters: Sequence[AnyFilter]


AnyFilter = (
    EqualSpec
    | NotEqualSpec
    | GreaterSpec
    | GreaterOrEqualSpec
    | LessSpec
    | LessOrEqualSpec
    | InSpec
    | NotInSpec
    | AndSpec
    | OrSpec
)
"""Any filter, distinguished by `type`."""
