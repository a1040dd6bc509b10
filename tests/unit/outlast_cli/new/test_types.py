from collections import Counter

import pytest

from outlast_cli.new.types import kind_of, odd_texts


@pytest.mark.parametrize(
    ("texts", "annotation"),
    [
        (["1", "-20", "0"], "int"),
        (["007", "12"], "str"),
        (["9007199254740993"], "str"),
        (["1.5", "2", "-3e5", ".5"], "float"),
        (["00.5", "0.5"], "float"),
        (["0123456789012345.67"], "Decimal"),
        (["1,234.50", "12"], 'Annotated[float, Number(thousands=",")]'),
        (["1.234,50", "12"], 'Annotated[float, Number(decimal=",", thousands=".")]'),
        (["true", "FALSE"], "bool"),
        (["2013-01-31", "2013-02-28"], "date"),
        (["2013-01-31", "2013-02-30"], "str"),
        (["2013-01-31T05:00:00Z", "2013-01-31 05:00"], "datetime"),
        (["31.01.2013"], 'Annotated[date, Date("%d.%m.%Y")]'),
        (["31/01/2013 05:00"], 'Annotated[datetime, Date("%d/%m/%Y %H:%M")]'),
        (["01/31/2013"], 'Annotated[date, Date("%m/%d/%Y")]'),
        (["a", "1"], "str"),
        ([], "str"),
    ],
)
def test_texts_have_a_type(texts: list[str], annotation: str) -> None:
    """The type is the narrowest one that every text has and that loses nothing of it."""
    assert kind_of("x", texts).annotation == annotation


@pytest.mark.parametrize(
    ("texts", "odd"),
    [
        ([*["1", "2"] * 100, "12 Stk"], {"12 Stk"}),
        ([*["30.09.2026"] * 200, "31.09.2026", "soon"], {"31.09.2026", "soon"}),
        ([*["1"] * 98, "a", "b"], set()),
        ([*["1"] * 200, "007"], set()),
        (["a"] * 300, set()),
        (["1", "2"], set()),
    ],
)
def test_few_wrong_texts_are_odd(texts: list[str], odd: set[str]) -> None:
    """Texts without a type are odd beside a hundred times as many with one; digits with leading zeros never are."""
    assert odd_texts("x", Counter(texts)) == odd


def test_a_comma_is_a_decimal_mark_beside_semicolons() -> None:
    """Where semicolons separate the fields, 1,234 is read with a decimal comma, and else with a thousands comma."""
    assert "decimal" in kind_of("x", ["1,234"], semicolons=True).annotation
    assert "decimal" not in kind_of("x", ["1,234"]).annotation


def test_eight_digits_are_a_day_where_the_column_says_so() -> None:
    """20130131 is a date in a column that is called so, and a number elsewhere."""
    assert kind_of("Due Date", ["20130131"]).annotation == 'Annotated[date, Date("%Y%m%d")]'
    assert kind_of("number", ["20130131"]).annotation == "int"
    assert kind_of("day", ["20139931"]).annotation == "int"


def test_day_and_month_that_cannot_be_told_apart_are_noted() -> None:
    """A sample in which both orders fit says so."""
    assert "both fit" in kind_of("x", ["01/02/2013"]).note
    assert kind_of("x", ["01/02/2013", "31/01/2013"]).note == ""


@pytest.mark.parametrize(
    ("values", "annotation"),
    [
        ([1, 2], "int"),
        ([1, 2.5], "float"),
        ([True], "bool"),
        ([[1]], "list[Any]"),
        ([{"a": 1}], "dict[str, Any]"),
        ([1, "a"], "Any"),
    ],
)
def test_values_of_json_have_their_types(values: list[object], annotation: str) -> None:
    """Values that have types already keep them; several together are any."""
    assert kind_of("x", values).annotation == annotation
