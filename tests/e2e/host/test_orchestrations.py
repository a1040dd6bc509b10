"""Orchestrations as a client of the management API and of the SDK's client sees them."""

import http.client
import json
import sys
import urllib.parse
import uuid
from contextlib import closing
from typing import Any

import pytest

from tests.e2e.host.hosting import WEBHOOK, Hosted, eventually


def fresh(prefix: str = "i") -> str:
    """Return an unused instance id."""
    return f"{prefix}-{uuid.uuid4().hex}"


def test_an_activity_may_return_megabytes(host: Hosted) -> None:
    """A result of 6 MB passes from an activity through the history to the output."""
    assert len(host.result("one", ["fill", 6_000_000])) == 6_000_000


def test_what_an_activity_prints_disturbs_nothing(host: Hosted) -> None:
    """Text that an activity prints goes to the host's error output and does not disturb the pipe between worker and
    host."""
    assert host.result("one", ["shout", "hello"]) == "HELLO"
    assert "hello\nand past Python's own buffer" in host.log()


def test_an_unknown_activity_fails_at_once(host: Hosted) -> None:
    """A call of an unknown activity fails with its name and the known names, and the orchestrator can catch that."""
    (said,) = host.result("caught", [["no_such", 1]])
    assert said.startswith("Activity function 'no_such' failed: The function 'no_such' doesn't exist, is disabled, or")
    assert "'double'" in said


def test_names_know_no_case(host: Hosted) -> None:
    """The names of an orchestrator at the webhook and of an activity in a call ignore case."""
    started = host.manage("POST", "/orchestrators/ONE", json.dumps(["DOUBLE", 4]))
    assert host.finished(started.json["id"])["output"] == 8


def test_a_start_can_wait_for_the_end(host: Hosted) -> None:
    """A start with a timeout returns the output, or 202 when the time is over, or 400 when the timeout is shorter than
    the interval."""
    path = f"/orchestrators/one/{fresh()}"
    done = host.manage("POST", path, json.dumps(["double", 4]), timeout="20", pollingInterval="0.1")
    assert (done.status, done.json) == (200, 8)
    assert host.manage("POST", path, timeout="1", pollingInterval="5").status == 400
    late = host.manage("POST", f"/orchestrators/naps/{fresh()}", json.dumps([2]), timeout="0.2", pollingInterval="0.1")
    assert late.status == 202


def test_a_start_that_says_one_time_alone_waits_for_nothing(host: Hosted) -> None:
    """A start with a timeout and no polling interval returns 202 at once."""
    answer = host.manage("POST", "/orchestrators/one", json.dumps(["double", 4]), timeout="20")
    assert (answer.status, answer.headers["Retry-After"]) == (202, "10")


def test_a_restart_can_wait_for_the_end(host: Hosted) -> None:
    """A restart with a timeout returns the output of the new execution."""
    instance = fresh()
    host.start("one", instance, ["double", 6])
    host.finished(instance)
    query = {"timeout": "20", "pollingInterval": "0.1", "restartWithNewInstanceId": "false"}
    answer = host.manage("POST", f"/instances/{instance}/restart", **query)
    assert (answer.status, answer.json) == (200, 12)


def test_an_orchestration_has_the_version_of_its_start_or_the_default(host: Hosted) -> None:
    """An orchestration has the version that its start names, and its child has the default version."""
    assert host.result("versions") == ["1.0", "1.0"]
    instance = fresh()
    host.call("POST", f"/api/client/start/{instance}", {"name": "versions", "version": "2.0"})
    assert host.finished(instance)["output"] == ["2.0", "1.0"]


def test_an_activity_may_have_a_client(host: Hosted) -> None:
    """An activity with a durable client can start an orchestration."""
    assert host.finished(host.result("one", ["starts", ["double", 7]]))["output"] == 14


