"""Converts the host's frames to a function's arguments, and its result back, by the SDK's own converters."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import azure.functions as func
from azure.functions import meta
from azure.functions._durable_functions import EntityContext, OrchestrationContext

from local.host.workers import app as apps
from local.host.workers import bindings
from local.host.workers.context import Context
from local.host.workers.cookies import rewritten
from local.host.workers.streamed_request import StreamedRequest
from local.host.workers.wire import Header

Arguments = dict[str, Any]


def prepare(function: apps.Function, header: Header, body: bytes, folder: str) -> Arguments:
    """Return the keyword arguments of one call."""
    arguments: Arguments = {}
    for binding in function.bindings:
        if binding["type"] == function.trigger:
            arguments[binding["name"]] = TRIGGERS[function.trigger](header, body)
        elif binding["type"] == bindings.CLIENT:
            arguments[binding["name"]] = header["client"]
        elif binding["name"] != bindings.RETURN:
            arguments[binding["name"]] = Output()
    if "context" in inspect.signature(function.code).parameters and "context" not in arguments:
        arguments["context"] = Context(function.name, folder, header["invocation"], header.get("traceparent"))
    return arguments


def result_of(function: apps.Function, value: Any, arguments: Arguments) -> tuple[Header, bytes]:
    """Return the answer to the host for what a function returned, or set as its output."""
    outputs = [a for a in arguments.values() if isinstance(a, Output)]
    if outputs and function.trigger == bindings.HTTP and outputs[0].get() is None:
        return {"ok": True, "status": 204, "headers": [], "cookies": []}, b""
    return RESULTS[function.trigger](outputs[0].get() if outputs else value)


class Output(func.Out[Any]):
    """Takes a function's response that it does not return."""

    def __init__(self) -> None:
        self._value: Any = None

    def set(self, val: Any) -> None:
        """Called by the function."""
        self._value = val

    def get(self) -> Any:
        """Return what was set last."""
        return self._value


def _converter(binding: str) -> Any:
    return meta._ConverterMeta.get(binding)  # type: ignore[no-untyped-call]  # the SDK has no public way


def _http_request(header: Header, body: bytes) -> Any:
    def strings(values: dict[str, str]) -> dict[str, meta.Datum]:
        return {name: meta.Datum(value, "string") for name, value in values.items()}

    parts = {
        "method": meta.Datum(header["method"], "string"),
        "url": meta.Datum(header["url"], "string"),
        "headers": strings(header["headers"]),
        "query": strings(header["query"]),
        "params": strings(header["route"]),
        "body": meta.Datum(body, "bytes"),
    }
    request = _converter(bindings.HTTP).decode(meta.Datum(parts, "http"), trigger_metadata={})
    return StreamedRequest(request, Path(header["file"])) if "file" in header else request


def _activity_input(_: Header, body: bytes) -> Any:
    return _converter(bindings.ACTIVITY).decode(meta.Datum(body.decode(), "json"), trigger_metadata={})


def _timer_request(_: Header, body: bytes) -> Any:
    return _converter(bindings.TIMER).decode(meta.Datum(body.decode(), "json"), trigger_metadata={})


def _orchestration_context(_: Header, body: bytes) -> Any:
    return OrchestrationContext(body.decode())


def _entity_context(_: Header, body: bytes) -> Any:
    return EntityContext(body.decode())


def _http_response(value: Any) -> tuple[Header, bytes]:
    """Convert a response. A value that is none, such as None, raises NotImplementedError, as in the Azure worker."""
    datum = _converter(bindings.HTTP_OUTPUT).encode(value, expected_type=None)
    if datum.type == "string":
        headers = [["content-type", "text/plain; charset=utf-8"]]
        return {"ok": True, "status": 200, "headers": headers, "cookies": []}, datum.value.encode()
    parts = datum.value
    cookies = rewritten(parts["cookies"] or [])
    headers = [[name, text.value] for name, text in parts["headers"].items()]
    answer = {"ok": True, "status": int(parts["status_code"].value), "headers": headers, "cookies": cookies}
    return answer, parts["body"].value


def _activity_result(value: Any) -> tuple[Header, bytes]:
    return {"ok": True}, _converter(bindings.ACTIVITY).encode(value, expected_type=None).value.encode()


def _durable_state(value: Any) -> tuple[Header, bytes]:
    return {"ok": True}, str(value).encode()


def _nothing(value: Any) -> tuple[Header, bytes]:
    if value is not None:
        raise RuntimeError("a function without a $return binding returned a non-None value")
    return {"ok": True}, b""


TRIGGERS: dict[str, Callable[[Header, bytes], Any]] = {
    bindings.HTTP: _http_request,
    bindings.ACTIVITY: _activity_input,
    bindings.TIMER: _timer_request,
    bindings.ORCHESTRATION: _orchestration_context,
    bindings.ENTITY: _entity_context,
}
RESULTS: dict[str, Callable[[Any], tuple[Header, bytes]]] = {
    bindings.HTTP: _http_response,
    bindings.ACTIVITY: _activity_result,
    bindings.TIMER: _nothing,
    bindings.ORCHESTRATION: _durable_state,
    bindings.ENTITY: _durable_state,
}
