import asyncio
from typing import Any

import pytest

from tests.fakes.cosmos import FakeCosmos
from tests.unit.reports.sample import count, generate, load, read_rows

REPORT = load("airport_departures")
NAMES = {"UA": "United Air Lines Inc."}


def read(**parameters: Any) -> Any:
    """What the report reads from a database with one airline."""

    async def run() -> Any:
        database = await FakeCosmos({"airlines": [{"id": "UA", "name": NAMES["UA"]}]}).database()
        return await REPORT.read_data_from_db(database, REPORT.parameters.model_validate(parameters))

    return asyncio.run(run())


def test_every_late_departure_of_the_sample_is_a_document_of_its_own() -> None:
    """No two rows of an airport have the same id."""
    names = {row["carrier"]: "x" for row in read_rows()}
    late = sum(1 for row in read_rows() if row["dep_delay"] not in (None, "NA") and float(row["dep_delay"]) >= 0)
    assert count(REPORT, {"names": names, "min_delay": 0.0}) == (27_004, late)


def test_a_departure_has_its_airlines_name() -> None:
    """A document has the airline's name from the database."""
    (document,) = generate(REPORT, read())
    assert (document["airline"], document["origin"], document["dep_delay"]) == (NAMES["UA"], "EWR", 2.0)


@pytest.mark.parametrize(("least", "made"), [(2.0, 1), (2.5, 0)])
def test_only_late_departures_are_documents(least: float, made: int) -> None:
    """Only departures of at least `min_delay` minutes late are documents."""
    assert len(generate(REPORT, read(min_delay=least))) == made


def test_a_cancelled_departure_is_not_late() -> None:
    """A departure without a delay is no document, because it never left."""
    assert generate(REPORT, read(), dep_delay=None) == []


def test_an_airline_that_the_database_does_not_know_is_an_error_of_that_row() -> None:
    """A row with an unknown airline raises, which rejects that row."""
    with pytest.raises(KeyError, match="XX"):
        generate(REPORT, read(), carrier="XX")
