import asyncio
from datetime import timedelta
from typing import Any

import pytest

from outlast.runs.mirror_claims import STARTING, MirrorClaims
from tests.fakes.records import make_record
from tests.fakes.world import World


def make(**fields: Any) -> tuple[World, MirrorClaims]:
    """Return claims of which run r1 has that of `shelf`; its record is in the state of `fields`."""
    world = World()
    claims = MirrorClaims(world.documents, world.runs, world.clock.now)
    assert asyncio.run(claims.take("shelf", "r1")) is None
    if fields:
        asyncio.run(world.runs.create(make_record(report="shelf", mode="mirror", **fields)))
    return world, claims


def take(claims: MirrorClaims, run: str = "r2", report: str = "shelf") -> str | None:
    return asyncio.run(claims.take(report, run))


@pytest.mark.parametrize(
    ("fields", "first"),
    [
        ({"state": "queued"}, "r1"),
        ({"state": "storing"}, "r1"),
        ({"state": "failing", "pending": ["undo"]}, "r1"),
        ({"state": "failed", "pending": ["undo", "email"]}, "r1"),
        ({"state": "failed", "pending": ["email"]}, None),
        ({"state": "completed"}, None),
    ],
)
def test_a_report_is_claimed_while_a_run_of_it_may_write(fields: dict[str, Any], first: str | None) -> None:
    """A run whose undo or work is not done keeps the claim; a pending email does not matter."""
    _, claims = make(**fields)
    assert take(claims) == first


def test_reports_do_not_know_each_other() -> None:
    """Each report has its own claim."""
    _, claims = make(state="storing")
    assert take(claims, report="stand") is None


def test_a_start_that_died_keeps_the_claim_for_a_while() -> None:
    """A claim without a record is that of a start under way, until that must have died."""
    world, claims = make()
    assert take(claims) == "r1"
    world.clock.advance((STARTING + timedelta(seconds=1)).total_seconds())
    assert take(claims) is None
    assert take(claims, "r3") == "r2"


def test_the_same_run_claims_again() -> None:
    """A start that is repeated under its key is not refused by itself."""
    _, claims = make(state="storing")
    assert take(claims, "r1") is None


def test_a_start_that_claims_again_has_its_time_anew() -> None:
    """A start that died and is repeated stages its body as a new one does, so no other takes its claim meanwhile."""
    world, claims = make()
    world.clock.advance((STARTING + timedelta(seconds=1)).total_seconds())
    assert take(claims, "r1") is None
    assert take(claims) == "r1"
