"""Reads host.json, local.settings.json and the environment by the Azure host's rules."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_TIMEOUT = 300.0  # seconds, if neither host.json nor the environment has a value
DEFAULT_VISIBILITY = "00:05:00"  # of an activity that a killed host left, if host.json has no value
OVERRIDE = "azurefunctionsjobhost__"  # prefix of a variable that overrides a key of host.json; __ separates its parts
TIMEOUT_VARIABLE = "AzureFunctionsJobHost__functionTimeout"
WORKERS_VARIABLE = "FUNCTIONS_WORKER_PROCESS_COUNT"
PER_CORE = 10  # concurrent activities and orchestrators, as on a plan that is not Consumption


class Invalid(Exception):
    """A setting that cannot be used. The text names file, key, value and the form that is wanted."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings that the host needs before it loads the app."""

    timeout: float | None  # seconds that a function may run; None: no limit
    prefix: str  # of HTTP routes, without slashes
    hub: str
    activities: int
    orchestrators: int
    visibility: float  # seconds for which the activities of a killed host wait
    version: str | None  # of orchestrations whose start has none
    log_levels: dict[str, Any]  # by lower-case category
    values: dict[str, str]  # for the workers' environment, from local.settings.json


def load(folder: Path, environment: Mapping[str, str]) -> Settings:
    """Read the settings of the app in this folder. `Values` count as environment, as in the Core Tools."""
    values = _values(folder / "local.settings.json", environment)
    everything = {**values, **environment}
    host = _overridden(_lowered(_read(folder / "host.json")), everything)
    durable = _section(host, "extensions", "durableTask")
    limit = PER_CORE * (os.cpu_count() or 1)
    version = durable.get("defaultversion")
    return Settings(
        timeout=_timeout(host.get("functiontimeout")),
        prefix=str(_section(host, "extensions", "http").get("routeprefix", "api")).strip("/"),
        hub=_hub(str(durable.get("hubname", "TestHubName")), everything),
        activities=_count(durable, "maxConcurrentActivityFunctions", limit),
        orchestrators=_count(durable, "maxConcurrentOrchestratorFunctions", limit),
        visibility=_visibility(_section(host, "extensions", "durableTask", "storageProvider")),
        version=None if version is None else str(version),
        log_levels=_section(host, "logging", "logLevel"),
        values=values,
    )


def workers(environment: Mapping[str, str], option: int | None = None) -> int:
    """Return the number of worker processes."""
    name, text = ("--workers", str(option)) if option is not None else (WORKERS_VARIABLE, "1")
    text = environment.get(name, text)
    if not text.isdecimal() or not 1 <= int(text) <= 10:
        raise Invalid(f"{name} is {text!r}; a number from 1 to 10 is wanted.")
    return int(text)


def timespan(text: str) -> float:
    """Return the seconds of a .NET time span, [d.]hh:mm:ss[.fff]; raise ValueError."""
    found = re.fullmatch(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?)", text)
    if found is None:
        raise ValueError(text)
    days, hours, minutes, seconds = found.groups()
    return int(days or 0) * 86400 + int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _lowered(value: Any) -> Any:
    """Return the value with its keys in lower case, because the Azure host ignores their case."""
    return {k.lower(): _lowered(v) for k, v in value.items()} if isinstance(value, dict) else value


def _overridden(host: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return host.json with the overrides of the environment."""
    for name, value in environment.items():
        if name.lower().startswith(OVERRIDE):
            *path, key = name.lower().removeprefix(OVERRIDE).split("__")
            section = host
            for part in path:
                section = section.setdefault(part, {})
                if not isinstance(section, dict):
                    raise Invalid(f"{name} says something of {part}, which host.json has with another value.")
            section[key] = value
    return host


def _hub(text: str, environment: Mapping[str, str]) -> str:
    """Return the task hub's name. A name between percent signs is the name of a setting."""
    found = re.fullmatch("%(.+)%", text)
    if found is None:
        return text
    if found[1] not in environment:
        raise Invalid(f"extensions.durableTask.hubName in host.json is {text}, but {found[1]} is not set.")
    return environment[found[1]]


def _timeout(text: str | None) -> float | None:
    if text is None:
        return DEFAULT_TIMEOUT
    if str(text) == "-1":
        return None
    try:
        return timespan(str(text))
    except ValueError:
        raise Invalid(f"functionTimeout is {text!r}; a time span like 00:05:00 is wanted, or -1.") from None


def _visibility(provider: dict[str, Any]) -> float:
    key = "workItemQueueVisibilityTimeout"
    text = str(provider.get(key.lower(), DEFAULT_VISIBILITY))
    try:
        return timespan(text)
    except ValueError:
        where = f"extensions.durableTask.storageProvider.{key} in host.json"
        raise Invalid(f"{where} is {text!r}; a time span like {DEFAULT_VISIBILITY} is wanted.") from None


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise Invalid(f"{path} is not JSON: {error}.") from None
    if not isinstance(content, dict):
        raise Invalid(f"{path} holds {type(content).__name__}; a JSON object is wanted.")
    return content


def _section(content: dict[str, Any], *path: str) -> dict[str, Any]:
    for key in path:
        content = content.get(key.lower()) or {}
        if not isinstance(content, dict):
            raise Invalid(f"{'.'.join(path)} in host.json is not a JSON object.")
    return content


def _count(section: dict[str, Any], key: str, default: int) -> int:
    value = section.get(key.lower(), default)
    if not str(value).isdecimal() or int(value) < 1:
        raise Invalid(f"extensions.durableTask.{key} in host.json is {value!r}; a whole number from 1 is wanted.")
    return int(value)


def _values(path: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return `Values` without those that the environment sets, which has precedence as in the Core Tools."""
    content = _read(path)
    if content.get("IsEncrypted"):
        raise Invalid(f"{path} is encrypted; decrypt it first (func settings decrypt).")
    values = content.get("Values") or {}
    if not isinstance(values, dict):
        raise Invalid(f"Values in {path} is not a JSON object.")
    return {str(k): str(v) for k, v in values.items() if k not in environment}
