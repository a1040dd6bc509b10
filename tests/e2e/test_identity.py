"""The main job by identity alone: files in a blob service, the database opened by token, no key anywhere."""

from collections.abc import Iterator

import pytest

from tests.cloud.azurite import Azurite
from tests.cloud.identity import IdentityEndpoint
from tests.cloud.tls_front import TlsFront
from tests.e2e.stack import BROKEN, JANUARY, Stack, first_rows, free_port, running

STAGING, INPUTS = "staging", "inputs"
STORAGE = "https://storage.azure.com"


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    with Azurite(tmp_path_factory.mktemp("azurite")) as azurite:
        for name in (STAGING, INPUTS):
            azurite.make_container(name)
        yield azurite


@pytest.fixture(scope="module")
def identity() -> Iterator[IdentityEndpoint]:
    with IdentityEndpoint() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def stack(azurite: Azurite, identity: IdentityEndpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    port = free_port()
    with TlsFront(f"http://127.0.0.1:{port}", azurite.certificate) as database:
        settings = {
            "COSMOS_KEY": "",
            "COSMOS_ENDPOINT": database.url,
            "STAGING_URL": azurite.url(STAGING, "outlast"),
            "INPUTS_URL": azurite.url(INPUTS),
            "FIRST_RETRY_SECONDS": "0.05",
            **azurite.trust,
            **identity.environment,
        }
        options = ("--port", str(port), "--accept-aad")
        with running(tmp_path_factory.mktemp("stack"), settings, cosmos=options) as stack:
            yield stack


def test_health_is_green(stack: Stack) -> None:
    """The checks of database and staging pass with tokens, and the file of the check is in the container."""
    checks = stack.request("GET", "/api/health")[1]["checks"]
    assert (checks["database"], checks["staging"]) == ({"ok": True}, {"ok": True})


def test_a_posted_report_is_staged_in_blobs(stack: Stack, azurite: Azurite) -> None:
    """Every row of January is stored once, and the run's files are blobs below the folder of STAGING_URL."""
    run = stack.start("flight_delays", JANUARY.read_bytes())
    receipt = stack.wait(run)["output"]
    assert (receipt["rows_read"], receipt["rows_stored"]) == (27_004, 27_004)
    assert len(stack.ids("flight-delays")) == 27_004
    assert [path for path in azurite.files(STAGING) if path.startswith(f"outlast/runs/{run}/generated/")]


def test_an_input_by_reference_is_read_from_blobs(stack: Stack, azurite: Azurite) -> None:
    """A report that was uploaded into the container of INPUTS_URL is imported by its name."""
    azurite.upload(INPUTS, "2013/january.csv", first_rows(2_000))
    run = stack.start_with("flight_delays", "2013/january.csv")
    assert stack.wait(run)["output"]["rows_stored"] == 2_000


def test_a_failed_run_is_removed_from_blobs(stack: Stack, azurite: Azurite) -> None:
    """A failed run lists its rejects from blobs, and DELETE leaves none of its files."""
    run = stack.start("flight_delays", BROKEN.read_bytes())
    assert stack.wait(run)["runtimeStatus"] == "Failed"
    assert stack.rejects(run)
    stack.wait_until(lambda: stack.request("DELETE", f"/api/runs/{run}")[0] == 204, "the run to be removed")
    assert [path for path in azurite.files(STAGING) if run in path] == []


def test_tokens_are_asked_for_both_services(stack: Stack, identity: IdentityEndpoint) -> None:
    """The app has asked for tokens of the storage and of the database, and each time for its own identity."""
    assert identity.resources() == {STORAGE, "https://127.0.0.1"}
