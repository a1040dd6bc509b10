from outlast.http.cors import Cors
from tests.fakes.http import ask

PAGE = "https://page.example"


def test_without_origins_there_is_nothing() -> None:
    """Without CORS_ORIGINS no answer has a header of CORS."""
    request = ask("x", headers={"Origin": PAGE})
    assert Cors().headers(request) == {}
    assert Cors().preflight(request, "GET") == {}


def test_a_page_of_a_named_origin_may_read_answers() -> None:
    """The answer names the origin of the page, and which of its headers the page may read."""
    headers = Cors((PAGE,)).headers(ask("x", headers={"Origin": PAGE}))
    assert headers["Access-Control-Allow-Origin"] == PAGE
    assert "ETag" in headers["Access-Control-Expose-Headers"]
    assert headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in headers


def test_another_page_may_not() -> None:
    """An answer to any other page allows nothing, and says that it depends on the origin."""
    for headers in ({"Origin": "https://page.example.evil"}, {"Origin": "null"}, {}):
        assert Cors((PAGE,)).headers(ask("x", headers=headers)) == {"Vary": "Origin"}
        assert Cors((PAGE,)).preflight(ask("x", headers=headers), "GET") == {}


def test_a_page_may_send_what_the_api_takes() -> None:
    """A preflight is answered with the methods of the route and the headers that the API reads."""
    headers = Cors((PAGE,)).preflight(ask("x", headers={"Origin": PAGE}), "GET, HEAD")
    assert headers["Access-Control-Allow-Methods"] == "GET, HEAD"
    assert {"X-Functions-Key", "Idempotency-Key"} <= set(headers["Access-Control-Allow-Headers"].split(", "))
