"""The two changes that this host makes to the Durable SDK, in its own workers only. They change no value."""

import importlib
from datetime import datetime
from functools import cache
from importlib import metadata
from typing import Any

FORBIDDEN = "/\\#?"  # would end an id in the address that the client makes of it
PACKAGE = "azure-functions-durable"


class OtherProtocol(Exception):
    """The installed SDK does not talk to its host as version 1 does."""


@cache
def prepare() -> None:
    """Change the SDK before the app is loaded; raise OtherProtocol for one that this host cannot serve. A second call
    does nothing."""
    version = metadata.version(PACKAGE)
    if version.partition(".")[0] != "1":
        raise OtherProtocol(
            f"{PACKAGE} {version} is installed, which talks to the Durable extension by gRPC. This host does not: it "
            f"supports version 1. Install it with: pip install '{PACKAGE}<2'"
        )
    _parse_times_faster()
    _refuse_broken_ids()


def _parse_times_faster() -> None:
    """The SDK parses each event's time with dateutil in every replay, which takes four fifths of a replay's time."""
    module: Any = importlib.import_module("azure.durable_functions.models.history.HistoryEvent")
    careful = module.dt_parse
    utc = careful("2000-01-01T00:00:00Z").tzinfo

    def parse(text: str) -> datetime:
        if not text.endswith("Z"):
            parsed: datetime = careful(text)
            return parsed
        return datetime.fromisoformat(text[:-1]).replace(tzinfo=utc)

    module.dt_parse = parse


def _refuse_broken_ids() -> None:
    """The SDK's client puts the id into a URL unescaped, so 'a#b' would start 'a' without an error."""
    from azure.durable_functions import DurableOrchestrationClient

    address_of = DurableOrchestrationClient._get_start_new_url

    def checked(client: Any, instance_id: str | None, orchestration_function_name: str, version: Any = None) -> str:
        if instance_id is not None and any(c in FORBIDDEN or ord(c) < 32 for c in instance_id):
            raise ValueError(
                f"The instance id {instance_id!r} holds a character that no instance id may hold: "
                "/ \\ # ? or a control character."
            )
        address: str = address_of(
            client,
            instance_id=instance_id,
            orchestration_function_name=orchestration_function_name,
            version=version,
        )
        return address

    DurableOrchestrationClient._get_start_new_url = checked
