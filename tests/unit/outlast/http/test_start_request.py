import asyncio
import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from outlast.errors import Transient
from outlast.http import start_request
from outlast.http.body_size import MAX_INLINE
from outlast.http.problem import Problem
from outlast.http.start_request import StartRequest, read_start_request
from outlast.report import Csv, FixedWidth
from outlast.run_options import Options
from outlast.staging.store import Staging
from tests.fakes.http import ask
from tests.fakes.reports import HEADER, Sales, make_csv
from tests.fakes.world import work_here

JSON_LINE = b'{"id": "a", "shop": "s", "amount": 1}\n'


def read_body(body: bytes, content_type: str | None = None, **params: str) -> StartRequest:
    return asyncio.run(read_start_request(ask("reports/sales", body, content_type, params), Sales(), None, work_here))


def read_reference(asked: Any, files: Mapping[str, bytes] | None = None, **params: str) -> StartRequest:
    """Post this body as application/json, with an inputs location that has these files."""

    async def run() -> StartRequest:
        inputs = Staging("memory:///")
        for name, data in (files or {}).items():
            await inputs.put(name, data)
        body = asked if isinstance(asked, bytes) else orjson.dumps(asked)
        return await read_start_request(
            ask("reports/sales", body, "application/json", params), Sales(), inputs, work_here
        )

    return asyncio.run(run())


def refuse(reading: Any, *args: Any, **params: Any) -> tuple[int, str, str]:
    """Status, field and detail of the refusal."""
    with pytest.raises(Problem) as caught:
        reading(*args, **params)
    body = caught.value.body
    return caught.value.status, str(body["field"]), str(body["detail"])


@pytest.mark.parametrize(
    ("body", "content_type", "filename", "form", "gzipped"),
    [
        (make_csv(1), "text/csv", None, "csv", False),
        (make_csv(1), "text/csv; charset=utf-8", None, "csv", False),
        (make_csv(1), "application/x-www-form-urlencoded", None, "csv", False),
        (make_csv(1), "application/octet-stream", None, "csv", False),
        (make_csv(1), None, None, "csv", False),
        (JSON_LINE, "application/x-ndjson", None, "jsonl", False),
        (JSON_LINE, "application/jsonl", None, "jsonl", False),
        (JSON_LINE, None, None, "jsonl", False),
        (JSON_LINE, None, "sales.jsonl", "jsonl", False),
        (gzip.compress(make_csv(1)), "text/csv", None, "csv", True),
        (gzip.compress(make_csv(1)), "application/gzip", "sales.csv.gz", "csv", True),
        (gzip.compress(JSON_LINE), None, None, "jsonl", True),
    ],
)
def test_the_body_is_the_file(
    body: bytes, content_type: str | None, filename: str | None, form: str, gzipped: bool
) -> None:
    """CSV and JSON Lines, gzipped or not, are detected by Content-Type, file name or content."""
    asked = read_body(body, content_type, **({"filename": filename} if filename else {}))
    assert (asked.reading.format, asked.reading.compression == "gzip", asked.body, asked.reference) == (
        form,
        gzipped,
        body,
        None,
    )


def test_options_and_parameters_are_in_the_query() -> None:
    """The query's names are options or parameters, except those of the host."""
    asked = read_body(make_csv(1), "text/csv", tolerated_reject_percent="2.5", factor="3", code="k", clientId="default")
    assert asked.options.tolerated_reject_percent == 2.5
    assert asked.parameters.model_dump() == {"factor": 3}


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("colour", "blue", "colour: there is no such parameter"),
        ("factor", "two", "factor: Input should be a valid integer"),
        ("factor", "", "factor: Input should be a valid integer"),
        ("tolerated_rejects", "-1", "tolerated_rejects: Input should be greater than or equal to 0"),
        ("tolerated_rejects", "1.5", "tolerated_rejects: Input should be a valid integer"),
        ("tolerated_reject_percent", "101", "tolerated_reject_percent: Input should be less than or equal to 100"),
        ("tolerated_reject_percent", "nan", "tolerated_reject_percent: "),
        ("max_parallel", "0", "max_parallel: "),
        ("max_parallel", "33", "max_parallel: "),
        ("ru_share", "0", "ru_share: Input should be greater than 0"),
        ("ru_share", "1e-9", "ru_share: 1e-09 is too little: give 400 RU/s or more"),
        ("ru_share", "1.5", "ru_share: 1.5 is too little: give 400 RU/s or more"),
        ("ru_share", "399.9", "ru_share: 399.9 is too little: give 400 RU/s or more"),
        ("ru_share", "1_000", "ru_share: Input should be a valid number"),
        ("min_rows", "-1", "min_rows: "),
        ("filename", "x" * 1025, "filename: "),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(name: str, value: str, text: str) -> None:
    """A value that cannot be used is refused with 400, its field and its fault, and is not repeated."""
    status, field, detail = refuse(read_body, make_csv(1), "text/csv", **{name: value})
    assert (status, field) == (400, name)
    assert detail.startswith(text)


