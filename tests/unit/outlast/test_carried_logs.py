import logging

import pytest

from outlast.carried_logs import MOST_CHARACTERS, MOST_RECORDS, Collector, LogBudget


class Mute:
    def __str__(self) -> str:
        raise ValueError("no text")


@pytest.fixture
def collected() -> tuple[logging.Logger, Collector]:
    """A logger with a collector, apart from all others."""
    logger, collector = logging.Logger("reports.x"), Collector()
    logger.addHandler(collector)
    return logger, collector


def test_records_are_collected_until_they_are_taken(collected: tuple[logging.Logger, Collector]) -> None:
    """Each record is taken once, with name, level and formatted text, and a traceback where it has one."""
    logger, collector = collected
    logger.info("%d rows", 7)
    try:
        raise LookupError("gone")
    except LookupError:
        logger.exception("failed")
    first, second = collector.take()
    assert first == {"name": "reports.x", "level": logging.INFO, "text": "7 rows"}
    assert second["text"].startswith("failed\nTraceback")
    assert collector.take() == []


def test_a_record_that_cannot_be_formatted_is_named(collected: tuple[logging.Logger, Collector]) -> None:
    """Neither a wrong format nor an argument without text disturbs the row."""
    logger, collector = collected
    logger.info("%d rows", "many")
    logger.info("%s", Mute())
    assert [record["text"] for record in collector.take()] == [
        "a record of reports.x that cannot be formatted: TypeError",
        "a record of reports.x that cannot be formatted: ValueError",
    ]


def test_records_are_bounded_in_number_and_length(collected: tuple[logging.Logger, Collector]) -> None:
    """What is over the limits is cut and counted."""
    logger, collector = collected
    for _ in range(MOST_RECORDS + 7):
        logger.info("x" * (MOST_CHARACTERS + 1))
    records = collector.take()
    assert {len(record["text"]) for record in records[:-1]} == {MOST_CHARACTERS}
    assert (len(records), records[-1]["text"]) == (MOST_RECORDS + 1, "7 more records were left out")


def test_a_call_logs_a_bounded_number_of_records(caplog: pytest.LogCaptureFixture) -> None:
    """The records of all slices of a call count together, and one warning says that the rest is left out."""
    budget = LogBudget(most=3)
    for number in range(5):
        budget.log([{"name": "reports.x", "level": logging.WARNING, "text": f"{number} %s"}])
    assert [record.getMessage() for record in caplog.records] == [
        "0 %s",
        "1 %s",
        "2 %s",
        "more than 3 records in one call; the rest is left out",
    ]
