"""The provisioned throughput of a container, or of a database whose containers share it: fixed, or autoscale."""

from dataclasses import dataclass
from typing import Any

import orjson

from local.cosmos.errors import bad_request
from local.cosmos.parsing import whole

FIXED_MIN, FIXED_STEP = 400, 100
AUTOSCALE_MIN, AUTOSCALE_STEP = 1000, 1000
THROUGHPUT_MAX = 1_000_000
IDLE_SHARE = 10  # autoscale goes down to a tenth of its most


@dataclass(slots=True, frozen=True)
class Throughput:
    """RU/s. With autoscale `value` is the most, and partitions serve operations up to that."""

    value: int = FIXED_MIN
    autoscale: bool = False
    increment: int | None = None
    """The percent by which the service would raise the most of autoscale. The emulator only keeps it."""
    highest: int = FIXED_MIN
    """The most there ever was."""

    @property
    def least(self) -> int:
        """The least RU/s that it can be changed to without a change of its kind."""
        return self.least_as(autoscale=self.autoscale)

    def least_as(self, *, autoscale: bool) -> int:
        """The least RU/s of a kind: a hundredth of the most there ever was, a tenth with autoscale."""
        if autoscale:
            return _round_up(self.highest // IDLE_SHARE, AUTOSCALE_MIN, AUTOSCALE_STEP)
        return _round_up(self.highest / 100, FIXED_MIN, FIXED_STEP)


def read_headers(fixed: str | None, autopilot: str | None) -> Throughput | None:
    """What the headers of a new database or container ask for, None where they ask for nothing; raises 400."""
    if autopilot:
        try:
            settings = orjson.loads(autopilot)
        except orjson.JSONDecodeError:
            settings = None
        return _autoscale(settings, AUTOSCALE_MIN, AUTOSCALE_MIN)
    return None if fixed is None else read_fixed(fixed)


def read_fixed(text: str, before: Throughput | None = None) -> Throughput:
    """A fixed throughput; raises 400."""
    before = before or Throughput()
    least, value = before.least_as(autoscale=False), whole(text)
    if value is None or not least <= value <= THROUGHPUT_MAX or value % FIXED_STEP:
        raise bad_request(
            f"The offer should have valid throughput values between {least} and {THROUGHPUT_MAX} inclusive "
            f"in increments of {FIXED_STEP}."
        )
    return Throughput(value, highest=max(value, before.highest))


def read_offer(content: Any, before: Throughput) -> Throughput:
    """What a replaced offer asks for; raises 400."""
    content = content if isinstance(content, dict) else {}
    settings = content.get("offerAutopilotSettings") or content.get("offerAutoScaleSettings")
    if not settings:
        return read_fixed(str(content.get("offerThroughput")), before)
    return _autoscale(settings, before.least_as(autoscale=True), before.highest)


def content_of(throughput: Throughput) -> dict[str, Any]:
    """The content of an offer."""
    if not throughput.autoscale:
        return {"offerThroughput": throughput.value, "offerIsRUPerMinuteThroughputEnabled": False}
    settings: dict[str, Any] = {"maxThroughput": throughput.value}
    if throughput.increment is not None:
        settings["autoUpgradePolicy"] = {"throughputPolicy": {"incrementPercent": throughput.increment}}
    return {"offerThroughput": throughput.value // IDLE_SHARE, "offerAutopilotSettings": settings}


def _autoscale(settings: Any, least: int, highest: int) -> Throughput:
    settings = settings if isinstance(settings, dict) else {}
    most, policy = settings.get("maxThroughput"), settings.get("autoUpgradePolicy")
    if type(most) is not int:
        raise bad_request("The autoscale settings have no whole number under maxThroughput.")
    if most < least:
        raise bad_request(f"Requested throughput {most} is less than required minimum throughput {least}.")
    if most > THROUGHPUT_MAX or most % AUTOSCALE_STEP:
        raise bad_request(
            f"The autoscale maximum {most} has to be at most {THROUGHPUT_MAX}, in steps of {AUTOSCALE_STEP}."
        )
    return Throughput(most, autoscale=True, increment=_increment(policy), highest=max(most, highest))


def _increment(policy: Any) -> int | None:
    inner = policy.get("throughputPolicy") if isinstance(policy, dict) else None
    percent = inner.get("incrementPercent") if isinstance(inner, dict) else None
    return percent if type(percent) is int else None


def _round_up(value: float, least: int, step: int) -> int:
    return max(least, int(-(-value // step)) * step)
