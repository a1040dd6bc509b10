"""The emulator as a process: start, end and kill."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from local.child import ROOT
from local.cosmos import EMULATOR_KEY
from local.cosmos.process import CosmosProcess
from tests.contract.cosmos_emulator.clients import Raw, bulk_headers, operation

DEFINITION = {"id": "c", "partitionKey": {"paths": ["/pk"], "kind": "Hash", "version": 2}}
KILLS = int(os.environ.get("SOAK_KILLS", "3"))
KEY = {"x-ms-documentdb-partitionkey": '["a"]'}
BATCH = {**KEY, "x-ms-cosmos-is-batch-request": "true", "x-ms-cosmos-batch-atomic": "true"}
DOCS = "/dbs/d/colls/c/docs"


def test_a_taken_port_is_named() -> None:
    """An emulator on a port in use exits with a message that names the option --port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, "-m", "local.cosmos", "--port", str(taken.getsockname()[1])]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "is taken: choose another with --port" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--port", "99999"], "is no port"),
        (["--port", "0", "--key", "no key"], "the whole key"),
        (["--port", "0", "--data", "{data}"], "not a database"),
    ],
    ids=["a port", "a key", "a file"],
)
def test_what_cannot_be_started_with_is_named(tmp_path: Path, options: list[str], message: str) -> None:
    """An emulator with an impossible option exits with a message and no traceback."""
    (tmp_path / "cosmos.sqlite").write_text("this is text, and enough of it to be no empty database" * 100)
    command = [sys.executable, "-m", "local.cosmos", *[option.format(data=tmp_path) for option in options]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode != 0
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("options", [(), ("--key", "c2VjcmV0")])
def test_the_start_says_how_to_connect(options: tuple[str, ...]) -> None:
    """The ready line has the connection string with the well-known key, and never shows a key of one's own."""
    command = [sys.executable, "-m", "local.cosmos", "--port", "0", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.terminate()
    url = line.split()[2]
    shown = "" if options else f" (AccountEndpoint={url}/;AccountKey={EMULATOR_KEY})"
    assert line == f"cosmos ready: {url}{shown}\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    """SIGINT and SIGTERM end the emulator with exit code 0."""
    with CosmosProcess() as process:
        os.kill(process.pid, number)
        assert process.wait() == 0


def acknowledged(raw: Raw, started: threading.Event) -> set[str]:
    """Write in bulk until the connection breaks; return the ids whose writes were acknowledged."""
    done: set[str] = set()
    for round_ in range(100_000):
        ids = [f"{round_}-{at}" for at in range(20)]
        body = [operation("Upsert", id_, {"id": id_, "pk": id_}) for id_ in ids]
        try:
            _, _, results = raw.send("POST", "/dbs/d/colls/c/docs", body, bulk_headers("0"))
        except (OSError, ValueError):
            return done
        done |= {id_ for id_, result in zip(ids, results, strict=True) if result["statusCode"] in {200, 201}}
        started.set()
    return done


def test_kill_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """After kill -9 during writes, all acknowledged documents exist."""
    with CosmosProcess(tmp_path, options=("--unthrottled",)) as process:
        raw = Raw(process.url, process.key)
        raw.send("POST", "/dbs", {"id": "d"})
        raw.send("POST", "/dbs/d/colls", DEFINITION)
        for _ in range(KILLS):
            started, found = threading.Event(), set[str]()
            thread = threading.Thread(target=lambda: found.update(acknowledged(raw, started)))  # noqa: B023 - the thread is joined within the loop
            thread.start()
            assert started.wait(20)
            process.kill()
            thread.join(20)
            process.start()
            for id_ in found:
                headers = {"x-ms-documentdb-partitionkey": f'["{id_}"]'}
                assert raw.send("GET", f"/dbs/d/colls/c/docs/{id_}", headers=headers)[0] == 200, id_


State = dict[str, int]


class Writer:
    """Writes one transaction after another until the connection breaks. `before` is the last acknowledged state,
    `after` the state that the last request leads to."""

    def __init__(self, raw: Raw, seed: int, state: State) -> None:
        self._raw = raw
        self._chance = random.Random(seed)
        self._until = self._chance.randrange(1, 30)
        self.before = state
        self.after = state
        self.under_way = threading.Event()  # set once a seeded number of requests is acknowledged

    def run(self) -> None:
        for number in range(1_000_000):
            self.after, operations = self._next(number)
            try:
                status, _, _ = self._raw.send("POST", DOCS, operations, BATCH)
            except (OSError, ValueError, HTTPException):
                return
            assert status == 200
            self.before = self.after
            if number >= self._until:
                self.under_way.set()

    def _next(self, number: int) -> tuple[State, list[dict[str, Any]]]:
        """Return a transaction of a few writes and removals, and the state that it leads to."""
        state, operations = dict(self.before), list[dict[str, Any]]()
        for _ in range(self._chance.randrange(1, 5)):
            id_ = str(self._chance.randrange(20))
            if id_ in state and self._chance.random() < 0.4:
                del state[id_]
                operations.append({"operationType": "Delete", "id": id_})
            else:
                kind = self._chance.choice(["Upsert", "Replace"]) if id_ in state else "Create"
                state[id_] = number
                body = {"id": id_, "pk": "a", "v": number}
                operations.append({"operationType": kind, "id": id_, "resourceBody": body})
        return state, operations


def test_kill_leaves_every_transaction_whole(tmp_path: Path) -> None:
    """After kill -9 during transactions, the documents are exactly those after the last acknowledged or the last sent
    transaction."""
    with CosmosProcess(tmp_path, options=("--unthrottled",)) as process:
        raw = Raw(process.url, process.key)
        raw.send("POST", "/dbs", {"id": "d"})
        raw.send("POST", "/dbs/d/colls", DEFINITION)
        state: State = {}
        for seed in range(KILLS):
            writer = Writer(raw, seed, state)
            thread = threading.Thread(target=writer.run)
            thread.start()
            assert writer.under_way.wait(20)
            process.kill()
            thread.join(20)
            process.start()
            _, _, body = raw.send("GET", DOCS, headers={**KEY, "x-ms-max-item-count": "-1"})
            state = {item["id"]: item["v"] for item in body["Documents"]}
            assert state in (writer.before, writer.after), seed