def test_addresses_know_no_case(host: Hosted) -> None:
    """The management API ignores the case of path words and parameter names, but not of instance ids."""
    instance = fresh("Case")
    host.start("one", instance, ["double", 1])
    host.finished(instance)
    shown = host.manage("GET", f"/Instances/{instance}", SHOWHISTORY="True").json
    assert shown["historyEvents"]
    assert host.manage("POST", f"/INSTANCES/{instance}/Terminate").status == 410
    assert host.manage("GET", f"/instances/{instance.lower()}").status == 404


def test_an_event_for_nobody_is_refused_whatever_it_holds(host: Hosted) -> None:
    """An event gets 404 for a missing and 410 for a finished instance, whatever its body is."""
    instance = fresh()
    host.start("one", instance, ["double", 1])
    host.finished(instance)
    for body in (b"{not json", b""):
        assert host.manage("POST", "/instances/nobody/raiseEvent/go", body).status == 404
        assert host.manage("POST", f"/instances/{instance}/raiseEvent/go", body).status == 410


def test_an_id_is_escaped_in_the_addresses_of_a_start(host: Hosted) -> None:
    """The URLs of a start lead to the instance, also when its id has characters that a URL must escape."""
    started = host.manage("POST", f"/orchestrators/one/{urllib.parse.quote('a#b c/ü?', safe='/')}", ["double", 1])
    assert started.status == 404  # a slash divides
    started = host.manage("POST", f"/orchestrators/one/{urllib.parse.quote('a#b cü?', safe='')}", ["double", 1])
    assert host.call("GET", started.json["statusQueryGetUri"]).json["instanceId"] == "a#b cü?"


def test_an_entity_is_kept_until_it_is_purged(host: Hosted) -> None:
    """A signal makes an entity, which is read and listed, in pages too, until it is purged as an instance."""
    for key in ("a", "b"):
        assert host.manage("POST", f"/entities/Drawer/{key}", json.dumps(key), op="put").status == 202
    eventually(lambda: len(host.manage("GET", "/entities/drawer").json) == 2, "both entities")
    assert host.manage("GET", "/entities/drawer/a").json == "a"
    page = host.manage("GET", "/entities/drawer", top="1", fetchState="true")
    assert [(e["entityId"]["key"], e["state"]) for e in page.json] == [("a", "a")]
    token = {"x-ms-continuation-token": page.headers["x-ms-continuation-token"]}
    rest = host.call("GET", f"{WEBHOOK}/entities", key=host.process.master_key, headers=token).json
    assert [e["entityId"] for e in rest] == [{"name": "drawer", "key": "b"}]
    assert host.manage("DELETE", "/instances/@drawer@a").json == {"instancesDeleted": 1}
    assert host.manage("GET", "/entities/drawer/a").status == 404


@pytest.mark.parametrize("operation", ["terminate", "suspend", "resume", "rewind", "restart", "raiseEvent/e"])
def test_an_entity_is_no_orchestration(host: Hosted, operation: str) -> None:
    """What ends, suspends, rewinds or restarts an orchestration returns 501 for an entity and says what helps."""
    host.manage("POST", "/entities/drawer/c", "1", op="put")
    eventually(lambda: host.manage("GET", "/entities/drawer/c").status == 200, "the entity")
    answer = host.manage("POST", f"/instances/@drawer@c/{operation}", {})
    assert (answer.status, answer.json["Message"].endswith("signal or purge it.")) == (501, True)


def test_a_signal_that_no_entity_can_get_is_refused(host: Hosted) -> None:
    """A signal to an entity without a function, or with a body that is not the JSON it says, returns 400."""
    assert "known entity functions: 'drawer'" in host.manage("POST", "/entities/nobody/a", 1, op="put").json["Message"]
    assert host.manage("POST", "/entities/drawer/a", b"{", op="put").status == 400
    assert host.manage("PUT", "/entities/drawer/a", 1, op="put").status == 404


