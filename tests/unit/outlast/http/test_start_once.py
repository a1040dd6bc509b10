import asyncio
import hashlib
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import azure.functions as func
import pytest
from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus

from outlast.http.problem import answering
from outlast.http.start_once import fingerprint, fingerprint_with_defaults
from outlast.http.start_request import StartRequest
from outlast.inputs import Reading
from outlast.run_options import Options
from outlast.runs.ids import run_of_key, run_of_key_without_secret
from outlast.staging.paths import body_path
from tests.fakes.app_documents import SECRET_OF_TESTS
from tests.fakes.endpoints import start_endpoint
from tests.fakes.http import ORIGIN, FakeClient, ask, finish, read
from tests.fakes.reports import Choice, make_csv
from tests.fakes.world import World

BODY = make_csv(3)
DIGEST = hashlib.sha256(BODY).hexdigest()
RUN = run_of_key("sales", "k1", SECRET_OF_TESTS)
OLD_RUN = run_of_key_without_secret("sales", "k1")


class Starts:
    """The start endpoint over one world. Runs without a key get numbered ids."""

    def __init__(self) -> None:
        self.world, self.client, self.made = World(), FakeClient(), 0
        self.handler = answering(start_endpoint(self.world, self.new_id))

    def new_id(self) -> str:
        self.made += 1
        return f"r{self.made}"

    def asked(
        self, key: str | None = "k1", body: bytes = BODY, kind: str = "text/csv", **params: str
    ) -> Awaitable[func.HttpResponse]:
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.handler(ask("reports/sales", body, kind, params, headers, report="sales"), self.client)

    def post(self, key: str | None = "k1", body: bytes = BODY, **params: str) -> func.HttpResponse:
        return finish(self.asked(key, body, **params))

    def body(self, run: str) -> bytes | None:
        return asyncio.run(self.world.staging.get(body_path(run, self.world.runs.records[run].request.body)))

    def count(self) -> int:
        return len(self.client.started)


def test_the_same_key_and_request_is_the_same_run() -> None:
    """A repeat gets the same 202 as the first request, and one run is started."""
    starts = Starts()
    first, second = starts.post(), starts.post()
    assert (first.status_code, second.status_code) == (202, 202)
    assert read(first) == read(second)
    assert [started[1] for started in starts.client.started] == [RUN]


@pytest.mark.parametrize("state", ["completed", "failed", "cancelled"])
def test_a_finished_run_is_not_run_again(state: str) -> None:
    """A repeat after the run's end gets the same 202 and starts nothing."""
    starts = Starts()
    run = read(starts.post())["id"]
    starts.world.runs.set(run, state=state)
    starts.client.shown[run] = {"runtimeStatus": "Completed"}
    assert starts.post().status_code == 202
    assert starts.count() == 1


@pytest.mark.parametrize("state", ["reading", "storing", "completed", "failed", "cancelled", "superseded"])
def test_a_repeat_after_a_purge_gets_the_record(state: str) -> None:
    """The answer is 200 with the run's record and no durable URL, because each of them would be 404; nothing starts."""
    starts = Starts()
    run = read(starts.post())["id"]
    record = starts.world.runs.set(run, state=state)
    del starts.client.shown[run]
    again = starts.post()
    uri = f"{ORIGIN}/api/runs/{run}"
    assert (again.status_code, again.headers["Location"]) == (200, uri)
    assert read(again) == {"id": run, "runUri": uri, "run": record.shown()}
    assert starts.count() == 1


def test_a_repeat_while_the_host_gives_no_answer_is_accepted() -> None:
    """The orchestration counts as purged only if the host says that it is missing."""

    class Mute(FakeClient):
        async def get_status(self, instance_id: str, *_: Any, **__: Any) -> DurableOrchestrationStatus:
            raise TimeoutError

    starts = Starts()
    run = read(starts.post())["id"]
    starts.world.runs.set(run, state="storing")
    starts.client = Mute()
    assert starts.post().status_code == 202


def test_a_reference_means_the_file_as_it_was() -> None:
    """A reference to the same name with other content is another request."""
    starts = Starts()
    put = starts.world.inputs.put

    def post() -> int:
        return int(finish(starts.asked(body=b'{"input": "january.csv"}', kind="application/json")).status_code)

    asyncio.run(put("january.csv", BODY))
    assert [post(), post(), starts.count()] == [202, 202, 1]
    asyncio.run(put("january.csv", make_csv(4)))
    assert [post(), starts.count()] == [422, 1]


@pytest.mark.parametrize("other", [{"body": make_csv(4)}, {"factor": "2"}, {"tolerated_rejects": "1"}])
def test_the_same_key_with_another_request_is_refused(other: dict[str, Any]) -> None:
    """Another request with a used key is refused with 422, and the accepted run keeps its body."""
    starts = Starts()
    run = read(starts.post())["id"]
    response = starts.post(**other)
    assert (response.status_code, response.mimetype) == (422, "application/problem+json")
    assert (read(response)["field"], read(response)["run"]) == ("Idempotency-Key", run)
    assert (starts.count(), starts.body(run)) == (1, BODY)


