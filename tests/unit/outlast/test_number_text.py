"""Numbers with other marks than a point, and marks that would make them two numbers."""

from typing import Any

import pytest
from pydantic import ValidationError

from outlast.number_text import NumberFormat
from outlast.report import Csv, FixedWidth, Number


@pytest.mark.parametrize(("decimal", "thousands"), [(".", "."), (",", ","), ("'", "'")])
@pytest.mark.parametrize("make", [NumberFormat, Number])
def test_one_mark_does_not_stand_for_both(make: Any, decimal: str, thousands: str) -> None:
    """A form whose thousands have the decimal mark is refused: 1.234 and 1.234.567 would be of different forms."""
    with pytest.raises(ValueError, match="decimal and thousands must differ"):
        make(decimal, thousands)


def test_a_missing_decimal_is_a_point() -> None:
    """A point for thousands alone is refused, because the decimal mark is then a point, too."""
    with pytest.raises(ValueError, match="decimal and thousands must differ"):
        Number(thousands=".")
    assert Number(thousands=",").read("1,234.5") == "1234.5"


@pytest.mark.parametrize("marks", [{"thousands": "."}, {"decimal": ",", "thousands": ","}])
@pytest.mark.parametrize("form", [{"make": Csv}, {"make": FixedWidth, "columns": {"id": (0, 5)}}])
def test_a_report_does_not_say_one_mark_for_both(form: dict[str, Any], marks: dict[str, str]) -> None:
    """CSV and fixed-width text whose numbers would be two numbers are refused where the report is loaded."""
    make, more = form["make"], {name: value for name, value in form.items() if name != "make"}
    with pytest.raises(ValidationError, match="decimal and thousands must differ"):
        make(**more, **marks)
