"""host.json, local.settings.json and the environment."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.host import settings


def written(folder: Path, host: Any = None, local: Any = None) -> Path:
    """Write these files into an app's folder; return the folder."""
    for name, content in (("host.json", host), ("local.settings.json", local)):
        if content is not None:
            (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder


def test_an_app_without_files_gets_the_defaults(tmp_path: Path) -> None:
    """An app without files has a timeout of five minutes, the route prefix api and the default task hub."""
    found = settings.load(tmp_path, {})
    assert (found.timeout, found.prefix, found.hub, found.values) == (300, "api", "TestHubName", {})


def test_the_environment_beats_host_json(tmp_path: Path) -> None:
    """The timeout in the environment beats that of host.json, as on the Azure host."""
    folder = written(tmp_path, {"functionTimeout": "00:02:00"})
    assert settings.load(folder, {}).timeout == 120
    assert settings.load(folder, {settings.TIMEOUT_VARIABLE: "00:00:10"}).timeout == 10
    assert settings.load(folder, {settings.TIMEOUT_VARIABLE: "-1"}).timeout is None


def test_every_key_of_host_json_can_be_set_by_a_variable(tmp_path: Path) -> None:
    """A variable with two underscores between its parts, in any case, also in local.settings.json, sets any key of
    host.json."""
    variable = "AzureFunctionsJobHost__extensions__durableTask__"
    folder = written(tmp_path, {"extensions": {"http": {"RoutePrefix": "x"}}}, {"Values": {f"{variable}hubName": "H"}})
    found = settings.load(folder, {f"{variable}MaxConcurrentActivityFunctions": "7", settings.TIMEOUT_VARIABLE: "-1"})
    assert (found.prefix, found.hub, found.activities, found.timeout) == ("x", "H", 7, None)
    assert settings.load(written(tmp_path, local={"Values": {settings.TIMEOUT_VARIABLE: "00:00:09"}}), {}).timeout == 9


def test_a_task_hub_may_have_its_name_from_a_setting(tmp_path: Path) -> None:
    """A task hub takes its name from the setting between percent signs, and a missing setting raises Invalid with its
    name."""
    folder = written(tmp_path, {"extensions": {"durableTask": {"hubName": "%HUB%"}}})
    assert settings.load(folder, {"HUB": "H"}).hub == "H"
    with pytest.raises(settings.Invalid, match="is %HUB%, but HUB is not set"):
        settings.load(folder, {})


def test_orchestrations_may_have_a_default_version(tmp_path: Path) -> None:
    """The default version of orchestrations is that of host.json, or None without an entry."""
    assert settings.load(tmp_path, {}).version is None
    assert (
        settings.load(written(tmp_path, {"extensions": {"durableTask": {"defaultVersion": "1.2"}}}), {}).version
        == "1.2"
    )


@pytest.mark.parametrize(
    ("local", "said"), [({"IsEncrypted": True}, "is encrypted"), ({"Values": [1]}, "Values in .* is not a JSON object")]
)
def test_local_settings_that_cannot_be_read_are_named(tmp_path: Path, local: Any, said: str) -> None:
    """A local.settings.json that is encrypted or has wrong Values raises Invalid with the reason."""
    with pytest.raises(settings.Invalid, match=said):
        settings.load(written(tmp_path, local=local), {})


def test_a_variable_that_contradicts_host_json_is_named(tmp_path: Path) -> None:
    """A variable for a member of a value that is no section raises Invalid with the variable's name."""
    variable = "AzureFunctionsJobHost__functionTimeout__x"
    with pytest.raises(settings.Invalid, match=variable):
        settings.load(written(tmp_path, {"functionTimeout": "00:02:00"}), {variable: "1"})


def test_the_environment_beats_local_settings(tmp_path: Path) -> None:
    """A value of local.settings.json is left out when the environment has it, as in the Core Tools."""
    folder = written(tmp_path, local={"Values": {"A": "file", "B": "file"}})
    assert settings.load(folder, {"A": "shell"}).values == {"B": "file"}


@pytest.mark.parametrize(("text", "seconds"), [("00:01:00", 60), (None, 300)])
def test_host_json_says_how_long_activities_of_a_killed_host_are_left_alone(
    text: str | None, seconds: float, tmp_path: Path
) -> None:
    """The time comes from the storage provider's entry, and is five minutes without it."""
    provider = {"workItemQueueVisibilityTimeout": text} if text else {}
    folder = written(tmp_path, {"extensions": {"durableTask": {"storageProvider": provider}}})
    assert settings.load(folder, {}).visibility == seconds


def test_host_json_says_hub_prefix_and_limits(tmp_path: Path) -> None:
    """Each entry of host.json replaces the default."""
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
    """A wrong value in host.json raises Invalid with its key and the form that is wanted."""
    if host == {"extensions": []}:
        host = {"extensions": {"durableTask": [1]}}
    with pytest.raises(settings.Invalid, match=said):
        settings.load(written(tmp_path, host), {})


@pytest.mark.parametrize("text", ["0", "11", "many"])
def test_the_number_of_workers_is_checked(text: str) -> None:
    """A number of workers outside 1 to 10 raises Invalid with the variable's name."""
    with pytest.raises(settings.Invalid, match=settings.WORKERS_VARIABLE):
        settings.workers({settings.WORKERS_VARIABLE: text})


def test_the_command_line_beats_the_setting() -> None:
    """The number of workers on the command line beats the setting and has the same bounds."""
    assert settings.workers({settings.WORKERS_VARIABLE: "3"}) == 3
    assert settings.workers({settings.WORKERS_VARIABLE: "3"}, 2) == 2
    with pytest.raises(settings.Invalid, match="--workers is '0'"):
        settings.workers({}, 0)
