import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from outlast.errors import Permanent, Transient
from outlast.staging.store import Staging
from tests.cloud.azurite import Azurite
from tests.contract.outlast.staging.conftest import CONTAINER

Visit = Callable[[Callable[[Staging], Awaitable[None]]], None]


def blob_url(request: pytest.FixtureRequest, folder: str) -> str:
    """Return the URL of a new folder of Azurite, which the process may open from now on."""
    request.getfixturevalue("identity")
    azurite: Azurite = request.getfixturevalue("azurite")
    return azurite.url(CONTAINER, quote(f"{uuid.uuid4()}/{folder}"))


@pytest.fixture(params=["memory", "file", "file with blanks", "blob", "blob with blanks"])
def visit(request: pytest.FixtureRequest, tmp_path: Path) -> Visit:
    """Runs a check with the adapter in a location that does not exist yet."""
    kind, _, blanks = request.param.partition(" ")
    folder = "a folder/ä" if blanks else "folder"
    url = {"memory": "memory:///", "file": f"file://{tmp_path}/{folder}"}.get(kind) or blob_url(request, folder)

    def run(check: Callable[[Staging], Awaitable[None]]) -> None:
        async def wait() -> None:
            await check(Staging(url))

        asyncio.run(wait())

    return run


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 1000])
def test_a_file_comes_back_as_it_was_put(visit: Visit, data: bytes) -> None:
    """A file of any content is read back unchanged and has a size and a version."""

    async def check(staging: Staging) -> None:
        await staging.put("runs/r1/input", data)
        assert await staging.get("runs/r1/input") == await staging.need("runs/r1/input") == data
        assert await staging.size("runs/r1/input") == len(data)
        assert await staging.etag("runs/r1/input")

    visit(check)


def test_what_is_not_there_is_none(visit: Visit) -> None:
    """A missing file, a folder and a path below a file have neither content nor size nor version."""

    async def check(staging: Staging) -> None:
        await staging.put("a/b", b"x")
        for path in ("x", "a", "a/c"):
            assert await staging.get(path) is None
            assert await staging.size(path) is None
            assert await staging.etag(path) is None

    visit(check)


def test_what_was_promised_and_is_not_there_is_permanent(visit: Visit) -> None:
    """Reading a needed file that is missing raises Permanent."""

    async def check(staging: Staging) -> None:
        with pytest.raises(Permanent, match="the staged file x is missing"):
            await staging.need("x")
        with pytest.raises(Permanent, match="the file x is missing"):
            await staging.get_range("x", 0, 1)

    visit(check)


def test_a_put_replaces(visit: Visit) -> None:
    """A second put replaces the content and changes the version."""

    async def check(staging: Staging) -> None:
        await staging.put("x", b"before")
        before = await staging.etag("x")
        await staging.put("x", b"after that")
        assert await staging.get("x") == b"after that"
        assert await staging.etag("x") != before

    visit(check)


def test_a_file_is_written_once_if_absent(visit: Visit) -> None:
    """A put if absent returns whether it was the first, and the first content stays."""

    async def check(staging: Staging) -> None:
        assert await staging.put_if_absent("x", b"first")
        assert not await staging.put_if_absent("x", b"second")
        assert await staging.get("x") == b"first"

    visit(check)


def test_of_many_at_once_one_is_first(visit: Visit) -> None:
    """Exactly one of many simultaneous puts if absent is the first, and its content is complete."""

    async def check(staging: Staging) -> None:
        contents = [bytes([n]) * 10_000 for n in range(20)]
        won = await asyncio.gather(*(staging.put_if_absent("x", data) for data in contents))
        assert sum(won) == 1
        assert await staging.get("x") == contents[won.index(True)]

    visit(check)


@pytest.mark.parametrize(
    ("start", "length", "found"),
    [(0, 5, b"01234"), (3, 4, b"3456"), (8, 99, b"89"), (10, 1, b""), (99, 1, b""), (0, 0, b"")],
)
def test_a_range_is_read(visit: Visit, start: int, length: int, found: bytes) -> None:
    """A range has fewer bytes at the file's end and none after it."""

    async def check(staging: Staging) -> None:
        await staging.put("x", b"0123456789")
        assert await staging.get_range("x", start, length) == found

    visit(check)


def test_a_thread_reads_the_same_ranges(visit: Visit) -> None:
    """A thread that waits gets what the event loop gets, and the same errors."""

    async def check(staging: Staging) -> None:
        await staging.put("x", b"0123456789")
        version = await staging.etag("x")
        assert await asyncio.to_thread(staging.get_range_now, "x", 8, 99, version) == b"89"
        await staging.put("x", b"after that")
        with pytest.raises(Permanent, match="the file x was changed"):
            await asyncio.to_thread(staging.get_range_now, "x", 0, 3, version)
        with pytest.raises(Permanent, match="the file y is missing"):
            await asyncio.to_thread(staging.get_range_now, "y", 0, 3)

    visit(check)


