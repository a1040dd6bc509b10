"""A run and the links that open it."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import azure.functions as func

from outlast.http.open_link import LinkOpener
from outlast.http.problem import answering
from outlast.http.show_rejects import ShowRejects
from outlast.http.show_shared import ShowShared
from outlast.http.show_shared_rejects import ShowSharedRejects
from outlast.links import Link, Links
from outlast.runs.prices import Prices
from outlast.staging.reject_files import RejectFiles
from tests.fakes.http import FakeClient, ask, finish
from tests.fakes.world import World

RUN = "0123456789abcdef" * 2
SECRET = "s" * 32


@dataclass
class Sharing:
    world: World = field(default_factory=World)

    @property
    def links(self) -> Links:
        return self.world.links(SECRET)

    @property
    def opener(self) -> LinkOpener:
        return LinkOpener(self.world.runs, self.links)

    def run(self, body: bytes = b"", **fields: Any) -> "Sharing":
        """Drive a run to its end."""
        asyncio.run(self.world.run(body, RUN, **fields))
        return self

    def accept(self, **fields: Any) -> "Sharing":
        asyncio.run(self.world.accept(b"", RUN, **fields))
        return self

    def token(self, *, rejects: bool = False, days: float = 1, version: int = 0) -> str:
        return self.links.token(Link(RUN, version, self.links.until(self.world.clock.now(), days), rejects))

    def show(self, token: str, accept: str = "application/json") -> func.HttpResponse:
        prices = Prices(2.0, "EUR")
        shown = ShowShared(self.opener, RejectFiles(self.world.files), prices).show_shared
        return finish(answering(shown)(ask(f"shared/{token}", headers={"Accept": accept}, token=token), FakeClient()))

    def rejects(self, token: str) -> func.HttpResponse:
        show = ShowRejects(self.world.runs, self.world.files, self.world.clock)
        shown = ShowSharedRejects(self.opener, show).show_shared_rejects
        return finish(answering(shown)(ask(f"shared/{token}/rejects", token=token)))
