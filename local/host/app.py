"""Finding and reading a function app, as the Azure Functions Python worker does: runs inside a worker process."""

import importlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import azure.functions as func
from azure.functions.decorators.function_app import FunctionRegister
from azure.functions.decorators.utils import StringifyEnumJsonEncoder

from local.host import bindings as known


class NotLoadable(Exception):
    """The app cannot be used; the text names the file and what to do."""


@dataclass(frozen=True, kw_only=True)
class Function:
    """One registered function, with what is needed to call it."""

    name: str
    trigger: str
    code: Callable[..., Any]
    bindings: list[dict[str, Any]]
    reason: str | None = None  # why it is not supported

    def describe(self) -> dict[str, Any]:
        """What the host needs to know of it."""
        return {"name": self.name, "trigger": self.trigger, "bindings": self.bindings, "reason": self.reason}


def load(folder: Path) -> dict[str, Function]:
    """Imports function_app.py and reads what it registers."""
    script = os.environ.get("PYTHON_SCRIPT_FILE_NAME", "function_app.py")
    if not (folder / script).is_file():
        raise NotLoadable(f"{folder} holds no {script}. Name the folder of a Python v2 function app with --app.")
    packages = folder / ".python_packages" / "lib" / "site-packages"
    sys.path[:0] = [str(folder), *([str(packages)] if packages.is_dir() else [])]
    module = importlib.import_module(Path(script).stem)
    return {f.name: f for f in map(_read, _register(module, script).get_functions())}


def _register(module: ModuleType, script: str) -> FunctionRegister:
    found = [(n, v) for n, v in vars(module).items() if isinstance(v, FunctionRegister)]
    if not found:
        raise NotLoadable(f"{script} defines no FunctionApp or DFApp at its top level.")
    if len({id(v) for _, v in found}) > 1:
        names = ", ".join(n for n, _ in found)
        raise NotLoadable(f"{script} defines more than one function app ({names}); one is allowed.")
    return found[0][1]


def _read(function: Any) -> Function:
    bindings = json.loads(json.dumps(function.get_bindings_dict()["bindings"], cls=StringifyEnumJsonEncoder))
    trigger = function.get_trigger()
    kind = trigger.type if trigger is not None else "none"
    return Function(
        name=function.get_function_name(),
        trigger=kind,
        code=function.get_user_function(),
        bindings=bindings,
        reason=_unsupported(kind, bindings),
    )


def _unsupported(trigger: str, bindings: list[dict[str, Any]]) -> str | None:
    if trigger not in known.SUPPORTED_TRIGGERS:
        return f"its trigger {trigger} is not supported by this host"
    others = sorted({b["type"] for b in bindings} - known.SUPPORTED)
    return f"its binding {', '.join(others)} is not supported by this host" if others else None


class Context(func.Context):
    """What a function that asks for `context` is given."""

    def __init__(self, name: str, folder: str, invocation: str) -> None:
        self._name = name
        self._folder = folder
        self._invocation = invocation

    @property
    def invocation_id(self) -> str:
        """The id of this call."""
        return self._invocation

    @property
    def function_name(self) -> str:
        """The name under which the function is registered."""
        return self._name

    @property
    def function_directory(self) -> str:
        """The app's folder."""
        return self._folder

    @property
    def trace_context(self) -> Any:
        """Tracing is not set up here."""
        return None

    @property
    def retry_context(self) -> Any:
        """Triggers are not retried here."""
        return None

    @property
    def thread_local_storage(self) -> Any:
        """Nothing reads it here."""
        return None