def test_the_sdks_client_can_wait_for_the_end(host: Hosted) -> None:
    """An HTTP function that waits for an orchestration through the SDK's client returns its output."""
    instance = fresh()
    host.start("one", instance, ["double", 5])
    assert host.call("POST", f"/api/client/wait/{instance}").json == 10


def test_an_event_of_the_sdks_client_is_text_in_text(host: Hosted) -> None:
    """An event of the SDK's client arrives encoded twice, as on the Azure host, and an event of the webhook arrives as
    it was sent."""
    given: list[Any] = []
    for raised_by in ("client", "webhook"):
        instance = fresh("story")
        host.start("story", instance, 1)
        if raised_by == "client":
            host.call("POST", f"/api/client/raise/{instance}", {"name": "go", "value": {"n": 1}})
        else:
            host.manage("POST", f"/instances/{instance}/raiseEvent/go", {"n": 1})
        given.append(host.finished(instance)["output"][-1])
    assert given == ['{"n": 1}', {"n": 1}]


def test_a_child_whose_id_is_in_use_waits_for_it(host: Hosted) -> None:
    """A child whose instance id is in use runs after the instance that uses it."""
    child = fresh("child")
    host.start("naps", child, [0.5])
    instance = fresh("parent")
    host.start("parent", instance, child)
    assert host.finished(instance)["output"] == 0.2


def test_instances_are_listed_by_every_filter(host: Hosted) -> None:
    """A list of instances is filtered by prefix, state and time, and ignores a state or page size that it cannot
    parse."""
    prefix = fresh("list")
    for n in range(3):
        host.start("one", f"{prefix}-{n}", ["double", n])
        host.finished(f"{prefix}-{n}")

    def ids(**query: str) -> list[str]:
        return [i["instanceId"] for i in host.manage("GET", "/instances", instanceIdPrefix=prefix, **query).json]

    everything = [f"{prefix}-{n}" for n in range(3)]
    assert ids() == ids(runtimeStatus="Completed,Failed") == ids(runtimeStatus="Bogus") == ids(top="junk") == everything
    assert ids(runtimeStatus="Running") == ids(createdTimeFrom="2999-01-01T00:00:00Z") == []
    assert ids(createdTimeTo="2999-01-01T00:00:00Z", createdTimeFrom="2020-01-01") == everything
    assert host.manage("GET", "/instances", top="-1").status == 500


def test_a_long_list_comes_in_pages(host: Hosted) -> None:
    """A page of a long list carries a token for the next page, and the last page carries no token."""
    prefix = fresh("page")
    for n in range(3):
        host.start("one", f"{prefix}-{n}", ["double", n])
    path = f"{WEBHOOK}/instances?instanceIdPrefix={prefix}&top=2"
    first = host.call("GET", path, key=host.process.master_key)
    token = {"x-ms-continuation-token": first.headers["x-ms-continuation-token"]}
    second = host.call("GET", path, key=host.process.master_key, headers=token)
    assert [i["instanceId"] for i in [*first.json, *second.json]] == [f"{prefix}-{n}" for n in range(3)]
    assert "x-ms-continuation-token" not in second.headers


def test_a_list_has_a_hundred_instances_a_page(host: Hosted) -> None:
    """A request without `top` gets 100 instances and a token for the rest."""
    prefix = fresh("hundred")
    for n in range(101):
        host.manage("POST", f"/orchestrators/one/{prefix}-{n:03}", ["double", n])
    path = f"{WEBHOOK}/instances?instanceIdPrefix={prefix}"
    where = urllib.parse.urlsplit(host.process.url)
    with closing(http.client.HTTPConnection(str(where.hostname), where.port, timeout=30)) as connection:
        connection.request("GET", path, headers={"x-functions-key": host.process.master_key})
        answer = connection.getresponse()
        assert len(json.loads(answer.read())) == 100
    token = {"x-ms-continuation-token": answer.headers["x-ms-continuation-token"]}
    [last] = host.call("GET", path, key=host.process.master_key, headers=token).json
    assert last["instanceId"] == f"{prefix}-100"


