import asyncio
from collections.abc import AsyncIterator

import azure.functions as func
import pytest

from outlast.http.public_address import PublicAddress, SeenRequest
from tests.fakes.http import ORIGIN, ask

FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "api.example.org", "X-Forwarded-Prefix": "/imports"}


def seen(address: PublicAddress, headers: dict[str, str] | None = None) -> str:
    return str(address.seen(ask("runs", params={"top": "2"}, headers=headers)).url)


def test_without_a_setting_the_request_says_the_address() -> None:
    """Without a setting nothing that a caller sends changes the address of links."""
    assert seen(PublicAddress(), FORWARDED) == f"{ORIGIN}/api/runs?top=2"


def test_a_public_address_goes_before_everything() -> None:
    """PUBLIC_URL is the address of links whatever the request and its proxies say, with its path."""
    assert seen(PublicAddress("https://x.org/jobs", 1), FORWARDED) == "https://x.org/jobs/api/runs?top=2"


def test_the_address_of_this_machine_is_for_emails() -> None:
    """Who reaches a local app by another name than that of PUBLIC_URL gets links of the name that was used."""
    assert seen(PublicAddress("http://127.0.0.1:7071")) == f"{ORIGIN}/api/runs?top=2"


def test_a_trusted_proxy_says_what_it_was_sent() -> None:
    """Scheme, host and prefix come from the headers of a proxy that is trusted."""
    assert seen(PublicAddress(proxies=1), FORWARDED) == "https://api.example.org/imports/api/runs?top=2"


@pytest.mark.parametrize(("proxies", "host"), [(1, "second"), (2, "first"), (3, "app.example")])
def test_only_what_trusted_proxies_have_appended_counts(proxies: int, host: str) -> None:
    """Of a list, the value that the first trusted proxy has appended counts. A shorter list has none of it."""
    assert seen(PublicAddress(proxies=proxies), {"X-Forwarded-Host": "first, second"}).startswith(f"https://{host}/")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": "evil.example/path"},
        {"X-Forwarded-Host": "user@evil.example"},
        {"X-Forwarded-Host": 'a"b'},
        {"X-Forwarded-Host": ""},
        {"X-Forwarded-Proto": "javascript"},
        {"X-Forwarded-Prefix": "//evil.example"},
        {"X-Forwarded-Prefix": "/a?b"},
    ],
)
def test_what_is_no_address_is_ignored(headers: dict[str, str]) -> None:
    """A header that does not have the form of a scheme, host or path is ignored."""
    assert seen(PublicAddress(proxies=1), headers) == f"{ORIGIN}/api/runs?top=2"


@pytest.mark.parametrize("host", ["[::1]:8080", "x.org:8443", "10.0.0.7"])
def test_a_host_may_have_a_port_or_be_an_address(host: str) -> None:
    """A forwarded host may have a port or be an IP address."""
    assert seen(PublicAddress(proxies=1), {"X-Forwarded-Host": host}).startswith(f"https://{host}/api/")


class Streamed(func.HttpRequest):
    """A request whose body comes in pieces."""

    async def stream(self) -> AsyncIterator[bytes]:
        yield b"piece"


def test_the_rest_of_the_request_is_as_it_came() -> None:
    """Body, headers, parameters and the stream of a request are those of the host's request."""
    came = Streamed("PUT", f"{ORIGIN}/api/x", headers={"A": "b"}, params={"c": "d"}, route_params={"e": "f"}, body=b"g")
    request = PublicAddress("https://x.org").seen(came)
    assert isinstance(request, SeenRequest)
    assert (request.method, request.headers["a"], request.params["c"], request.route_params["e"]) == (
        *("PUT", "b", "d"),
        "f",
    )
    assert request.get_body() == b"g"

    async def read() -> list[bytes]:
        return [piece async for piece in request.stream()]

    assert asyncio.run(read()) == [b"piece"]
    assert not hasattr(PublicAddress("https://x.org").seen(ask("x")), "stream")
