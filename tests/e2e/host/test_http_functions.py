"""HTTP functions: routes, keys, bodies and what a function may return."""

import gzip
import http.client
import socket
import time
import urllib.parse
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.host.hosting import Hosted


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/api/things/abc", {"kind": "abc"}),
        ("/api/things/abc/", {"kind": "abc"}),
        ("/api/things/abc/12", {"kind": "abc", "number": "12"}),
        ("/API/Things/abc/12", {"kind": "abc", "number": "12"}),
    ],
)
def test_a_route_finds_its_function(host: Hosted, path: str, seen: dict[str, str]) -> None:
    """A route matches in any case, with and without its optional parts."""
    assert host.call("GET", path).json == seen


@pytest.mark.parametrize("path", ["/api/things/1", "/api/things/abc/x", "/api/things/abc/1/2", "//api/pid", "/pid"])
def test_a_path_that_fits_no_route_is_not_found(host: Hosted, path: str) -> None:
    """A path that breaks a constraint or has another number of parts gets 404."""
    assert host.call("GET", path).status == 404


def test_a_wrong_method_is_not_found(host: Hosted) -> None:
    """A request with a method that the route does not allow gets 404, as on the Azure host."""
    assert host.call("DELETE", "/api/echo").status == 404


def test_a_catch_all_takes_the_rest_of_the_path(host: Hosted) -> None:
    """A catch-all parameter receives the rest of the path decoded, with its slashes."""
    assert host.call("GET", "/api/files/a/b%20c/d.txt").text == "a/b c/d.txt"


def test_a_function_key_opens_functions(host: Hosted) -> None:
    """The function key, in the header or the query, and the master key open a function, and a wrong key does not."""
    process = host.process
    assert host.call("GET", "/api/secret").status == 401
    assert host.call("GET", "/api/secret", key="wrong").status == 401
    assert host.call("GET", "/api/secret", key=process.function_key).text == "open"
    assert host.call("GET", f"/api/secret?code={process.function_key}").text == "open"
    assert host.call("GET", "/api/secret", key=process.master_key).text == "open"


def test_a_function_may_read_a_long_body_as_a_stream(host: Hosted) -> None:
    """A function whose request has `stream` gets a body above the limit of all others in pieces, and the memory of the
    host and its worker does not grow with it."""
    megabytes = 200
    host.call("PUT", "/api/measures", b"x")
    worker = int(host.call("GET", "/api/pid").text)
    before = [peak_memory(pid) for pid in (host.process.pid, worker)]
    connection = http.client.HTTPConnection("127.0.0.1", urllib.parse.urlsplit(host.process.url).port, timeout=60)
    connection.request("PUT", "/api/measures", (bytes(2**20) for _ in range(megabytes)), encode_chunked=True)
    assert connection.getresponse().read() == f"{megabytes * 2**20} {2**20}".encode()
    connection.close()
    grown = [peak_memory(pid) - was for pid, was in zip((host.process.pid, worker), before, strict=True)]
    assert max(grown) < 50 * 2**20
    assert not list(host.data.glob("body-*"))


def peak_memory(pid: int) -> int:
    """Return the most bytes of memory that a process has had."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def test_an_admin_function_needs_the_master_key(host: Hosted) -> None:
    """A function key does not open a function of level ADMIN, and the master key does."""
    assert host.call("GET", "/api/admin-only", key=host.process.function_key).status == 401
    assert host.call("GET", "/api/admin-only", key=host.process.master_key).text == "open"


def test_a_response_arrives_as_the_function_made_it(host: Hosted) -> None:
    """A client receives the status, the type, the headers, the cookie and the bytes that the function sets."""
    answer = host.call("POST", "/api/echo", b"\x00\xffbytes")
    assert (answer.status, answer.body) == (207, b"\x00\xffbytes")
    assert answer.headers["Content-Type"] == "application/x-thing"
    assert answer.headers["Set-Cookie"] == "taste=sweet; domain=; path=/"


@pytest.mark.parametrize(
    ("query", "status"),
    [("status=200", 200), ("status=204", 204), ("status=100", 500), ("status=0", 500)]
    + [(f"status=200&header=X-A&value={value}", status) for value, status in (("b", 200), ("%C3%BC", 500))],
)
def test_a_response_that_http_cannot_carry_is_a_500(host: Hosted, query: str, status: int) -> None:
    """A response with an invalid status or a header that is not ASCII becomes a 500, and the log says which."""
    assert host.call("GET", f"/api/speaks?{query}").status == status
    if status == 500:
        assert "Function speaks failed: its response has " in host.log()


def test_the_framing_of_a_response_is_the_servers(host: Hosted) -> None:
    """A function that sets Transfer-Encoding does not break its response."""
    answer = host.call("GET", "/api/speaks?status=200&header=Transfer-Encoding&value=chunked&empty=")
    assert answer.json == {"status": "200", "header": "Transfer-Encoding", "value": "chunked"}


def test_a_function_may_set_its_response(host: Hosted) -> None:
    """A response that a function sets through an output binding reaches the client."""
    answer = host.call("GET", "/api/leaves")
    assert (answer.status, answer.text) == (201, "left")


def test_an_exception_without_a_text_is_a_500_at_once(host: Hosted) -> None:
    """An exception whose `__str__` raises is a 500 at once, and the log has the Azure worker's sentence for it."""
    began = time.monotonic()
    assert host.call("GET", "/api/raises").status == 500
    assert time.monotonic() - began < 2  # functionTimeout is 3 s
    assert "Function raises failed: Unhandled exception in function. Could not serialize" in host.log()


