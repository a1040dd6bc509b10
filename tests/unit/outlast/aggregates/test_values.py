import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.aggregates.values import decode, encode, identity, in_order, to_json

EAST = timezone(timedelta(hours=2))
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=[])),
    st.decimals(-(10**9), 10**9, allow_nan=False),
    st.dates(),
    st.datetimes(timezones=st.none() | st.sampled_from([UTC, EAST])),
    st.times(timezones=st.none() | st.sampled_from([UTC, EAST, timezone(timedelta(seconds=-7))])),
    st.timedeltas(),
    st.uuids(),
)


@given(VALUES)
def test_a_value_survives_as_json(value: Any) -> None:
    """What is decoded is equal and of the same type, and its JSON has neither tabs nor line ends."""
    text = to_json(encode(value))
    found = decode(json.loads(text))
    assert (found, type(found)) == (value, type(value))
    assert not set(text) & set("\t\r\n")


NAIVE = datetime(2013, 1, 1)  # noqa: DTZ001  # a column may have no time zone
SAMPLES = [
    *(0, 0.0, -0.0, 1, True, False, 0.5, Decimal("0.5"), Decimal("0.50"), 5, 5.0, Decimal("5.0"), 10**20, 1e20),
    *(None, "", "5", "None", date(2013, 1, 1), NAIVE, datetime(2013, 1, 1, tzinfo=UTC)),
    *(datetime(2013, 1, 1, 2, tzinfo=EAST), time(5), timedelta(0), timedelta(1)),
    *(time(5, tzinfo=UTC), time(7, tzinfo=EAST), time(5, tzinfo=timezone(timedelta(0)))),
    *(
        time(1, tzinfo=EAST),
        time(23, tzinfo=UTC),
        time(5, 0, 7, tzinfo=timezone(timedelta(seconds=7))),
    ),
    *(time(5, 0, 0, 7, tzinfo=UTC), time(7, 0, 0, 7, tzinfo=EAST)),
    UUID(int=5),
]


def test_values_have_the_same_identity_when_they_are_equal() -> None:
    """Groups are told apart exactly as Python tells keys of a dictionary apart."""
    for one, other in product(SAMPLES, repeat=2):
        assert (identity(one) == identity(other)) == (one == other), (one, other)


def test_a_decimal_of_many_digits_has_an_identity_at_once() -> None:
    """Its digits are not counted out."""
    assert identity(Decimal("1e1000000")) == identity(Decimal("10e999999")) != identity(Decimal("1e999999"))


@given(st.lists(VALUES.filter(lambda value: value is not None), max_size=8))
def test_values_of_any_types_have_an_order(values: list[Any]) -> None:
    """Sorting never raises, and numbers come before text."""
    found = sorted(values, key=in_order)
    kinds = [in_order(value)[0] for value in found]
    assert kinds == sorted(kinds)


def test_an_enum_of_text_is_kept_as_its_text() -> None:
    """What comes back is the plain text, and another enum is refused."""

    class Colour(StrEnum):
        RED = "red"

    assert decode(encode(Colour.RED)) == "red"
    with pytest.raises(TypeError, match="a value of type object cannot be kept in a group"):
        encode(object())
