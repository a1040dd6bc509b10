"""GET /api/health: whether a run could be done now. The endpoint is anonymous, so answers hold no secret."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import azure.functions as func
from azure.core.exceptions import AzureError
from obstore.exceptions import BaseError

from outlast.errors import OutlastError
from outlast.http.answers import answer
from outlast.http.health_checks import HELP, Advised, Check

KEPT_SECONDS = 5.0
"""How long an answer is repeated. Anyone can call the endpoint, and each check costs requests."""
CHECK_SECONDS = 10.0


@dataclass(slots=True)
class ShowHealth:
    """`checks` are by the name under which the answer shows them."""

    checks: Mapping[str, Check]
    clock: Callable[[], float]
    _kept: tuple[float, dict[str, Any]] | None = field(default=None)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def show_health(self, req: func.HttpRequest) -> func.HttpResponse:
        """`{status: ok|failing, checks: {NAME: {ok, problem, warning, help}}}`; 503 when a check fails.

        A warning is no failure.
        """
        results = await self._newest()
        ok = all(result["ok"] for result in results.values())
        body = {"status": "ok" if ok else "failing", "checks": results}
        return answer(body, 200 if ok else 503)

    async def _newest(self) -> dict[str, Any]:
        """The kept results, or new ones. Requests that come during a check wait for it and share its results."""
        async with self._one_at_a_time:
            if self._kept is None or self.clock() - self._kept[0] > KEPT_SECONDS:
                results = await asyncio.gather(*(_checked(name, check) for name, check in self.checks.items()))
                self._kept = (self.clock(), dict(zip(self.checks, results, strict=True)))
            return self._kept[1]


async def _checked(name: str, check: Check) -> dict[str, Any]:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            warning = await check()
    except Advised as error:
        return {"ok": False, "problem": str(error)}
    except OutlastError as error:
        return {"ok": False, "problem": str(error), "help": HELP[name]}
    except (AzureError, BaseError, OSError, TimeoutError) as error:
        return {"ok": False, "problem": f"no usable answer ({type(error).__name__})", "help": HELP[name]}
    return {"ok": True, "warning": warning, "help": HELP[name]} if warning else {"ok": True}
