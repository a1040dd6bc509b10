import asyncio
import tempfile
from pathlib import Path

import pytest

from outlast.adapters import Adapters
from outlast.cosmos.bulk.bulk_transport import BulkTransport
from outlast.cosmos.bulk.rate_controller import RateControllers
from outlast.errors import Permanent
from outlast.runs.observed import UNWATCHED

ROOT = Path(__file__).resolve().parents[3]


def test_nothing_is_opened_before_it_is_needed() -> None:
    """An app without settings loads, and names the missing setting when it has to work."""
    wired = Adapters.wired({}, ROOT)
    assert set(wired.reports) == {"airport_departures", "carrier_months", "flight_delays", "repartition"}
    assert wired.inputs is None
    with pytest.raises(Permanent, match="COSMOS_ENDPOINT is not set"):
        asyncio.run(wired.runs.find("r1"))
    with pytest.raises(Permanent, match="STAGING_URL or INPUTS_URL is not set"):
        asyncio.run(wired.staging.get("x"))


def test_only_several_workers_share_their_pace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker keeps its pace to itself and makes no file; of two, writes and reads are paced apart."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    alone = Adapters.wired({"FUNCTIONS_WORKER_PROCESS_COUNT": "1"}, ROOT)
    assert type(alone.writer.controllers) is RateControllers
    assert list(tmp_path.iterdir()) == []
    one, other = (Adapters.wired({"FUNCTIONS_WORKER_PROCESS_COUNT": "2"}, ROOT) for _ in range(2))
    one.writer.controllers.get("sales", "1").answered(0, 0, 0, 60.0)
    assert other.writer.controllers.get("sales", "1").wait() > 0
    assert other.reader.controllers.get("sales", "1").wait() == 0


def test_without_an_endpoint_nothing_is_exported() -> None:
    """Without an endpoint activities, writer and records are used as they are, so the export costs a run nothing."""
    wired = Adapters.wired({}, ROOT)
    assert wired.export.traced(wired.sleep) is wired.sleep
    assert isinstance(wired.writer.transport, BulkTransport)
    assert wired.runs.watch is UNWATCHED  # type: ignore[attr-defined]  # of ObservedRuns


def test_an_endpoint_that_is_no_url_stops_the_app() -> None:
    """An endpoint without a scheme stops the app at its start by the setting's name."""
    with pytest.raises(Permanent, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        Adapters.wired({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, ROOT)


def test_the_deadline_is_that_of_the_host() -> None:
    """The timeout comes from the environment or from host.json beside the app."""
    given = {"AzureFunctionsJobHost__functionTimeout": "00:00:10"}
    assert Adapters.wired(given, ROOT).deadlines.timeout == 10
    assert Adapters.wired({}, ROOT).deadlines.timeout == 120


def test_a_setting_that_cannot_be_used_stops_the_app() -> None:
    """A setting that cannot be used stops the app at its start by its name."""
    with pytest.raises(Permanent, match="MAX_PARALLEL"):
        Adapters.wired({"MAX_PARALLEL": "many"}, ROOT)


def test_each_run_has_an_id_of_its_own() -> None:
    """A run id has only letters and digits, because it is an instance id, a path and part of a URL."""
    wired = Adapters.wired({}, ROOT)
    ids = {wired.new_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(each.isalnum() for each in ids)