def test_a_purge_by_state_spares_what_runs(host: Hosted) -> None:
    """A purge with runtimeStatus=Running deletes nothing, unlike on the Azure host, where it deletes everything."""
    instance = fresh()
    host.start("story", instance, 1)
    query = {"createdTimeFrom": "2020-01-01T00:00:00Z", "runtimeStatus": "Running"}
    assert host.manage("DELETE", "/instances", **query).status == 404
    assert host.status(instance)["name"] == "story"


def test_the_sdks_client_purges_what_is_over(host: Hosted) -> None:
    """A purge through the SDK's client removes a finished instance and keeps a running one."""
    instance, running = fresh(), fresh()
    host.start("one", instance, ["double", 1])
    host.finished(instance)
    host.start("story", running, 1)
    assert int(host.call("POST", "/api/client/purge_all").text) >= 1
    assert host.manage("GET", f"/instances/{instance}").status == 404
    assert host.status(running)["name"] == "story"


def test_a_rewound_parent_takes_its_failed_child_along(host: Hosted) -> None:
    """A rewind runs the parent and its failed child again, and both complete when the cause is mended."""
    instance = fresh("rewound")
    host.start("rewindable", instance)
    assert host.finished(instance)["runtimeStatus"] == "Failed"
    (host.notes / "mended").touch()
    assert host.manage("POST", f"/instances/{instance}/rewind", reason="mended").status == 202
    eventually(lambda: host.status(instance)["runtimeStatus"] == "Completed", "the rewound instance to end well")
    assert host.finished(instance)["output"] == "mended"


def test_a_terminated_instance_says_why(host: Hosted) -> None:
    """A terminated instance has the reason as its output and returns 410 for events."""
    instance = fresh()
    host.start("story", instance, 1)
    host.manage("POST", f"/instances/{instance}/terminate", reason="enough")
    assert host.finished(instance)["output"] == "enough"
    assert host.manage("POST", f"/instances/{instance}/raiseEvent/go", 1).status == 410


def test_a_suspend_or_resume_that_is_not_possible_is_a_500(host: Hosted) -> None:
    """A resume of a running instance and a suspend of a suspended one return 500 with the Azure host's text."""
    instance = fresh()
    host.start("story", instance, 1)
    eventually(lambda: host.status(instance)["runtimeStatus"] == "Running", "the start")
    refused = host.manage("POST", f"/instances/{instance}/resume")
    assert (refused.status, refused.json["Message"]) == (500, "Something went wrong while processing your request")
    assert refused.json["ExceptionMessage"] == (
        f"Cannot resume the orchestration instance {instance} because instance is in the Running state."
    )
    assert host.manage("POST", f"/instances/{instance}/suspend", reason="pause").status == 202
    eventually(lambda: host.status(instance)["runtimeStatus"] == "Suspended", "the pause")
    assert host.manage("POST", f"/instances/{instance}/suspend", reason="again").status == 500
    assert host.status(instance)["output"] == "pause"
    host.manage("POST", f"/instances/{instance}/raiseEvent/go", 5)
    assert host.manage("POST", f"/instances/{instance}/resume").status == 202
    assert host.finished(instance)["output"][-1] == 5


def test_ids_that_would_be_cut_are_refused(host: Hosted) -> None:
    """A start whose instance id has a character that would cut it, such as #, is refused."""
    for broken in ("a%23b", "a%3Fb", "a%2Fb", "a%09b"):
        assert host.call("POST", f"/api/client/start/{broken}", {"name": "one", "input": ["double", 1]}).status == 500


def test_an_id_outside_ascii_is_started_and_answered_500(host: Hosted) -> None:
    """A start with an id outside ASCII runs, and returns 500 with Retry-After, as on the Azure host."""
    refused = host.call("POST", "/api/client/start/%C3%BCn%C3%AF", {"name": "one", "input": ["double", 1]})
    assert (refused.status, refused.headers["Retry-After"]) == (500, "10")
    assert host.finished("ünï")["output"] == 2


