from tests.unit.outlast_cli.calling import Caller

FLIGHTS = {
    "name": "flights",
    "doc": "Every departure.\n\nMore.",
    "container": "flight-delays",
    "partition_key": ["/carrier", "/day"],
    "mode": "upsert",
    "row_schema": {
        "properties": {
            "carrier": {"type": "string"},
            "at": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        },
        "required": ["carrier"],
    },
    "parameters_schema": {"properties": {"min_delay": {"type": "integer", "default": 15}}},
}


def test_reports_are_listed(call: Caller) -> None:
    """The list has name, mode, container and the first line of what each report says of itself."""
    call.answers = {"GET /api/reports": {"reports": [FLIGHTS], "containers": []}}
    assert call("reports").out == "flights\tupsert\tflight-delays\tEvery departure.\n"
    assert call("reports", "--json").json == {"reports": [FLIGHTS], "containers": []}


def test_one_report_is_shown_with_its_columns(call: Caller) -> None:
    """One report is shown with its partition key, its columns and its parameters by their JSON schemas."""
    call.answers = {"GET /api/reports": {"reports": [FLIGHTS]}}
    lines = call("reports", "flights").out.splitlines()
    assert "partition key  /carrier, /day" in lines
    assert "carrier\tstring\trequired" in lines
    assert "at\tstring (date-time) or null\t" in lines
    assert "min_delay\tinteger\t15" in lines
    assert call("reports", "flights", "--json").json == FLIGHTS


def test_a_report_that_is_not_there_is_told(call: Caller) -> None:
    """An unknown name ends with 5 and names the reports that there are."""
    call.answers = {"GET /api/reports": {"reports": [FLIGHTS]}}
    done = call("reports", "fligths")
    assert done.code == 5
    assert "there are: flights" in done.err
