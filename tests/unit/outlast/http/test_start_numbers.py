import asyncio
from typing import Any

import azure.functions as func
import pytest

from outlast.http.start_request import StartRequest, read_start_request
from outlast.reading_options import ReadingOptions
from outlast.report import Parameters
from outlast.run_options import Options
from outlast.staging.store import Staging
from tests.fakes.http import ask
from tests.fakes.reports import Sales, make_csv
from tests.fakes.world import work_here
from tests.unit.outlast.http.test_start_request import read_body, refuse


@pytest.mark.parametrize("value", ["0.01", "1", "400", "1e6"])
def test_a_ru_share_is_a_fraction_or_enough_request_units(value: str) -> None:
    """A hundredth to 1 is a fraction of the throughput, and 400 or more are RU/s."""
    assert read_body(make_csv(1), "text/csv", ru_share=value).options.ru_share == float(value)


TEXTS = {"filename", "label", "member", "nulls", "sheet", *ReadingOptions.model_fields} - {"header_line"}
NUMBER_OPTIONS = sorted(Options.model_fields.keys() - TEXTS)
NUMBERS = {
    "10^23": "99999999999999999999999",
    "infinite": "inf",
    "beyond a double": "1e400",
    "400 digits": "9" * 400,
    "5,000 digits": "9" * 5000,
    "not a number": "nan",
}


class Wanted(Parameters):
    n: int = 0
    x: float = 0.0
    each: dict[str, Any] = {}  # noqa: RUF012  # pydantic copies it


def read_for(request: func.HttpRequest) -> StartRequest:
    async def run() -> StartRequest:
        inputs = Staging("memory:///")
        await inputs.put("x.csv", make_csv(1))
        report = type("Wanting", (Sales,), {"parameters": Wanted})()
        return await read_start_request(request, report, inputs, work_here)

    return asyncio.run(run())


@pytest.mark.parametrize("value", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("name", [*NUMBER_OPTIONS, "n", "x"])
def test_no_number_of_the_query_ends_in_an_error_of_ours(name: str, value: str) -> None:
    """A number that cannot be used or kept is refused with 400 and its name, as an option or a parameter."""
    if (name, value) == ("x", NUMBERS["10^23"]):  # a float takes it
        return
    request = ask("reports/sales", make_csv(1), "text/csv", {name: value})
    assert refuse(read_for, request)[:2] == (400, name)


@pytest.mark.parametrize("value", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("name", [*NUMBER_OPTIONS, "n", "x", "each.deep"])
def test_no_number_of_the_body_ends_in_an_error_of_ours(name: str, value: str) -> None:
    """A number in the body of a reference is refused by its path, or the body is where JSON has no such number."""
    if (name, value) == ("x", NUMBERS["10^23"]):
        return
    within = "options" if name in NUMBER_OPTIONS else "parameters"
    inner = f'{{"deep":[{value}]}}' if name == "each.deep" else value
    body = f'{{"input":"x.csv","{within}":{{"{name.partition(".")[0]}":{inner}}}}}'.encode()
    status, field, _ = refuse(read_for, ask("reports/sales", body, "application/json"))
    spelled_by_json = value not in (NUMBERS["infinite"], NUMBERS["not a number"], NUMBERS["5,000 digits"])
    assert status == 400
    assert field in (f"{within}.{name}", f"{within}.{name}.0", *(() if spelled_by_json else ("body",)))
