"""The options of a start that say how its input is read. They go before what the report says."""

from pydantic import ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from outlast.inputs.reading import Reading
from outlast.inputs.said import (
    Comment,
    Decimal,
    Delimiter,
    Encoding,
    HeaderLine,
    JsonPath,
    Mark,
    Nulls,
    Sheet,
    Thousands,
)
from outlast.strict_values import StrictModel


class ReadingOptions(StrictModel):
    """An option that is None is as the report says, or is found."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    delimiter: Delimiter | None = None
    quote: Mark | None = None
    encoding: Encoding | None = None
    decimal: Decimal | None = None
    thousands: Thousands | None = None
    header_line: HeaderLine | None = None
    comment: Comment | None = None
    nulls: Nulls | None = None
    sheet: Sheet | None = None
    path: JsonPath | None = None
    member: str | None = Field(None, min_length=1, max_length=1024)

    @field_validator("quote", "thousands")
    @classmethod
    def _marks_differ(cls, mark: str | None, info: ValidationInfo) -> str | None:
        other = "delimiter" if info.field_name == "quote" else "decimal"
        if mark and mark == info.data.get(other):
            raise PydanticCustomError("same_mark", "must not be the {other}", {"other": other})
        return mark

    def reading(self) -> Reading:
        """What is said."""
        return Reading.from_dict(self.model_dump(include=set(ReadingOptions.model_fields), exclude_none=True))