def test_an_empty_file_has_an_empty_range(visit: Visit) -> None:
    """An empty file exists and has an empty range."""

    async def check(staging: Staging) -> None:
        await staging.put("x", b"")
        assert await staging.get_range("x", 0, 10) == b""

    visit(check)


def test_a_range_of_a_file_that_has_changed_is_permanent(visit: Visit) -> None:
    """Reading a range of a file that has another version than the given one raises Permanent."""

    async def check(staging: Staging) -> None:
        await staging.put("x", b"before")
        version = await staging.etag("x")
        assert await staging.get_range("x", 0, 3, version) == b"bef"
        await staging.put("x", b"after that")
        with pytest.raises(Permanent, match="the file x was changed after the run was accepted"):
            await staging.get_range("x", 0, 3, version)

    visit(check)


@pytest.mark.parametrize("path", ["a b", "é/ü.csv", "a%20b", "a%2fb", "a+b", "runs/r1/generated/000001/0000.json"])
def test_a_path_is_taken_as_it_is(visit: Visit, path: str) -> None:
    """Blanks, percent signs and non-ASCII letters are part of a file's name."""

    async def check(staging: Staging) -> None:
        await staging.put(path, b"x")
        assert await staging.get(path) == b"x"
        assert await staging.get(path.replace("%2f", "/").replace("%20", " ") + "?") is None

    visit(check)


def test_a_location_that_is_not_configured_says_so() -> None:
    """A call without a configured location raises Permanent with the names of the settings."""

    async def run() -> None:
        await Staging("").get("x")

    with pytest.raises(Permanent, match="STAGING_URL or INPUTS_URL is not set"):
        asyncio.run(run())


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("container/folder", "names no scheme"),
        ("az://container/folder", "names no account; set AZURE_STORAGE_ACCOUNT_NAME, or"),
        ("nope://x?sig=s3", "does not open"),
    ],
)
def test_a_url_that_does_not_open_is_refused_without_repeating_it(url: str, text: str) -> None:
    """The error for a URL that does not open names the settings and the right form, and does not repeat the URL."""
    with pytest.raises(Permanent, match=f"STAGING_URL or INPUTS_URL {text}.* give it as https://ACCOUNT") as caught:
        asyncio.run(Staging(url).get("x"))
    assert url not in str(caught.value)


def test_a_folder_is_listed_with_times(visit: Visit) -> None:
    """Every file below a folder is listed with the time of its last change; a missing folder is empty."""

    async def check(staging: Staging) -> None:
        assert await staging.list("a") == []
        before = datetime.now(UTC) - timedelta(seconds=2)
        for path in ("a/1/x", "a/2/y", "ab/z"):
            await staging.put(path, b"")
        found = dict(await staging.list("a"))
        assert set(found) == {"a/1/x", "a/2/y"}
        assert all(before <= time <= datetime.now(UTC) + timedelta(seconds=2) for time in found.values())

    visit(check)


def test_a_file_is_deleted_once(visit: Visit) -> None:
    """A deleted file is missing, and deleting what is missing is no error."""

    async def check(staging: Staging) -> None:
        await staging.put("a/x", b"x")
        for _ in range(2):
            await staging.delete("a/x")
            assert await staging.get("a/x") is None

    visit(check)


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """A `file://` location below a link, beside a folder that holds a secret."""
    (tmp_path / "real" / "month").mkdir(parents=True)
    (tmp_path / "real" / "month" / "own.csv").write_bytes(b"own")
    (tmp_path / "real" / "x%20").write_bytes(b"as it is")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.csv").write_bytes(b"secret")
    (tmp_path / "in puts").symlink_to("real")
    return tmp_path / "in puts"


async def look(location: Path, path: str) -> tuple[bytes | None, int | None, str | None]:
    staging = Staging(f"file://{location}")
    async with asyncio.timeout(5):
        return await staging.get(path), await staging.size(path), await staging.etag(path)


def test_a_link_that_stays_inside_is_read(inputs: Path) -> None:
    """A link to a file or a folder of the location is what it leads to, and names with percent signs are names."""
    (inputs / "link.csv").symlink_to("month/own.csv")
    (inputs / "folder").symlink_to(inputs / "month")
    for path in ("month/own.csv", "link.csv", "folder/own.csv"):
        assert asyncio.run(look(inputs, path))[:2] == (b"own", 3)
    assert asyncio.run(look(inputs, "x%20"))[0] == b"as it is"