def test_a_reference_may_begin_with_a_byte_order_mark() -> None:
    """Programs of Windows write a mark before JSON, which is no fault of its content."""
    asked = read_reference(b'\xef\xbb\xbf{"input": "a.csv"}', {"a.csv": make_csv(1)})
    assert asked.reference == "a.csv"


@pytest.mark.parametrize(
    ("dialect", "said"),
    [
        (None, {"thousands": "."}),
        (Csv(decimal=","), {"thousands": ","}),
        (Csv(thousands=","), {"decimal": ","}),
        (FixedWidth(columns={"id": (0, 2)}, decimal=","), {"thousands": ","}),
    ],
)
def test_thousands_are_not_separated_by_the_decimal_mark(
    dialect: Csv | FixedWidth | None, said: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start is refused whose marks of numbers are the same together with those of the report."""
    monkeypatch.setattr(Sales, "dialect", dialect)
    assert refuse(read_body, make_csv(1), "text/csv", **said)[:2] == (400, "thousands")
    reference = {"input": "a.csv", "options": said}
    assert refuse(read_reference, reference, {"a.csv": make_csv(1)})[:2] == (400, "thousands")


@pytest.mark.parametrize(
    ("body", "content_type", "field"),
    [
        (b"", "text/csv", "body"),
        (b"", None, "body"),
        (gzip.compress(b""), None, "body"),
        (JSON_LINE, "text/csv", "body"),
        (make_csv(1), "application/x-ndjson", "body"),
        (make_csv(1), "application/gzip", "content-type"),
        (make_csv(1), "image/png", "content-type"),
        (b"PK\x05\x06rest", None, "body"),
        (gzip.compress(make_csv(100))[:-20], None, "body"),
        (b"\n\n", "text/csv", "body"),
        (b"id,id,shop,amount\n", "text/csv", "header"),
    ],
)
def test_a_body_that_is_not_what_is_claimed_is_refused(body: bytes, content_type: str | None, field: str) -> None:
    """An empty, damaged or otherwise formatted body, or one without a usable header, is refused with 400."""
    assert refuse(read_body, body, content_type)[:2] == (400, field)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_header_without_the_needed_columns_is_refused(pack: Any) -> None:
    """Missing columns are named; a column whose field has a default may be missing."""
    status, field, detail = refuse(read_body, pack(b"id,colour\n1,blue\n"), None)
    assert (status, field) == (400, "shop")
    assert detail.startswith(
        "The header lacks the column shop, amount, which the report needs. Read with commas, it has 2"
    )
    assert read_body(pack(b"amount,id,shop\n1,a,s\n"), None).reading.format == "csv"


def test_a_body_that_is_too_large_is_refused_with_the_other_way() -> None:
    """A body that is too large is refused with 413, and the text says how to post a reference."""
    status, field, detail = refuse(read_body, HEADER + b"x" * MAX_INLINE, "text/csv")
    assert (status, field) == (413, "body")
    assert "POST /api/inputs?name=NAME" in detail


def test_a_body_of_the_largest_size_is_taken() -> None:
    """A body of 32 MiB is accepted."""
    assert read_body(make_csv(1).ljust(MAX_INLINE, b"\n"), "text/csv").body is not None


def test_a_reference_names_a_file_of_the_inputs_location() -> None:
    """A reference has the file's current version, and the options and parameters of the body."""
    body = {"input": "2013/sales.csv", "parameters": {"factor": 2}, "options": {"max_parallel": 4}}
    asked = read_reference(body, {"2013/sales.csv": make_csv(1)})
    assert (asked.reference, asked.body, asked.reading.format) == ("2013/sales.csv", None, "csv")
    assert asked.reference_etag
    assert (asked.parameters.model_dump(), asked.options.max_parallel) == ({"factor": 2}, 4)


@pytest.mark.parametrize("name", ["export-2024-01-31T05:00:00.csv", "C:x.csv", "a:b/c:d.csv"])
def test_a_name_may_have_colons(tmp_path: Path, name: str) -> None:
    """A file whose name has a time in it is found, in a folder too."""
    assert read_reference({"input": name}, {name: make_csv(1)}).reference == name
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(make_csv(1))
    request = ask("reports/sales", orjson.dumps({"input": name}), "application/json")
    assert asyncio.run(read_start_request(request, Sales(), Staging(f"file://{tmp_path}"), work_here)).reference == name


@pytest.mark.parametrize("body", [b'{"id":"1"}\n{"id":"2"}\n', b"7"])
def test_rows_as_json_get_a_hint(body: bytes) -> None:
    """Rows that are sent as application/json are refused with the type of JSON Lines."""
    status, field, detail = refuse(read_reference, body)
    assert (status, field) == (400, "body")
    assert "JSON Lines, one object a line, with the type application/x-ndjson" in detail


@pytest.mark.parametrize(
    "body", [b'{"input":"x.csv","input":"y.csv"}', b'{"input":"x.csv","options":{"max_parallel":1,"max_parallel":2}}']
)
def test_a_name_that_the_body_has_twice_is_refused(body: bytes) -> None:
    """One of two values would be lost, so neither is taken."""
    status, field, detail = refuse(read_reference, body, {"x.csv": make_csv(1)})
    assert (status, field, "in an object twice" in detail) == (400, "body", True)


@pytest.mark.parametrize("body", [b"[" * 10_000, b'{"a":' * 900 + b"1234567890123456789012" + b"}" * 900])
def test_a_deeply_nested_body_is_refused(body: bytes) -> None:
    """A body that is nested too deeply is a 400."""
    assert refuse(read_reference, body)[0] == 400


OUTSIDE = (
    "../secret.csv", "a/../../secret.csv", "..", ".", "./x.csv", "/etc/passwd", "//x.csv", "a//x.csv",
    "..\\secret.csv", "C:\\x.csv", "C:\\", "file:///etc/passwd", "az://other/x.csv", "https://x.org/a.csv",
    "a/./x.csv", "a\n.csv", "x\0.csv", "\u202ex.csv",
)  # fmt: skip


@pytest.mark.parametrize("reference", OUTSIDE)
def test_a_reference_that_could_lead_outside_is_refused(reference: str) -> None:
    """A path that could leave the inputs location is refused and not repaired, however it is spelled."""
    assert refuse(read_reference, {"input": reference}) == (
        400, "input", "input must be a path below the inputs location (INPUTS_URL), such as 2013/january.csv",
    )  # fmt: skip


@pytest.mark.parametrize(
    "reference", ["%2e%2e/secret.csv", "..%2fsecret.csv", "%2e%2e%2fsecret.csv", "~/secret.csv", "sub", "x" * 300]
)
@pytest.mark.parametrize("below", ["", "/x.csv"])
def test_a_folder_gives_nothing_from_outside_it(tmp_path: Path, reference: str, below: str) -> None:
    """Percent signs are part of a file's name, a folder is not a file, and no name leaves the inputs location."""
    (tmp_path / "secret.csv").write_bytes(make_csv(1))
    (tmp_path / "inputs" / "sub").mkdir(parents=True)
    request = ask("reports/sales", orjson.dumps({"input": reference + below}), "application/json")
    reading = read_start_request(request, Sales(), Staging(f"file://{tmp_path}/inputs"), work_here)
    status, field, detail = refuse(asyncio.run, reading)
    assert (status, field, detail) == (400, "input", f"{reference + below} is not in the inputs location (INPUTS_URL)")


def test_a_path_below_a_file_is_not_there(tmp_path: Path) -> None:
    """A path below a file is missing, as in a store without folders."""
    (tmp_path / "x.csv").write_bytes(make_csv(1))
    request = ask("reports/sales", b'{"input": "x.csv/y"}', "application/json")
    reading = read_start_request(request, Sales(), Staging(f"file://{tmp_path}"), work_here)
    assert refuse(asyncio.run, reading)[1] == "input"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"input": "missing.csv"}, "input"),
        ({"input": "empty.csv"}, "body"),
        ({"input": "lines.jsonl", "options": {"filename": "x.csv"}}, "body"),
        ({}, "input"),
        ({"input": ""}, "input"),
        ({"input": 7}, "input"),
        ({"input": "x.csv", "colour": 1}, "colour"),
        ({"input": "x.csv", "parameters": {"colour": 1}}, "parameters.colour"),
        ({"input": "x.csv", "parameters": {"factor": "x"}}, "parameters.factor"),
        ({"input": "x.csv", "parameters": []}, "parameters"),
        ({"input": "x.csv", "options": {"max_parallel": 99}}, "options.max_parallel"),
        (b"", "body"),
        (b"{not json", "body"),
        (b"null", "body"),
    ],
)
def test_a_reference_that_cannot_be_used_is_refused_by_field(asked: Any, field: str) -> None:
    """A reference that cannot be used is refused with 400 and the field that is wrong."""
    files = {"x.csv": make_csv(1), "empty.csv": b"", "lines.jsonl": JSON_LINE}
    assert refuse(read_reference, asked, files)[:2] == (400, field)


