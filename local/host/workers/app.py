"""Finds and loads a function app inside a worker process, as the Azure Functions Python worker does."""

import importlib
import inspect
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from azure.functions.decorators.function_app import FunctionRegister
from azure.functions.decorators.utils import StringifyEnumJsonEncoder

from local.host.workers import bindings as known
from local.host.workers.streamed_request import is_streamed


class NotLoadable(Exception):
    """The app cannot be used. The text names the file and what to do."""


@dataclass(frozen=True, kw_only=True)
class Function:
    """A registered function, with what is needed to call it."""

    name: str
    trigger: str
    code: Callable[..., Any]
    bindings: list[dict[str, Any]]
    entry: str  # the name in the app's code
    script: str
    reason: str | None = None  # why it is not registered
    disabled: bool = False  # by a setting
    retried: bool = False  # by a policy that this host does not follow
    retry: dict[str, str] | None = None  # a timer's policy of fixed delays, which it follows
    streamed: bool = False  # reads the body of a request as a stream

    def describe(self) -> dict[str, Any]:
        """Return what the host needs to know about the function."""
        return {k: v for k, v in vars(self).items() if k != "code"}


def load(folder: Path) -> dict[str, Function]:
    """Import function_app.py and return the functions that it registers."""
    script = os.environ.get("PYTHON_SCRIPT_FILE_NAME", "function_app.py")
    if not (folder / script).is_file():
        raise NotLoadable(f"{folder} holds no {script}. Name the folder of a Python v2 function app with --app.")
    packages = folder / ".python_packages" / "lib" / "site-packages"
    sys.path[:0] = [str(folder), *([str(packages)] if packages.is_dir() else [])]
    module = importlib.import_module(Path(script).stem)
    return {f.name: f for f in (_read(found, script) for found in _register(module, script).get_functions())}


def _register(module: ModuleType, script: str) -> FunctionRegister:
    found = [(n, v) for n, v in vars(module).items() if isinstance(v, FunctionRegister)]
    if not found:
        raise NotLoadable(f"{script} defines no FunctionApp or DFApp at its top level.")
    if len({id(v) for _, v in found}) > 1:
        names = ", ".join(n for n, _ in found)
        raise NotLoadable(f"{script} defines more than one function app ({names}); one is allowed.")
    return found[0][1]


def _read(function: Any, script: str) -> Function:
    bindings = json.loads(json.dumps(function.get_bindings_dict()["bindings"], cls=StringifyEnumJsonEncoder))
    trigger = function.get_trigger()
    kind = trigger.type if trigger is not None else "none"
    name, code = function.get_function_name(), function.get_user_function()
    disabled = any(os.environ.get(v, "").lower() in {"1", "true"} for v in _disabling(name))
    policy = function.get_setting("retry_policy")
    retry = _fixed_delays(policy) if kind == known.TIMER else None
    reason = f"{_disabling(name)[0]} disables it" if disabled else _unsupported(kind, bindings)
    if reason is None:
        _check_parameters(name, code, bindings)
    return Function(
        name=name,
        trigger=kind,
        code=code,
        bindings=bindings,
        entry=getattr(code, "__name__", name),
        script=script,
        reason=reason,
        disabled=disabled,
        retried=policy is not None and retry is None,
        retry=retry,
        streamed=kind == known.HTTP and is_streamed(code, trigger.name),
    )


def _fixed_delays(policy: Any) -> dict[str, str] | None:
    if policy is None or policy.strategy != "fixed_delay":
        return None
    return {"count": str(policy.max_retry_count), "delay": str(policy.delay_interval)}


def _disabling(name: str) -> tuple[str, str]:
    """Return the settings that disable a function. A shell cannot set a variable with dots in its name."""
    return f"AzureWebJobs.{name}.Disabled", f"AzureWebJobs_{name}_Disabled"


def _check_parameters(name: str, code: Callable[..., Any], bindings: list[dict[str, Any]]) -> None:
    """Raise NotLoadable for a function whose parameters are not its bindings, as the Azure worker does."""
    declared = set(inspect.signature(code).parameters)
    bound = {b["name"] for b in bindings if b["name"] != known.RETURN}
    if "context" not in bound:
        declared.discard("context")
    if unbound := declared - bound:
        where = "declared in Python but not in function.json"
        raise NotLoadable(f"cannot load the {name} function: the following parameters are {where}: {unbound}")
    if undeclared := bound - declared:
        where = "declared in function.json but not in Python"
        raise NotLoadable(f"cannot load the {name} function: the following parameters are {where}: {undeclared}")


def _unsupported(trigger: str, bindings: list[dict[str, Any]]) -> str | None:
    if trigger not in known.SUPPORTED_TRIGGERS:
        return f"its trigger {trigger} is not supported by this host"
    others = sorted({b["type"] for b in bindings} - known.SUPPORTED)
    return f"its binding {', '.join(others)} is not supported by this host" if others else None
