import asyncio
from typing import Any

import orjson

from outlast.http.list_reports import ListReports
from tests.fakes.http import ask
from tests.fakes.reports import REPORTS, Sales


class MoreSales(Sales):
    name = "more_sales"
    container = "more-sales"
    reads = {"airlines": "/id", "sales": "/shop"}  # noqa: RUF012  # as users write it


def show(*reports: Sales) -> Any:
    listing = ListReports({report.name: report for report in reports})
    return orjson.loads(asyncio.run(listing.list_reports(ask("reports"))).get_body())


def test_each_report_is_shown_with_what_a_caller_needs() -> None:
    """Each report has its name, text, container, partition key, and the schemas of rows and parameters."""
    (shown,) = show(Sales())["reports"]
    assert (shown["name"], shown["container"], shown["partition_key"]) == ("sales", "sales", "/shop")
    assert shown["doc"].startswith("Sales by shop")
    assert shown["row_schema"]["required"] == ["id", "shop", "amount"]
    assert list(shown["parameters_schema"]["properties"]) == ["factor"]


def test_all_containers_are_listed_once() -> None:
    """The containers that reports write and read and that of the run records are each listed once."""
    containers = {each["name"]: each["partition_key"] for each in show(Sales(), MoreSales())["containers"]}
    assert containers == {"runs": "/id", "sales": "/shop", "more-sales": "/shop", "airlines": "/id"}
    assert len(show(Sales(), MoreSales())["containers"]) == 4


class Sessions(Sales):
    name = "sessions"
    container = "sessions"
    partition_key = ("/tenant", "/user")


def test_a_hierarchical_partition_key_is_a_list_of_paths() -> None:
    """Report and container show each path of a hierarchical partition key, in their order."""
    shown = show(Sessions())
    assert shown["reports"][0]["partition_key"] == ["/tenant", "/user"]
    assert {"name": "sessions", "partition_key": ["/tenant", "/user"]} in shown["containers"]


def test_no_report_is_an_empty_list() -> None:
    """An app without reports answers with an empty list."""
    assert show()["reports"] == []
    assert "sales" in REPORTS
