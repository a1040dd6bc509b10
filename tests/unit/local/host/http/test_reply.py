"""Requests and replies without a web server."""

from local.host.http.reply import Request, as_json
from local.host.http.routes import query_of


def request(query: str, **headers: str) -> Request:
    """Return a request with this query string."""
    return Request(
        method="GET", origin="", path="/", query_text=query, query=query_of(query), headers=headers, body=b""
    )


def test_the_names_of_query_parameters_know_no_case() -> None:
    """The names of query parameters, that of the key too, match in any case."""
    asked = request("CODE=k&ShowInput=false")
    assert asked.keys == ["k"]
    assert asked.argument("showinput") == "false"
    assert asked.argument("other") is None


def test_half_a_surrogate_pair_does_not_break_the_answer() -> None:
    """A text with half a surrogate pair is escaped, so that one such instance does not make a whole list unreadable."""
    assert as_json(200, ["\ud83d", "ü"]).body == b'["\\ud83d", "\\u00fc"]'
    assert as_json(200, ["ü"]).body == '["ü"]'.encode()
