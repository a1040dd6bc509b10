from typing import Any

import pytest

from outlast_cli.new.columns import read_columns
from outlast_cli.new.keys import propose_id, propose_partition_key


def columns_of(rows: list[dict[str, Any]]) -> Any:
    return read_columns(list(rows[0]), rows)[0]


ORDERS = [
    {"order_no": str(n), "shop": f"s{n % 20}", "at": f"2013-01-{n % 28 + 1:02}", "price": f"{n}.5", "year": "2013"}
    for n in range(200)
]


def test_one_column_is_the_id_if_it_can() -> None:
    """A column that is different in each row is the id, one that is named like an id before others."""
    assert propose_id(columns_of(ORDERS), 200).fields == ("order_no",)


def test_columns_together_are_the_id() -> None:
    """Else as few columns as possible are it, dates before others and no fractions, and constant ones are named."""
    rows = [{**row, "order_no": str(n // 20), "price": f"{n}.5"} for n, row in enumerate(ORDERS)]
    found = propose_id(columns_of(rows), 200)
    assert (found.fields, found.sure) == (("order_no", "at"), True)
    assert "year" in found.reason


def test_rows_that_are_equal_are_told() -> None:
    """Where no columns tell all rows apart, the proposal says how many ids they make."""
    found = propose_id(columns_of([{"a": "1"}, {"a": "1"}, {"a": "2"}]), 3)
    assert not found.sure
    assert "2 ids of 3 rows" in found.reason
    assert "`duplicate`, which count against the tolerated rejects" in found.reason
    assert propose_id(columns_of([{"a": "1.5"}]), 1).fields == ()


def test_the_most_even_text_is_the_partition_key() -> None:
    """A text column with many even values is the partition key, with its figures as the reason."""
    found = propose_partition_key(columns_of(ORDERS), 200)
    assert found.fields == ("shop",)
    assert "20 values" in found.reason


INVOICES = [
    {
        "Rechnungsnr": str(n),
        "Fällig am": f"2026-{n % 12 + 1:02}-{n % 28 + 1:02}",
        "Stück": str(n % 50),
        "Betrag": f"{n % 60}.5",
        "Kundennr": str(7000 + min(n % 10, 7)),
        "Ort": f"Ort {n % 40}",
    }
    for n in range(2000)
]


@pytest.mark.parametrize(
    ("left_out", "field"),
    [((), "kundennr"), (("Kundennr",), "ort"), (("Kundennr", "Ort"), "stueck"), (("Kundennr", "Ort", "Stück"), "id")],
)
def test_a_group_is_a_better_partition_key_than_a_time(left_out: tuple[str, ...], field: str) -> None:
    """An id of a group comes before other texts, these before whole numbers, and dates and amounts are never the key;
    the reason names the date."""
    rows = [{name: value for name, value in row.items() if name not in left_out} for row in INVOICES]
    found = propose_partition_key(columns_of(rows), len(rows))
    assert found.fields == (field,)
    assert "faellig_am it would be more even, but" in found.reason


def test_without_an_even_column_it_is_the_id() -> None:
    """Where a few values dominate, each document is a partition of its own."""
    rows = [{"order_no": str(n), "shop": "a" if n else "b"} for n in range(100)]
    found = propose_partition_key(columns_of(rows), 100)
    assert (found.fields, found.sure) == (("id",), False)
