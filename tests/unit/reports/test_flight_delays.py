from outlast.cosmos.document import staged
from tests.unit.reports.sample import count, generate, load

REPORT = load("flight_delays")


def test_every_departure_of_the_sample_is_a_document_of_its_own() -> None:
    """No two rows of a carrier have the same id."""
    assert count(REPORT, None) == (27_004, 27_004)


def test_a_departure_is_a_document_with_its_values() -> None:
    """A document has the row's values, the day in one field, and an id made of its names."""
    (document,) = generate(REPORT, None)
    assert document["id"] == "2013-01-01-UA1545-EWR-0515"
    assert (document["date"], document["carrier"], document["dep_delay"]) == ("2013-01-01", "UA", 2.0)
    assert not document["cancelled"]
    assert staged(document, ["carrier"], 2).parsed()["time_hour"] == "2013-01-01T10:00:00+00:00"


def test_a_departure_without_a_delay_was_cancelled() -> None:
    """An empty delay and `NA` both mean that the departure was cancelled."""
    for nothing in (None, "NA"):
        (document,) = generate(REPORT, None, dep_delay=nothing)
        assert document["cancelled"]
        assert document["dep_delay"] is None
