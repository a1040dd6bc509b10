import base64
import re
import signal
import threading
from collections.abc import Callable
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import httpx
import pytest

from outlast_cli import uploads
from outlast_cli.address import Address
from outlast_cli.api import Api, Wire
from outlast_cli.errors import CommandError, Unreachable, Usage
from outlast_cli.uploads import Uploader
from tests.unit.outlast_cli.calling import KEY, URL, problem

BLOB = "https://store.blob.core.windows.net/inputs/uploads/0-a.csv?sig=s1gned&se=2027"
OF_AZURE = {"input": "uploads/0-a.csv", "method": "PUT", "url": BLOB, "headers": {"x-ms-blob-type": "BlockBlob"}}
OF_THE_APP = {
    "input": "uploads/0-a.csv",
    "url": "http://inside:7071/api/inputs/0-a.csv",
    "headers": {},
    "most_bytes": 100,
}
Answer = Callable[[httpx.Request], httpx.Response]


class Blob:
    """A blob of Azure Storage that gets blocks. `fail` gives the status of a request in place of taking it."""

    def __init__(self, fail: Callable[[int], int | None] = lambda number: None) -> None:
        self.blocks: dict[str, bytes] = {}
        self.content: bytes | None = None
        self.requests: list[httpx.Request] = []
        self._fail = fail

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if status := self._fail(len(self.requests)):
            return httpx.Response(status, headers={"x-ms-error-code": "AuthenticationFailed"})
        query = request.url.params
        assert (query["sig"], query["se"]) == ("s1gned", "2027")
        assert "x-functions-key" not in request.headers
        if query["comp"] == "block":
            self.blocks[query["blockid"]] = request.read()
        else:
            listed = re.findall("<Latest>(.*?)</Latest>", request.read().decode())
            self.content = b"".join(self.blocks[name] for name in listed)
        return httpx.Response(201)


def send(file: Path, opened: dict[str, Any], app: Answer, blob: Answer | None = None) -> tuple[str, int]:
    """Upload a file; return the name to start with and the bytes that were told."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(201, json=opened)
        request.read()
        return app(request)

    wire = Wire(transport=httpx.MockTransport(answer), sleep=lambda seconds: None)
    told: list[int] = []
    client = httpx.Client(transport=httpx.MockTransport(blob or app))
    with client, Api(Address(url=URL, key=KEY, source="test"), wire) as api:
        return Uploader(api=api, client=client, sleep=lambda seconds: None).upload(file, "a.csv", told.append), sum(
            told
        )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    path.write_bytes(b"0123456789")
    return path


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "BLOCK", 4)


def test_azure_gets_blocks(file: Path) -> None:
    """A file goes to Azure in blocks of one length, without the app's key, and their list makes the blob."""
    blob = Blob()
    assert send(file, OF_AZURE, Blob(), blob) == ("uploads/0-a.csv", 10)
    assert blob.content == b"0123456789"
    assert len(blob.requests) == 4
    assert len({len(base64.b64decode(name)) for name in blob.blocks}) == 1


def test_only_what_was_lost_is_sent_again(file: Path) -> None:
    """A block that is refused for the moment is sent again, and the others are not."""
    blob = Blob(lambda number: 503 if number == 2 else None)
    send(file, OF_AZURE, Blob(), blob)
    assert blob.content == b"0123456789"
    assert len(blob.requests) == 5


def test_a_signature_that_has_ended_is_told(file: Path) -> None:
    """An address that Azure refuses ends the upload with its error, and the signature is not shown."""
    with pytest.raises(CommandError, match="403 AuthenticationFailed") as failure:
        send(file, OF_AZURE, Blob(), Blob(lambda number: 403))
    assert "s1gned" not in str(failure.value)


@pytest.mark.parametrize("ending", [KeyboardInterrupt, CommandError])
def test_an_upload_that_is_ended_sends_no_further_block(
    file: Path, monkeypatch: pytest.MonkeyPatch, ending: type[BaseException]
) -> None:
    """After Ctrl-C, or after a block that is refused, no queued block is sent, and none under way is waited for."""
    monkeypatch.setattr(uploads, "BLOCK", 1)
    main, before = threading.get_ident(), set(threading.enumerate())
    all_are_queued, has_ended = threading.Event(), threading.Event()
    blocks, ended_before = list[httpx.Request](), list[bool]()

    def waiting(*given: Any, **more: Any) -> Any:
        all_are_queued.set()
        return wait(*given, **more)

    def held(request: httpx.Request) -> httpx.Response:
        blocks.append(request)
        if len(blocks) == uploads.AT_ONCE:
            all_are_queued.wait(5)
            if ending is CommandError:
                return httpx.Response(403)
            signal.pthread_kill(main, signal.SIGINT)
        ended_before.append(has_ended.wait(30))
        return httpx.Response(503)

    monkeypatch.setattr(uploads, "wait", waiting)
    before_test = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    try:
        with pytest.raises(ending):
            send(file, OF_AZURE, Blob(), held)
    finally:
        signal.signal(signal.SIGINT, before_test)
        has_ended.set()
    for thread in set(threading.enumerate()) - before:
        thread.join()
    assert (len(blocks), all(ended_before)) == (uploads.AT_ONCE, True)


def test_a_storage_that_is_away_is_told(file: Path) -> None:
    """A storage that does not answer for all tries raises Unreachable."""

    def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(Unreachable, match="refused"):
        send(file, OF_AZURE, Blob(), gone)


class Taking:
    """The app's own route: what it answers to each request, an exception for a lost answer."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_one_machine_gets_a_stream(file: Path) -> None:
    """The app's own route gets the whole file with its length and the key, at the address that is called anyway."""
    app = Taking(httpx.Response(201, json={}))
    assert send(file, OF_THE_APP, app) == ("uploads/0-a.csv", 10)
    sent = app.requests[0]
    assert str(sent.url) == f"{URL}/api/inputs/0-a.csv"
    assert (sent.content, sent.headers["content-length"]) == (b"0123456789", "10")
    assert "transfer-encoding" not in sent.headers
    assert sent.headers["x-functions-key"] == KEY


def test_a_file_that_has_arrived_unheard_is_taken(file: Path) -> None:
    """After a lost answer a name that is taken means that the file has arrived; without one it is an error."""
    taken = problem(409, "is there already")
    assert send(file, OF_THE_APP, Taking(httpx.ReadError("reset"), taken))[0] == "uploads/0-a.csv"
    with pytest.raises(CommandError, match="is there already"):
        send(file, OF_THE_APP, Taking(taken))


def test_a_file_that_is_too_large_or_empty_is_not_sent(file: Path) -> None:
    """A file above what the address takes, and an empty one, are refused before anything is sent."""
    app = Taking()
    with pytest.raises(Usage, match="takes 5"):
        send(file, {**OF_THE_APP, "most_bytes": 5}, app)
    file.write_bytes(b"")
    with pytest.raises(Usage, match="empty"):
        send(file, OF_THE_APP, app)
    assert app.requests == []
