"""The HTTP front of the emulator without its socket: a request in, a response out."""

import uuid
from urllib.parse import unquote

from local.cosmos.addresses import named
from local.cosmos.auth import Authorizer
from local.cosmos.control import KEY_HEADER
from local.cosmos.control_requests import CONTROL, control
from local.cosmos.emulator import Emulator
from local.cosmos.errors import CosmosError, not_implemented
from local.cosmos.exchange import Exchange
from local.cosmos.faults import Target
from local.cosmos.messages import Request, Response
from local.cosmos.resource_tokens import read_token
from local.cosmos.routes import find

VERSION_HEADERS = {"x-ms-gatewayversion": "2.0.0", "x-ms-serviceversion": "local"}


class Gateway:
    """Checks, routes and answers requests. Their writes are durable after `Emulator.flush`."""

    def __init__(self, emulator: Emulator, authorizer: Authorizer, *, guarded: bool = False) -> None:
        """A guarded control API asks for the account key, because other machines can reach it."""
        self.emulator = emulator
        self._authorizer = authorizer
        self._guarded = guarded

    def answer(self, request: Request) -> Response:
        """The response to one request. An error of the service is a response, not an exception."""
        path = request.path.partition("?")[0]
        parts = [unquote(part) for part in path.split("/") if part]
        if parts and parts[0] == CONTROL:
            allowed = self._authorizer.is_key(request.headers.get(KEY_HEADER, "")) if self._guarded else None
            return control(self.emulator, request, parts[1:], allowed)
        activity = request.headers.get("x-ms-activity-id") or str(uuid.uuid4())
        exchange = Exchange(self.emulator, request, parts, self.emulator.clock())
        try:
            if parts == ["addresses"]:
                raise not_implemented("direct mode (/addresses): set the client's connection mode to Gateway")
            token = self._authorizer.check(request, parts)
            exchange.parts = named(self.emulator.account, parts)
            if token is not None:
                read_token(self.emulator.token_secret, token).check(request, exchange.parts, exchange.now)
            response = self._serve(exchange)
        except CosmosError as error:
            response = error.response(activity)
        return self._finish(exchange, response, activity)

    def _serve(self, exchange: Exchange) -> Response:
        handler, kind = find(exchange)
        exchange.kind = kind or "document"
        faults = self.emulator.faults
        effect = faults.fire(_target(exchange, kind)) if faults.rules and kind is not None else None
        if effect is None:
            return handler(exchange)
        exchange.effect = effect
        if effect.when == "before":
            effect.raise_status()
            return handler(exchange)
        response = handler(exchange)
        effect.raise_status()
        return response

    def _finish(self, exchange: Exchange, response: Response, activity: str) -> Response:
        headers = response.headers
        headers["x-ms-activity-id"] = activity
        headers.update(VERSION_HEADERS)
        if response.status != 304:
            headers["content-type"] = "application/json"  # also without a body, because some clients insist on it
        if response.body and response.status < 300:
            headers["content-location"] = exchange.address + exchange.request.path.partition("?")[0]
        self._count(exchange, response)
        executor = exchange.started
        if executor is not None:
            if executor.tx.changes:
                self.emulator.changed(executor.container, executor.tx.changes, exchange.now)
            self.emulator.split_due(executor.container)
        effect = exchange.whole_effect()
        if effect is not None:
            response.delay, response.reset = effect.delay, effect.reset
        return response

    def _count(self, exchange: Exchange, response: Response) -> None:
        if exchange.kind is None:
            return
        parts = [*exchange.parts, *[""] * 4] if exchange.parts[:1] == ["dbs"] else [""] * 4
        substatus = int(response.headers.get("x-ms-substatus", "0"))
        self.emulator.requests[parts[1], parts[3], exchange.kind, response.status, substatus] += 1


def _target(exchange: Exchange, kind: str) -> Target:
    parts = [*exchange.parts, *[None] * 4]
    return Target(parts[1], parts[3], exchange.range_id(), kind)
