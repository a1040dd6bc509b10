import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from outlast.report import Parameters, Row

ROOT = Path(__file__).resolve().parents[3]


def test_a_report_loads_no_database_client() -> None:
    """Importing a report that reads from the database does not import azure.cosmos."""
    code = "import sys, reports.airport_departures; sys.exit('azure.cosmos' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


@pytest.mark.parametrize("value", ["1e400", float("nan"), float("inf"), float("-inf")])
def test_a_parameter_is_a_number_that_the_record_can_keep(value: object) -> None:
    """NaN and infinity are refused, because the run record is JSON."""

    class Choice(Parameters):
        least: float

    with pytest.raises(ValidationError, match="finite"):
        Choice.model_validate({"least": value})


@pytest.mark.parametrize(("value", "found"), [("NA", None), ("", ""), ("NAN", "NAN"), (None, None)])
def test_a_row_may_name_texts_that_stand_for_nothing(value: str | None, found: str | None) -> None:
    """A row's null values are read as None, and all other texts as they are."""

    class Sale(Row):
        null_values = frozenset({"NA"})
        shop: str | None

    assert Sale.model_validate({"shop": value}).shop == found


@pytest.mark.parametrize("tags", [(), ["new"]])
def test_a_null_text_is_found_beside_a_list(tags: tuple[str, ...] | list[str]) -> None:
    """A row of JSON has null values too, whatever its other members are."""

    class Sale(Row):
        null_values = frozenset({"NA"})
        shop: str | None
        tags: list[str]

    assert Sale.model_validate({"shop": "NA", "tags": tags}) == Sale.model_construct(shop=None, tags=list(tags))


def test_a_row_that_names_none_takes_every_text() -> None:
    """Without null values, `NA` is a text like any other."""

    class Sale(Row):
        shop: str | None

    assert Sale.model_validate({"shop": "NA"}).shop == "NA"