def test_a_client_names_localhost_where_it_answers_no_request(host: Hosted) -> None:
    """A management payload that a client makes without a request has URLs with the name localhost, and they work."""
    host.start("one", "named", ["double", 1])
    address = host.call("POST", "/api/client/addresses/named").json["statusQueryGetUri"]
    assert address.startswith(host.process.url.replace("127.0.0.1", "localhost"))
    assert host.call("GET", address).status in {200, 202}


def test_a_webhook_needs_its_key(host: Hosted) -> None:
    """The management API refuses a request without its key, with a function key, or for another task hub."""
    assert host.call("GET", f"{WEBHOOK}/instances").headers["WWW-Authenticate"] == "Bearer"
    assert host.call("GET", f"{WEBHOOK}/instances", key=host.process.function_key).status == 401
    assert host.manage("GET", "/instances", taskHub="Other").status == 404
    assert host.manage("GET", "/instances", connection="Other").status == 500
    assert host.call("GET", "/runtime/webhooks/other/x", key=host.process.master_key).status == 403


def test_a_worker_that_dies_in_an_orchestrator_fails_it(host: Hosted) -> None:
    """An orchestrator whose worker dies fails with the exit code, and the next worker serves the next call."""
    died = f"{sys.executable} exited with code 3 (0x3)"
    said = f"Orchestrator function 'deadly' failed: One or more errors occurred. ({died})"
    assert host.result("deadly") == said
    assert host.result("one", ["double", 3]) == 6


def test_a_timer_function_can_be_run_by_hand(host: Hosted) -> None:
    """The admin API runs a timer function or an activity once, and refuses an HTTP function with 400 and an unknown one
    with 404."""
    key = host.process.master_key
    assert host.call("POST", "/admin/functions/by_setting", {}, key=key).status == 202
    eventually(lambda: "by_setting" in host.noted("ticks"), "the timer function")
    assert host.call("POST", "/admin/functions/double", {"input": "21"}, key=key).status == 202
    eventually(lambda: "21" in host.noted("doubled"), "the activity")
    assert host.call("POST", "/admin/functions/pid", {}, key=key).status == 400
    assert host.call("POST", "/admin/functions/nope", {}, key=key).status == 404


def test_a_timer_function_runs_at_the_start_when_it_says_so(host: Hosted) -> None:
    """A timer function with run_on_startup runs once at the start and is not past due."""
    eventually(lambda: host.noted("ticks"), "the timer function")
    assert host.noted("ticks").count("at_start False") == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [(None, "Unhandled exception in function. Could not serialize"), ("x", "ValueError: half \\ud800")],
)
def test_an_activity_whose_exception_has_no_text_fails_at_once(host: Hosted, given: Any, said: str) -> None:
    """An exception without a readable text fails its activity at once, with the Azure worker's sentence or escapes."""
    [failed] = host.result("caught", [["unreadable", given]])
    assert failed.startswith(f"Activity function 'unreadable' failed:  {said}")


def test_the_workers_address_needs_a_secret(host: Hosted) -> None:
    """A call of the workers' address without the secret in its path returns 404."""
    address = host.call("POST", "/api/client/rpc").text
    assert host.call("GET", f"{address}instances").status == 200
    where = urllib.parse.urlsplit(address)
    for path in ("/durabletask/instances", "/wrong/durabletask/instances", f"{where.path[:-20]}/instances"):
        assert host.call("GET", f"http://{where.netloc}{path}").status == 404


@pytest.mark.parametrize("path", ["/runtime/webhooks/durabletask/orchestrators/one", "/admin/functions/double"])
def test_a_body_that_is_nested_too_deeply_is_refused(host: Hosted, path: str) -> None:
    """A body of JSON with 5,000 levels gets 400 at the management and the admin API."""
    assert host.call("POST", path, b"[" * 5000 + b"]" * 5000, key=host.process.master_key).status == 400