def test_a_function_that_returns_nothing_is_a_500(host: Hosted) -> None:
    """A function that returns None gets 500, because None is no response in the v2 model."""
    assert host.call("GET", "/api/answers-nothing").status == 500


def test_a_call_knows_its_trace_by_the_workers_names(host: Hosted) -> None:
    """The trace context has Traceparent and Tracestate, as on Azure."""
    assert host.call("GET", "/api/traced").text == "True ''"


@pytest.mark.parametrize("cookie", ["a=b; Expires=Dummy", "a=b; Max-Age=Dummy"])
def test_a_cookie_that_cannot_be_read_is_a_500(host: Hosted, cookie: str) -> None:
    """A response with a cookie whose Expires or Max-Age cannot be parsed is a 500, as on Azure."""
    assert host.call("GET", f"/api/bakes?cookie={urllib.parse.quote(cookie)}").status == 500


def test_a_compressed_body_is_not_touched(host: Hosted) -> None:
    """A function gets the bytes that were sent, whatever Content-Encoding says."""
    body = gzip.compress(b"x" * 1000)
    assert host.call("POST", "/api/echo", body, headers={"Content-Encoding": "gzip"}).body == body[:100]


def test_a_large_body_arrives_whole(host: Hosted) -> None:
    """A function receives a body of 40 MB, as on the Azure host."""
    assert host.call("POST", "/api/echo", b"y" * 40_000_000).headers["X-Length"] == "40000000"


def test_a_function_is_given_its_context(host: Hosted) -> None:
    """A function's context has the function's name and the id of the call."""
    assert host.call("GET", "/api/invocation").text == "invocation 36"


def raw(host: Hosted, lines: list[str]) -> int:
    """Send a request with these header lines and no others; return the status."""
    where = urllib.parse.urlsplit(host.process.url)
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=30)
    connection.putrequest("GET", "/api/pid", skip_host=True, skip_accept_encoding=True)
    for line in lines:
        name, _, value = line.partition(": ")
        connection.putheader(name, value)
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize(
    ("name", "status"), [("127.0.0.1", 200), ("localhost:7071", 200), ("[::1]", 200), ("evil.example", 403)]
)
def test_only_names_that_nobody_else_can_point_here_are_answered(host: Hosted, name: str, status: int) -> None:
    """The host refuses a Host header with a name that a foreign web page could point at 127.0.0.1."""
    assert raw(host, [f"Host: {name}"]) == status


@pytest.mark.parametrize(
    "lines", [[f"X-{n}: 1" for n in range(200)], ["X-Long: " + "x" * 20000]], ids=["many headers", "a long header"]
)
def test_headers_are_bounded(host: Hosted, lines: list[str]) -> None:
    """The host refuses a request with too many or too long headers and serves the next request."""
    assert raw(host, ["Host: localhost", *lines]) == 400
    assert host.call("GET", "/api/pid").status == 200


@pytest.mark.parametrize("path", ["/data/host.db", "/secrets/host.json", "/../data/secrets/host.json", "/.local/host"])
def test_no_path_of_the_data_folder_is_served(host: Hosted, path: str) -> None:
    """The host returns 404 for every path into its data folder."""
    assert host.call("GET", path, key=host.process.master_key).status == 404


def test_the_admin_api_lists_functions(host: Hosted) -> None:
    """The admin API lists names and bindings of all functions to a client with the master key alone."""
    assert host.call("GET", "/admin/functions", key=host.process.function_key).status == 401
    listed: list[dict[str, Any]] = host.call("GET", "/admin/functions", key=host.process.master_key).json
    assert [f["name"] for f in listed] == sorted(f["name"] for f in listed)
    pid = next(f for f in listed if f["name"] == "pid")
    assert pid["config"]["bindings"][0]["type"] == "httpTrigger"
    assert pid["invoke_url_template"] == f"{host.process.url}/api/pid"
    assert pid["href"] == f"{host.process.url}/admin/functions/pid"
    assert (pid["language"], pid["config"]["scriptFile"], pid["config"]["entryPoint"]) == (
        "python",
        "function_app.py",
        "pid",
    )
    assert set(pid) >= {"script_href", "script_root_path_href", "config_href", "test_data_href", "files", "test_data"}
    assert host.call("GET", "/admin/functions/pid", key=host.process.master_key).json == pid


def test_an_address_below_admin_that_does_not_exist_is_not_found(host: Hosted) -> None:
    """A path below /admin that does not exist returns 404 without a key, and one that exists 401."""
    assert host.call("GET", "/admin/nothing").status == 404
    assert host.call("GET", "/admin/functions/pid").status == 401


def test_a_function_sees_an_encoded_slash_as_it_was_sent(host: Hosted) -> None:
    """A function sees encoded dots decoded and an encoded slash as it was sent, in its URL and its route parameter."""
    answer = host.call("GET", "/api/addressed/%2e%2e%2fx").json
    assert answer == [f"{host.process.url}/api/addressed/..%2fx", "..%2fx"]


def test_the_admin_api_says_how_the_host_is(host: Hosted) -> None:
    """The ping is open, and the host's status needs the master key."""
    assert host.call("GET", "/admin/host/ping").status == 200
    assert host.call("GET", "/admin/host/status").headers["WWW-Authenticate"] == "Bearer"
    status = host.call("GET", "/admin/host/status", key=host.process.master_key).json
    assert (status["state"], status["computerName"]) == ("Running", socket.gethostname())
    assert "processId" not in status
    assert set(status) >= {"id", "version", "versionDetails", "platformVersion", "instanceId", "processUptime"}