class NewerOptions(Options):
    priority: str = "normal"


class NewerChoice(Choice):
    region: str | None = None


def test_a_release_with_a_new_option_knows_the_requests_before_it() -> None:
    """An option or parameter that a caller leaves at its default is no part of the request's fingerprint."""
    before = StartRequest(
        Options(tolerated_rejects=3), Choice(factor=2), Reading(format="csv", compression=""), BODY, None, None, DIGEST
    )
    after = replace(before, options=NewerOptions(tolerated_rejects=3), parameters=NewerChoice(factor=2))
    asked = replace(after, options=NewerOptions(tolerated_rejects=3, priority="high"))
    assert fingerprint("sales", after) == fingerprint("sales", before)
    assert fingerprint("sales", asked) != fingerprint("sales", before)


def test_a_key_means_a_run_of_one_report() -> None:
    """Two reports may be posted with the same key."""
    assert run_of_key("returns", "k1", SECRET_OF_TESTS) != RUN


def test_a_run_from_before_the_secret_is_found_by_its_key() -> None:
    """A repeat finds the run under the id that it had in the release before, and starts nothing."""
    starts = Starts()
    asked = StartRequest(Options(), Choice(), Reading(format="csv", compression=""), BODY, None, None, DIGEST)
    mark = fingerprint_with_defaults("sales", asked)
    asyncio.run(starts.world.accept(BODY, OLD_RUN, fingerprint=mark, state="completed"))
    starts.client.shown[OLD_RUN] = {"runtimeStatus": "Completed"}
    assert read(starts.post())["id"] == OLD_RUN
    assert (starts.count(), list(starts.world.runs.records)) == (0, [OLD_RUN])
    assert starts.post(body=make_csv(4)).status_code == 422


def test_the_fingerprint_from_before_the_secret_is_as_it_was() -> None:
    """The hash of the release before holds every option, and no option that came later."""
    asked = StartRequest(NewerOptions(), Choice(), Reading(format="csv", compression=""), BODY, None, None, DIGEST)
    options = (
        '{"filename":null,"max_parallel":null,"ru_share":null,"tolerated_reject_percent":null,"tolerated_rejects":null}'
    )
    text = f'["sales",{{"factor":1}},{options},"csv",false,"{DIGEST}"]'
    assert fingerprint_with_defaults("sales", asked) == hashlib.sha256(text.encode()).hexdigest()


def test_without_a_key_each_post_is_a_new_run() -> None:
    """Two equal requests without a key are two runs."""
    starts = Starts()
    assert [read(starts.post(None))["id"] for _ in range(2)] == ["r1", "r2"]
    assert starts.count() == 2


@pytest.mark.parametrize("keys", [1, 100])
def test_a_hundred_posts_at_once_start_a_run_for_each_key(keys: int) -> None:
    """Many simultaneous requests all get 202, and each key starts one run."""
    starts = Starts()

    async def post_all() -> list[func.HttpResponse]:
        return await asyncio.gather(*(starts.asked(f"k{n % keys}") for n in range(100)))

    responses = asyncio.run(post_all())
    assert {response.status_code for response in responses} == {202}
    assert (starts.count(), len({read(response)["id"] for response in responses})) == (keys, keys)


def test_of_two_requests_at_once_with_one_key_one_is_refused() -> None:
    """A started run reads the body of the request that started it."""
    starts = Starts()
    bodies = [make_csv(3), make_csv(4)]

    async def post_both() -> list[func.HttpResponse]:
        return await asyncio.gather(*(starts.asked(body=body) for body in bodies))

    statuses = [response.status_code for response in asyncio.run(post_both())]
    assert sorted(statuses) == [202, 422]
    assert starts.body(RUN) == bodies[statuses.index(202)]


def test_a_run_that_was_recorded_and_not_started_is_started_by_the_repeat() -> None:
    """A repeat starts a recorded run that has no orchestration, because its own call has died."""
    starts = Starts()
    starts.client.error = Exception("killed")
    assert starts.post().status_code == 503
    starts.client.error = None
    assert starts.post().status_code == 202
    assert [started[1] for started in starts.client.started] == [RUN]


def test_a_start_that_comes_second_is_as_good() -> None:
    """A start that the host refuses because the orchestration exists counts as success."""
    starts = Starts()
    starts.client.shown[RUN] = {"runtimeStatus": "Running"}
    assert starts.post().status_code == 202


@pytest.mark.parametrize("key", ["", "x" * 256, "ü", "a\tb"])
def test_a_malformed_key_is_refused(key: str) -> None:
    """A key of the wrong length or characters is refused with 400 and the name of the header."""
    response = Starts().post(key)
    assert (response.status_code, read(response)["field"]) == (400, "Idempotency-Key")