@pytest.mark.parametrize(
    ("name", "target", "path"),
    [
        ("link.csv", "../elsewhere/secret.csv", "link.csv"),
        ("folder", "../elsewhere", "folder/secret.csv"),
        ("month/up", "../../elsewhere/secret.csv", "month/up"),
        ("root", "/", "root/etc/hostname"),
        ("zero", "/dev/zero", "zero"),
        ("circle", "circle", "circle"),
    ],
)
def test_a_link_that_leads_outside_is_no_file(inputs: Path, name: str, target: str, path: str) -> None:
    """A link to a file, folder or device outside the location counts as missing and is never read."""
    (inputs / name).symlink_to(target)
    assert asyncio.run(look(inputs, path)) == (None, None, None)
    with pytest.raises(Permanent, match="is missing"):
        asyncio.run(Staging(f"file://{inputs}").get_range(path, 0, 1))


def test_a_pipe_is_no_file(inputs: Path) -> None:
    """A pipe counts as missing: nobody may ever write into it, so reading it would not end."""
    os.mkfifo(inputs / "pipe.csv")
    assert asyncio.run(look(inputs, "pipe.csv")) == (None, None, None)


def test_an_error_that_says_nothing_about_the_file_may_pass(tmp_path: Path) -> None:
    """A location that cannot be written or read at the moment is Transient, and the text names the file."""
    staging = Staging(f"file://{tmp_path}")
    (tmp_path / "a").write_bytes(b"a file where a folder should be")

    async def put() -> None:
        await staging.put("a/b", b"x")

    with pytest.raises(Transient, match="the storage gave no usable answer for a/b"):
        asyncio.run(put())


def test_files_are_deleted_together(visit: Visit) -> None:
    """The named files are deleted, those that are missing are no error, and others stay."""

    async def check(staging: Staging) -> None:
        for path in ("runs/r1/a", "runs/r1/b/c", "runs/r10/a"):
            await staging.put(path, b"x")
        await staging.delete_all(["runs/r1/a", "runs/r1/b/c", "runs/r1/missing"])
        assert [path for path, _ in await staging.list("runs")] == ["runs/r10/a"]

    visit(check)


def test_empty_folders_are_removed(tmp_path: Path) -> None:
    """An empty folder of a `file://` location is removed with those in it, and one with a file stays."""

    async def check() -> None:
        staging = Staging(f"file://{tmp_path}/a folder")
        for path in ("runs/r1/a/b/c", "runs/r2/a"):
            await staging.put(path, b"x")
        await staging.delete("runs/r1/a/b/c")
        for folder in ("runs/r1", "runs/r2", "runs/r3"):
            staging.remove_empty(folder)

    asyncio.run(check())
    assert [path.name for path in (tmp_path / "a folder/runs").iterdir()] == ["r2"]


def test_a_file_is_copied_unless_there_is_one(visit: Visit) -> None:
    """A copy has the file's content; one that is there stays, and a file that is missing raises FileNotFoundError."""

    async def check(staging: Staging) -> None:
        await staging.put("a/x", b"first")
        await staging.copy("a/x", "b/y/x")
        await staging.put("a/x", b"second")
        await staging.copy("a/x", "b/y/x")
        assert await staging.get("b/y/x") == b"first"
        with pytest.raises(FileNotFoundError):
            await staging.copy("a/none", "b/none")

    visit(check)


async def _pieces(count: int, size: int) -> AsyncIterator[bytes]:
    for number in range(count):
        yield bytes([number]) * size


@pytest.mark.parametrize(("count", "size"), [(0, 0), (3, 10), (12, 1024 * 1024)])
def test_a_file_may_be_written_in_pieces(visit: Visit, count: int, size: int) -> None:
    """A file that is written piece by piece, in one part or in several, has the pieces in their order."""

    async def check(staging: Staging) -> None:
        await staging.put_pieces("a/x", _pieces(count, size))
        assert await staging.get("a/x") == b"".join([bytes([number]) * size for number in range(count)])

    visit(check)


@pytest.mark.parametrize("size", [10, 1024 * 1024])
def test_a_file_whose_pieces_end_early_is_not_written(visit: Visit, size: int) -> None:
    """What is raised while pieces are made is raised by the write, and there is no file."""

    async def broken() -> AsyncIterator[bytes]:
        async for piece in _pieces(12, size):
            yield piece
        raise ConnectionResetError("the client has gone")

    async def check(staging: Staging) -> None:
        with pytest.raises(ConnectionResetError):
            await staging.put_pieces("a/x", broken())
        assert await staging.size("a/x") is None
        assert await staging.list("a") == []

    visit(check)


def test_what_a_killed_store_has_left_is_removed(tmp_path: Path) -> None:
    """A file without its name, which no list shows, is removed from all folders below one; another name stays."""
    for name in ("runs/r1/generated/000001.json#3", "runs/r1/body#1", "runs/r1/a#b", "runs/r2/body#1"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"rows")
    Staging(f"file://{tmp_path}").remove_unfinished("runs/r1")
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"runs/r1/a#b", "runs/r2/body#1"}
