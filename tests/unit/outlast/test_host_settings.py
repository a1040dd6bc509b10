import json
from pathlib import Path
from typing import Any

import pytest

from outlast.host_settings import HostSettings

SECRET = "DefaultEndpointsProtocol=https;AccountName=stoutlast;AccountKey=c2VjcmV0PT0=;EndpointSuffix=core.windows.net"


def write_host_json(folder: Path, **content: Any) -> None:
    (folder / "host.json").write_text(json.dumps({"version": "2.0", **content}), "utf-8")


def test_the_timeout_of_the_environment_beats_host_json(tmp_path: Path) -> None:
    """The environment's functionTimeout beats that of host.json, as in the host."""
    write_host_json(tmp_path, functionTimeout="00:02:00")
    given = {"AzureFunctionsJobHost__functionTimeout": "00:00:10"}
    assert HostSettings(given, tmp_path).function_timeout == 10
    assert HostSettings({}, tmp_path).function_timeout == 120


def test_five_minutes_where_nothing_says_otherwise(tmp_path: Path) -> None:
    """The timeout is five minutes without a host.json or without its entry."""
    assert HostSettings({}, tmp_path).function_timeout == 300
    write_host_json(tmp_path)
    assert HostSettings({}, tmp_path).function_timeout == 300


@pytest.mark.parametrize(
    ("environment", "owner"),
    [
        ({}, "local/Outlast@development"),
        ({"WEBSITE_SITE_NAME": "prod", "AzureWebJobsStorage__accountName": "st1"}, "prod/Outlast@st1"),
        ({"WEBSITE_SITE_NAME": "prod", "AzureWebJobsStorage": SECRET}, "prod/Outlast@stoutlast"),
        ({"AzureFunctionsJobHost__extensions__durableTask__hubName": "Slot"}, "local/Slot@development"),
    ],
)
def test_the_owner_names_app_hub_and_account(tmp_path: Path, environment: dict[str, str], owner: str) -> None:
    """The owner is made of app, hub and storage account, so that no two of them share it, and contains no key."""
    write_host_json(tmp_path, extensions={"durableTask": {"hubName": "Outlast"}})
    assert HostSettings(environment, tmp_path).owner == owner


def test_a_hub_may_be_named_by_a_variable(tmp_path: Path) -> None:
    """The hub's name may be %NAME%, which is read from the environment, and without an entry it is the app's name."""
    write_host_json(tmp_path, extensions={"durableTask": {"hubName": "%HUB%"}})
    assert HostSettings({"HUB": "Blue"}, tmp_path).owner == "local/Blue@development"
    write_host_json(tmp_path)
    assert HostSettings({"WEBSITE_SITE_NAME": "prod"}, tmp_path).owner == "prod/prod@development"


def test_the_slots_of_an_instance_are_those_of_host_json(tmp_path: Path) -> None:
    """An instance has the activity slots of host.json, or ten without the entry."""
    assert HostSettings({}, tmp_path).activity_slots == 10
    write_host_json(tmp_path, extensions={"durableTask": {"maxConcurrentActivityFunctions": 3}})
    assert HostSettings({}, tmp_path).activity_slots == 3


def test_host_json_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    """The host reads such a file, and so does the app."""
    (tmp_path / "host.json").write_text('{"functionTimeout": "00:02:00"}', "utf-8-sig")
    assert HostSettings({}, tmp_path).function_timeout == 120
