"""The host's answers are compared with every HTTP exchange that was recorded with the Azure host."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.host.recorded import RECORDS, compare, drive, probe_host, without_digits

SCENARIOS = sorted(json.loads((RECORDS / "exchanges.json").read_text(encoding="utf-8")))
OVERRUNS = ["run_timeout_activity"]  # takes its worker away from all others, so it has a host to itself
LAST = ["listing"]  # needs instances of every kind
SLOW = [
    ["events", "run_fan_out", "run_retry_ok"],
    ["suspend_resume", "run_timer"],
    ["rewind_restart_purge", "start_unknown", "http_surface"],
    ["client_api", "duplicate_ids"],
]


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return this host's exchanges of each scenario. The scenarios wait a lot, so they are played side by side."""
    folder, other = tmp_path_factory.mktemp("probe"), tmp_path_factory.mktemp("overruns")
    rest = [s for s in SCENARIOS if s not in {*OVERRUNS, *LAST, *(s for group in SLOW for s in group)}]
    with probe_host(other) as alone, probe_host(folder) as host, ThreadPoolExecutor() as threads:
        overrun = threads.submit(drive, alone, other, [OVERRUNS])
        return drive(host, folder, [*SLOW, rest]) | drive(host, folder, [LAST]) | overrun.result()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_answers_are_the_recorded_ones(scenario: str, answered: dict[str, Any], tmp_path: Path) -> None:
    """A scenario gets from this host, after normalising, the answers that it got from the Azure host."""
    differences = compare(tmp_path, {scenario: without_digits(answered[scenario])})
    assert not differences, differences
