"""Which row classes are no more than the values of their fields."""

from datetime import date, datetime, time
from decimal import Decimal
from types import NoneType
from typing import get_args

from pydantic.fields import FieldInfo

from outlast.report import Row

PLAIN_TYPES = frozenset({str, int, float, bool, date, datetime, time, Decimal, NoneType})
"""Types of fields that run no code of the report."""


def is_plain(row: type[Row]) -> bool:
    """Whether reading a row is reading its fields, each by a type without any code of the report."""
    decorators = row.__pydantic_decorators__
    own = (decorators.field_validators, decorators.validators, decorators.root_validators)
    models = set(decorators.model_validators) - {"_nulls_are_none"}
    if any(own) or models or row.model_config != Row.model_config or row.model_post_init is not Row.model_post_init:
        return False
    if row.__private_attributes__ or row.__init__ is not Row.__init__ or row.__new__ is not Row.__new__:
        return False
    return all(map(_is_plain_field, row.model_fields.values()))


def _is_plain_field(field: FieldInfo) -> bool:
    types = set(get_args(field.annotation) or (field.annotation,))
    return types <= PLAIN_TYPES and not (field.metadata or field.alias or field.validation_alias)
