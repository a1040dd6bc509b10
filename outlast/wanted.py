"""What a row class reads: the columns it needs, and which of them are text or numbers."""

from collections.abc import Iterator
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from outlast.inputs.reading import Wanted
from outlast.report import Row
from outlast.row_types import Number

_NUMBERS = frozenset({int, float, Decimal})


def wanted_of(row: type[Row]) -> Wanted:
    """See Wanted. A row class that allows further columns reads all there are."""
    fields = {field.alias or name: field for name, field in row.model_fields.items()}
    kinds = {name: set(_kinds(field.annotation)) for name, field in fields.items()}
    own = {name for name, field in fields.items() if any(isinstance(one, Number) for one in field.metadata)}
    return Wanted(
        needed=[name for name, field in fields.items() if field.is_required()],
        columns=None if row.model_config.get("extra") == "allow" else list(fields),
        texts=[name for name, found in kinds.items() if str in found and not found & _NUMBERS],
        kinds={name: next(iter(found)).__name__ if len(found) == 1 else "" for name, found in kinds.items()},
        decimals=[name for name, found in kinds.items() if Decimal in found],
        numbers=[name for name, found in kinds.items() if name not in own and found and found <= _NUMBERS],
    )


def _kinds(annotation: Any) -> Iterator[type]:
    """The types that a value may have, but for None and bool."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        for one in get_args(annotation):
            yield from _kinds(one)
    elif origin is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif origin is Literal:
        yield from (type(value) for value in get_args(annotation))
    elif isinstance(annotation, type) and annotation is not type(None):
        yield annotation
