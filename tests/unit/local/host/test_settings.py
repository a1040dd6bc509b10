"""host.json, local.settings.json and the environment."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.host import settings


def written(folder: Path, host: Any = None, local: Any = None) -> Path:
    """An app's folder with these files."""
    for name, content in (("host.json", host), ("local.settings.json", local)):
        if content is not None:
            (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder


def test_an_app_without_files_gets_the_defaults(tmp_path: Path) -> None:
    """Five minutes, routes under api, the usual task hub."""
    found = settings.load(tmp_path, {})
    assert (found.timeout, found.prefix, found.hub, found.values) == (300, "api", "TestHubName", {})


def test_the_environment_beats_host_json(tmp_path: Path) -> None:
    """For the timeout, as on the real host."""
    folder = written(tmp_path, {"functionTimeout": "00:02:00"})
    assert settings.load(folder, {}).timeout == 120
    assert settings.load(folder, {settings.TIMEOUT_VARIABLE: "00:00:10"}).timeout == 10
    assert settings.load(folder, {settings.TIMEOUT_VARIABLE: "-1"}).timeout is None


def test_the_environment_beats_local_settings(tmp_path: Path) -> None:
    """As in the Core Tools."""
    folder = written(tmp_path, local={"Values": {"A": "file", "B": "file"}})
    assert settings.load(folder, {"A": "shell"}).values == {"B": "file"}


def test_host_json_says_hub_prefix_and_limits(tmp_path: Path) -> None:
    """Where it says them."""
    durable = {"hubName": "H", "maxConcurrentActivityFunctions": 3, "maxConcurrentOrchestratorFunctions": 2}
    host = {"extensions": {"http": {"routePrefix": "/x/"}, "durableTask": durable}}
    found = settings.load(written(tmp_path, host), {})
    assert (found.prefix, found.hub, found.activities, found.orchestrators) == ("x", "H", 3, 2)


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ({"functionTimeout": "1 hour"}, "functionTimeout is '1 hour'"),
        ({"extensions": {"durableTask": {"maxConcurrentActivityFunctions": 0}}}, "maxConcurrentActivityFunctions"),
        ({"extensions": []}, "extensions.durableTask in host.json is not a JSON object|a JSON object"),
        ([], "a JSON object is wanted"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path, host: Any, said: str) -> None:
    """With its key and what is wanted."""
    if host == {"extensions": []}:
        host = {"extensions": {"durableTask": [1]}}
    with pytest.raises(settings.Invalid, match=said):
        settings.load(written(tmp_path, host), {})


@pytest.mark.parametrize("text", ["0", "11", "many"])
def test_the_number_of_workers_is_checked(text: str) -> None:
    """One to ten, as on Azure."""
    with pytest.raises(settings.Invalid, match=settings.WORKERS_VARIABLE):
        settings.workers({settings.WORKERS_VARIABLE: text})
