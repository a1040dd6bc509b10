"""How the page starts runs: what is sent where, and what is sent again, on answers of the API that the tests choose."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.fake_app import KEY, LOST, STORAGE, FakeApp, Query, Text
from tests.browser.fake_runs import answers, reports, run
from tests.browser.long_file import SEEMS_LONG
from tests.browser.views import GO, opened

SHORT: Any = {"name": "a.csv", "mimeType": "text/csv", "buffer": b"id\n1\n"}


def uploads() -> Iterator[dict[str, Any]]:
    """The answers of POST /api/inputs, each with a name of its own."""
    for count in range(1, 100):
        name = f"uploads/u{count}-long.csv"
        address = {"url": f"{STORAGE}/inputs/{name}?sig=x", "headers": {"x-ms-blob-type": "BlockBlob"}}
        yield {"input": name, "method": "PUT", "most_bytes": 10**10, **address}


def app_that_starts(*started: Any, **more: Any) -> FakeApp:
    """An app that answers a start with each of these, and in the end with a run."""
    names, answered = uploads(), iter(started)
    calls = {"POST inputs": lambda _: next(names), "POST reports/sales": lambda _: next(answered, {"id": "r9"})}
    return FakeApp(answers(run("r9", "queued"), **{**calls, **more}))


def press(page: Page) -> None:
    page.get_by_role("button", name="Start the run").click()


def bodies(app: FakeApp) -> list[Any]:
    """What each start has sent as JSON."""
    return [json.loads(call.post_data or "") for call in app.calls("reports/sales")]


def test_a_long_file_goes_to_the_storage_first(browser: Browser) -> None:
    """A file beyond what a start takes goes to the address that the app names, without the app's key; then the start
    names it, with its parameters as JSON and without durable URLs."""
    address = {"url": f"{STORAGE}/inputs/uploads/u1-long.csv?sig=x", "headers": {"x-ms-blob-type": "BlockBlob"}}
    upload = {"input": "uploads/u1-long.csv", "method": "PUT", "most_bytes": 10**10, **address}
    calls = {"POST inputs": lambda _: upload, "POST reports/sales": lambda _: {"id": "r9"}}
    app = FakeApp(answers(run("r9", "queued"), **calls))
    page = opened(app, browser, "start")
    page.get_by_label("Factor").fill("2.5")
    page.locator("input[type=file]").evaluate(SEEMS_LONG, "id,amount\n")
    page.get_by_role("button", name="Start the run").click()
    page.wait_for_url("**#/runs/r9")
    (start,), (stored,) = app.calls("reports/sales"), app.stored
    rest = {"parameters": {"factor": 2.5}, "options": {"durable_urls": False}}
    assert json.loads(start.post_data or "") == {"input": upload["input"], **rest}
    assert (stored.method, stored.headers["x-ms-blob-type"]) == ("PUT", "BlockBlob")
    assert KEY not in str(stored.headers)
    assert (app.faults, app.elsewhere) == ([], [])
    page.context.close()


def test_a_start_that_got_no_answer_is_the_same_run(browser: Browser) -> None:
    """A start that is pressed again has the same Idempotency-Key, and another one when anything of it was changed."""
    refusal = Text(json.dumps({"title": "Service Unavailable", "detail": "not now"}), 503, "application/problem+json")
    app = FakeApp(answers(run(), **{"POST reports/sales": lambda _: refusal}))
    page = opened(app, browser, "start")
    page.locator("input[type=file]").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": b"id\n1\n"})
    for pressed, factor in enumerate(("", "", "2"), 1):
        page.get_by_label("Factor").fill(factor)
        page.get_by_role("button", name="Start the run").click()
        app.wait(page, "reports/sales", pressed)
        expect(page.get_by_text("Not now")).to_be_visible()
    keys = [call.headers["idempotency-key"] for call in app.calls("reports/sales")]
    assert keys[0] == keys[1] != keys[2]
    page.context.close()


def test_a_long_file_is_sent_once_for_a_start_that_got_no_answer(browser: Browser) -> None:
    """A start that is pressed again names the file that was sent before, so that it is the same request; one that was
    changed sends the file anew, because the file that was sent is removed with its run."""
    app = app_that_starts(LOST, LOST, LOST)
    page = opened(app, browser, "start")
    page.locator("input[type=file]").evaluate(SEEMS_LONG, "id,amount\n")
    for factor in ("", "", "2"):
        page.get_by_label("Factor").fill(factor)
        with page.expect_event("requestfailed"):
            press(page)
        expect(page.get_by_text("The app cannot be reached")).to_be_visible()
    first, again, changed = bodies(app)
    keys = [call.headers["idempotency-key"] for call in app.calls("reports/sales")]
    assert first == again
    assert (keys[0] == keys[1], keys[1] == keys[2]) == (True, False)
    assert (again["input"], changed["input"]) == ("uploads/u1-long.csv", "uploads/u2-long.csv")
    assert len(app.stored) == 2
    page.context.close()


def test_a_long_file_that_is_gone_is_sent_again(browser: Browser) -> None:
    """A start that the app refuses because the file is not there sends it again when it is pressed again."""
    gone = {"title": "Bad Request", "detail": "it is not in the inputs location", "field": "input"}
    app = app_that_starts(Text(json.dumps(gone), 400, "application/problem+json"))
    page = opened(app, browser, "start")
    page.locator("input[type=file]").evaluate(SEEMS_LONG, "id,amount\n")
    press(page)
    expect(page.get_by_text("It is not in the inputs location")).to_be_visible()
    press(page)
    page.wait_for_url("**#/runs/r9")
    assert [body["input"] for body in bodies(app)] == ["uploads/u1-long.csv", "uploads/u2-long.csv"]
    page.context.close()


def test_a_long_file_is_sent_once_though_a_parameter_was_wrong(browser: Browser) -> None:
    """A start that the app refuses has begun nothing: with another value it names the file that was sent before, and
    with another file it sends that."""
    wrong = Text(json.dumps({"detail": "no", "field": "parameters.factor"}), 400, "application/problem+json")
    app = app_that_starts(wrong, wrong)
    page = opened(app, browser, "start")
    chosen = page.locator("input[type=file]")
    chosen.evaluate(SEEMS_LONG, "id,amount\n")
    for factor in ("2", "3"):
        page.get_by_label("Factor").fill(factor)
        with page.expect_response("**/reports/sales**"):
            press(page)
        expect(page.get_by_role("button", name="Start the run")).to_be_enabled()
    chosen.evaluate(SEEMS_LONG, "id,other\n")
    press(page)
    page.wait_for_url("**#/runs/r9")
    assert [body["input"] for body in bodies(app)] == [f"uploads/u{n}-long.csv" for n in (1, 1, 2)]
    page.context.close()


def app_with_parameter(schema: dict[str, Any]) -> FakeApp:
    """An app whose report has one parameter, `given`."""
    known = reports()
    known["reports"][0]["parameters_schema"] = {"properties": {"given": {"title": "Given", **schema}}}
    return app_that_starts(**{"GET reports": lambda _: known})


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "array", "items": {"type": "string"}}, '["a"]', ["a"]),
        ({"type": "object"}, '{"a": 1}', {"a": 1}),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "5", 5),
        ({}, "null", None),
        ({"enum": [1, 2], "type": "integer"}, "2", 2),
        ({"enum": ["", "a"], "type": "string"}, '""', ""),
    ],
)
def test_a_parameter_that_no_query_can_say_goes_as_json(
    browser: Browser, schema: dict[str, Any], text: str, value: object
) -> None:
    """With a list, an object or another value that the app would not read of a text, a short file is sent before the
    start, as a long one is, and the start has its parameters as JSON."""
    app = app_with_parameter(schema)
    page = opened(app, browser, "start")
    field = page.get_by_label("Given")
    field.select_option(text) if "enum" in schema else field.fill(text)
    page.locator("input[type=file]").set_input_files(SHORT)
    press(page)
    page.wait_for_url("**#/runs/r9")
    assert bodies(app)[0]["parameters"] == {"given": value}
    assert bodies(app)[0]["input"] == "uploads/u1-long.csv"
    assert [call.post_data for call in app.stored] == ["id\n1\n"]
    page.context.close()


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "number"}, "2.5"),
        ({"type": "string"}, "a&b"),
        ({"type": "array"}, "no JSON"),
    ],
)
def test_a_parameter_that_a_query_can_say_goes_with_the_file(
    browser: Browser, schema: dict[str, Any], text: str
) -> None:
    """Texts and numbers are in the query of a start whose body is the file. So is what is no JSON, for the app to say
    what is wrong with it."""
    app = app_with_parameter(schema)
    page = opened(app, browser, "start")
    page.get_by_label("Given").fill(text)
    page.locator("input[type=file]").set_input_files(SHORT)
    press(page)
    page.wait_for_url("**#/runs/r9")
    (start,) = app.calls("reports/sales")
    assert dict(parse_qsl(urlsplit(start.url).query))["given"] == text
    assert (start.post_data, app.calls("inputs")) == ("id\n1\n", [])
    page.context.close()


@pytest.mark.parametrize("left_during", ["POST inputs", "POST reports/sales"])
def test_who_leaves_the_view_stops_the_start(browser: Browser, left_during: str) -> None:
    """A start whose view is left while the app is asked goes no step further, and leads to no run."""
    app = app_that_starts()
    answer = app.answers[left_during]

    def leave(query: Query) -> Any:
        page.evaluate(GO, "/runs")
        return answer(query)

    app.answers[left_during] = leave
    page = opened(app, browser, "start")
    page.locator("input[type=file]").evaluate(SEEMS_LONG, "id,amount\n")
    press(page)
    expect(page.get_by_role("link", name="sales").first).to_be_visible()
    for _ in range(10):  # calls that are answered leave time for those that must not be
        page.evaluate("() => fetch('/api/health').then(({ status }) => status)")
    assert page.url.endswith("#/runs")
    steps = [len(app.calls("inputs")), len(app.stored), len(app.calls("reports/sales"))]
    assert steps == ([1, 0, 0] if left_during == "POST inputs" else [1, 1, 1])
    page.context.close()