@pytest.mark.parametrize(
    ("more", "known"),
    [
        ({"colour": 1}, "input, parameters, options"),
        ({"parameters": {"colour": 1}}, "factor"),
        (
            {"options": {"colour": 1}},
            ", ".join(Options.model_fields),
        ),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_names(more: dict[str, Any], known: str) -> None:
    """An unknown name is refused with the known names of the body, its parameters or its options."""
    detail = refuse(read_reference, {"input": "x.csv", **more}, {"x.csv": make_csv(1)})[2]
    assert detail.endswith(f"colour: there is no such parameter; there are: {known}")


def test_with_a_reference_nothing_is_taken_from_the_query() -> None:
    """A start by reference refuses an option or parameter in the query by its name."""
    status, field, _ = refuse(read_reference, {"input": "x.csv"}, {"x.csv": make_csv(1)}, factor="2", code="k")
    assert (status, field) == (400, "factor")


def test_without_an_inputs_location_a_reference_is_refused() -> None:
    """Without an inputs location a reference is refused, and the text names the setting."""
    status, field, detail = refuse(read_body, b'{"input": "x.csv"}', "application/json")
    assert (status, field) == (400, "input")
    assert "INPUTS_URL" in detail


class Silent(Staging):
    """An inputs location that never answers."""

    async def etag(self, path: str) -> str | None:
        await asyncio.Event().wait()
        return None


def test_a_look_at_the_input_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A location that gives no answer fails the request as Transient and does not hold it until functionTimeout."""
    monkeypatch.setattr(start_request, "LOOK_SECONDS", 0.01)
    request = ask("reports/sales", b'{"input": "january.csv"}', "application/json")
    with pytest.raises(Transient, match=r"the inputs location .* gave no answer"):
        asyncio.run(read_start_request(request, Sales(), Silent("memory:///"), work_here))


@pytest.mark.parametrize("name", ["code", "Code", "CODE", "clientid"])
def test_the_hosts_own_parameters_are_left_to_it(name: str) -> None:
    """The host finds its key under any case of its name, so it is no parameter of the report."""
    assert read_body(make_csv(1), "text/csv", **{name: "secret"}).parameters.model_dump() == {"factor": 1}
    asked = read_reference({"input": "january.csv"}, {"january.csv": make_csv(1)}, **{name: "secret"})
    assert asked.reference == "january.csv"
