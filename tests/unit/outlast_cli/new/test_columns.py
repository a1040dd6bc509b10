import pytest

from outlast_cli.new.columns import python_name, read_columns


def test_missing_values_are_found() -> None:
    """Texts like NA mean a missing value where the other values have a type, then in each column; an empty field is one
    anyway."""
    rows = [{"n": "1", "t": "a", "e": ""}, {"n": "NA", "t": "NA", "e": "x"}]
    columns, nulls = read_columns(["n", "t", "e"], rows)
    assert nulls == ["NA"]
    assert [column.annotation for column in columns] == ["int | None", "str | None", "str | None"]


def test_a_text_column_keeps_its_texts() -> None:
    """Where no column of numbers or dates has it, NA is a text like any other: the code of Namibia."""
    columns, nulls = read_columns(["country"], [{"country": "NA"}, {"country": "DE"}])
    assert (nulls, columns[0].annotation) == ([], "str")


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("dep_delay", "dep_delay"),
        ("Arr Delay", "arr_delay"),
        ("orderId", "order_id"),
        ("SKU", "sku"),
        ("Preis (€)", "preis"),
        ("2013", "column_2013"),
        ("class", "class_"),
        ("model_name", "column_model_name"),
        ("json", "json_"),
        ("_rid", "rid"),
        ("€", "column"),
        ("Fällig am", "faellig_am"),
        ("Fa\u0308llig am", "faellig_am"),
        ("GRÖSSE", "groesse"),
        ("MengeÜber", "menge_ueber"),
        ("Straße", "strasse"),
        ("Prénom", "prenom"),
        ("Größe (m²)", "groesse_m2"),
    ],
)
def test_a_column_has_a_python_name(name: str, field: str) -> None:
    """A field's name is an identifier that a row class does not have already."""
    assert python_name(name) == field


def test_fields_are_different() -> None:
    """Columns whose names would be one field get numbers."""
    columns, _ = read_columns(["a b", "a-b", "a_b"], [{}])
    assert [column.field for column in columns] == ["a_b", "a_b_2", "a_b_3"]


def test_evenness_is_that_of_equal_values() -> None:
    """Four values of equal frequency are as even as four, and one that dominates makes it fewer."""
    even, uneven = read_columns(["a", "b"], [{"a": n % 4, "b": n % 4 if n > 90 else 0} for n in range(100)])[0]
    assert round(even.effective, 6) == 4
    assert uneven.effective < 1.5
    assert uneven.largest_share > 0.9


def test_odd_values_do_not_make_their_column_text() -> None:
    """A column of numbers with one wrong text is of numbers. The row of that text counts in no column."""
    rows = [{"n": "1", "t": f"row {n}"} for n in range(200)] + [{"n": "12 Stk", "t": "odd"}]
    (n, t), nulls = read_columns(["n", "t"], rows)
    assert (n.annotation, n.odd, nulls) == ("int", ["12 Stk"], [])
    assert (t.annotation, t.odd, t.distinct) == ("str", [], 200)
