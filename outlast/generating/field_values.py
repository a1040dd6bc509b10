"""Reads many values of one field at once, as a row reads each of them."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel, create_model

from outlast.report import Row
from outlast.strict_values import StrictModel, unguarded


def field_values(row: type[Row], name: str, values: Sequence[Any], *, typed: bool = False) -> list[Any]:
    """What the field makes of the values, None for a missing one. `typed`: see RowGenerator.

    Raises ValidationError where it refuses one of them. The field must be one of a plain row class.
    """
    found: list[Any] = _reader(row, name, typed)({"values": values}).values
    return found


@cache
def _reader(row: type[Row], name: str, typed: bool) -> Callable[[Any], Any]:
    base = type("Values", (StrictModel,), {"model_config": row.model_config})
    annotation: Any = row.model_fields[name].annotation
    model: type[BaseModel] = create_model("Values", __base__=base, values=(list[annotation], ...))
    return (unguarded(model) if typed else model.__pydantic_validator__).validate_python
