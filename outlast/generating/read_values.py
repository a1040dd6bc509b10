"""Reads the values of a row that its input writes in a form of its own."""

from dataclasses import dataclass
from typing import Any

from outlast.inputs import Reading
from outlast.number_text import NumberFormat
from outlast.report import Row
from outlast.wanted import wanted_of


class ValueRefused(ValueError):
    """A value is not in the form of its input."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field, self.code = field, code


@dataclass(frozen=True, slots=True)
class ReadValues:
    """`columns` are those whose values are numbers, in this form."""

    numbers: NumberFormat
    columns: frozenset[str]

    @classmethod
    def of(cls, row: type[Row], reading: Reading) -> "ReadValues | None":
        """None where numbers have a point and no groups, as JSON and pydantic write them."""
        numbers = NumberFormat(reading.decimal or ".", reading.thousands or "")
        return None if numbers == NumberFormat() else cls(numbers, frozenset(wanted_of(row).numbers))

    def read(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values, with numbers as pydantic reads them. Raises ValueRefused for what is no number."""
        return {name: self._number(name, value) if name in self.columns else value for name, value in values.items()}

    def _number(self, name: str, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if (plain := self.numbers.plain(value)) is None:
            text = f"Input should be a number such as {self.numbers.example()}"
            raise ValueRefused(name, "number_form", text)
        return plain
