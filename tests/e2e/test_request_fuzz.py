"""Hostile requests against a running host, app and database."""

import asyncio
import os
import random
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local.cosmos import EMULATOR_KEY
from tests.e2e.hostile import Caller, Sent, Source, database_request
from tests.e2e.stack import Stack, running

SEEDS = int(os.environ.get("SOAK_SEEDS", "0"))
REQUESTS = max(1000, SEEDS * 3 // 2)  # 15,000 in a soak of 10,000 seeds
SEED = int(os.environ.get("SOAK_SEED", "20260101"))
AT_ONCE = 20
PATIENCE = 30.0  # seconds in which a whole request must be answered
HALF = 0.3  # seconds for which a client that sent half a request waits before it goes
SAID_ON_PURPOSE = b"Something went wrong while processing your request"  # the Azure host's own 500s


async def exchange(url: str, sent: Sent) -> bytes:
    """Send the bytes and return the answer; raise TimeoutError if a whole request gets none."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        writer.write(sent.data)
        async with asyncio.timeout(PATIENCE if sent.whole else HALF):
            return await reader.read()
    except TimeoutError:
        if sent.whole:
            raise
        return b""
    except ConnectionError:
        return b""
    finally:
        writer.close()


def faults_of(answer: bytes) -> list[bytes]:
    """Return the statuses from 500 on, except 501, which names a missing feature, and the Azure host's own 500s."""
    statuses = re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)
    faults = [status for status in statuses if status >= b"500" and status != b"501"]
    return faults[answer.count(SAID_ON_PURPOSE) :]


async def try_one(url: str, sent: Sent) -> str | None:
    """Return what is wrong with the answer to one exchange, or None."""
    try:
        answer = await exchange(url, sent)
    except TimeoutError:
        return f"no answer in {PATIENCE:g} s to {sent.data[:2000]!r}"
    if faults_of(answer) or b"Traceback" in answer:
        return f"{answer[:2000]!r} to {sent.data[:2000]!r}"
    return None


async def attack(url: str, source: Source, requests: int) -> list[str]:
    """Send so many requests, AT_ONCE at a time; return what went wrong."""
    wrong: list[str] = []
    for _ in range(requests // AT_ONCE):
        found = await asyncio.gather(*(try_one(url, source()) for _ in range(AT_ONCE)))
        wrong += [text for text in found if text]
    return wrong


def keys_of(stack: Stack) -> list[str]:
    """Return the keys that must not be in a log."""
    return [stack.services.function_key, stack.master_key]


def test_no_request_breaks_host_app_or_database(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Each whole request is answered without a server error, and neither log nor answer has a traceback or a key."""
    print(f"seed {SEED}")  # noqa: T201 - shown when the test fails
    chance = random.Random(SEED)
    with running(tmp_path) as stack:
        keys = keys_of(stack)
        caller = Caller(chance, [*keys, "wrong", ""])
        host, database = stack.services.host.url, stack.services.cosmos.url
        wrong = asyncio.run(attack(host, caller.sent, REQUESTS * 4 // 5))
        wrong += asyncio.run(attack(database, lambda: database_request(chance), REQUESTS // 5))
        assert stack.request("GET", "/api/health")[0] == 200
    log = capfd.readouterr().err
    assert not wrong, "\n".join([f"{len(wrong)} wrong", *wrong[:20]])
    assert "Traceback" not in log, log[-4000:]
    assert not [key for key in [*keys, EMULATOR_KEY] if key in log]
