import asyncio
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from outlast.errors import Transient
from outlast.runs.record import RunRecord
from outlast.sources.incoming import ArrivalReader, Incoming
from outlast.sources.refusals import Refusals
from outlast.staging.store import Staging
from tests.fakes.endpoints import keyed_starts
from tests.fakes.http import FakeClient
from tests.fakes.mailer import FakeMailer
from tests.fakes.reports import WITH_MIRROR, make_csv
from tests.fakes.world import World, work_here

TIMER: Any = None
GOOD, BAD = make_csv(3), b"nothing\nof this\n"
LATER = timedelta(minutes=1)


class Killed(BaseException):
    """The process has died."""


@dataclass
class Fuse:
    """Kills at effect number `at`, before it is done or after it."""

    at: int | None = None
    after: bool = False
    burnt: int = 0

    @contextmanager
    def effect(self) -> Iterator[None]:
        self.burnt += 1
        kills = self.burnt == self.at
        if kills and not self.after:
            raise Killed
        yield
        if kills:
            raise Killed


class Inputs(Staging):
    """The inputs location; each change of it is an effect."""

    def __init__(self, folder: Path, fuse: Fuse) -> None:
        super().__init__(folder.as_uri())
        self.fuse = fuse

    async def put(self, path: str, data: bytes | bytearray) -> None:
        with self.fuse.effect():
            await super().put(path, data)

    async def copy(self, path: str, to: str) -> None:
        with self.fuse.effect():
            await super().copy(path, to)

    async def delete(self, path: str) -> None:
        with self.fuse.effect():
            await super().delete(path)


class Mail(FakeMailer):
    """Each email is an effect."""

    fuse: Fuse

    async def send(self, email: Any) -> None:
        with self.fuse.effect():
            await super().send(email)


class Client(FakeClient):
    """Each start is an effect."""

    fuse: Fuse
    when_started: Callable[[], None] = staticmethod(lambda: None)

    async def start_new(self, *args: Any, **kwargs: Any) -> str:
        with self.fuse.effect():
            started = await super().start_new(*args, **kwargs)
        self.when_started()
        return started


@dataclass
class Place:
    """An app whose inputs location is a folder."""

    folder: Path
    fuse: Fuse = field(default_factory=Fuse)
    world: World = field(default_factory=World)
    client: Client = field(default_factory=Client)

    def __post_init__(self) -> None:
        self.inputs, self.mailer = Inputs(self.folder, self.fuse), Mail()
        self.mailer.fuse = self.fuse
        self.client.fuse, self.world.runs.before_write = self.fuse, self._about_to_write

    def _about_to_write(self) -> None:
        with self.fuse.effect():
            pass

    def put(self, path: str, data: bytes = GOOD) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(data)

    def look(self, later: timedelta = LATER) -> None:
        """Call the timer function, so much later than the files came."""
        asyncio.run(self.incoming(later).take_incoming(TIMER, self.client))

    def incoming(self, later: timedelta = LATER) -> Incoming:
        """One instance of the app, whose time is so much later."""
        return Incoming(
            reader=ArrivalReader(self.inputs, self.world.reports, work_here),
            starts=keyed_starts(self.world),
            refusals=Refusals(self.inputs, self.mailer),
            now=lambda: datetime.now(UTC) + later,
            deadlines=self.world.deadlines,
        )

    def files(self) -> dict[str, bytes]:
        """Every file of the inputs location."""
        return {str(p.relative_to(self.folder)): p.read_bytes() for p in self.folder.rglob("*") if p.is_file()}

    @property
    def runs(self) -> list[RunRecord]:
        return list(self.world.runs.records.values())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_file_starts_its_report_and_moves(place: Place) -> None:
    """A file of incoming/{report}/ starts a run, which reads it from accepted/{report}/{run}/."""
    place.put("incoming/sales/day.csv")
    place.look()
    [run] = place.runs
    path = f"accepted/sales/{run.id}/day.csv"
    assert place.files() == {path: GOOD}
    assert (run.request.report, run.request.reference) == ("sales", path)
    assert run.request.reference_etag == asyncio.run(place.inputs.etag(path))
    assert [started for _, started, _ in place.client.started] == [run.id]


def test_its_run_stores_its_rows(place: Place) -> None:
    """The run reads the file where it is accepted."""
    place.world.inputs, place.world.files.inputs = place.inputs, place.inputs
    place.put("incoming/sales/day.csv")
    place.look()
    end = asyncio.run(place.world.driver.run("import_report", {"attempt": 1}, place.runs[0].id))
    assert end.output["rows_stored"] == 3


@pytest.mark.parametrize("name", ["a.csv.part", "a.tmp", ".a.csv", "deep/.a.csv", "a.csv.options.json"])
def test_what_is_not_complete_is_left_alone(place: Place, name: str) -> None:
    """Files that are named as incomplete, and options without their file, stay where they are."""
    place.put(f"incoming/sales/{name}")
    place.look()
    assert list(place.files()) == [f"incoming/sales/{name}"]
    assert not place.runs


def test_what_changed_lately_is_left_for_the_next_look(place: Place) -> None:
    """A file, or its options, that changed within 30 seconds may still be written."""
    place.put("incoming/sales/day.csv")
    place.look(timedelta(seconds=20))
    assert not place.runs
    place.look(timedelta(seconds=40))
    assert len(place.runs) == 1


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_options_lie_beside_the_file(place: Place, mark: bytes) -> None:
    """NAME.options.json has options and parameters of the run, and moves with the file; it may begin with a mark."""
    place.put("incoming/sales/day.csv", GOOD.replace(b",", b";"))
    said = mark + b'{"options": {"delimiter": ";", "tolerated_rejects": 2}, "parameters": {"factor": 3}}'
    place.put("incoming/sales/day.csv.options.json", said)
    place.look()
    [run] = place.runs
    assert (run.request.tolerated_rejects, run.request.parameters) == (2, {"factor": 3})
    assert run.request.reading["delimiter"] == ";"
    assert place.files()[f"accepted/sales/{run.id}/day.csv.options.json"] == said
    assert len(place.files()) == 2


def test_a_name_may_come_again(place: Place) -> None:
    """Another file under a name that was taken before starts another run."""
    for rows in (3, 5):
        place.put("incoming/sales/day.csv", make_csv(rows))
        place.look()
    assert len(place.runs) == 2
    assert len(place.files()) == 2


@pytest.mark.parametrize(
    ("path", "options", "reason"),
    [
        ("incoming/sales/day.csv", None, "lacks the column id, shop, amount"),
        ("incoming/nonsense/day.csv", None, "there is no report nonsense"),
        ("incoming/day.csv", None, "put the file into a folder that is named like its report"),
        ("incoming/sales/day.csv", b"[]", "must have a JSON object"),
        ("incoming/sales/day.csv", b"{", "must have a JSON object"),
        ("incoming/sales/day.csv", b'{"options": {"min_rows": -1}}', r"options\.json: options.min_rows"),
        ("incoming/sales/day.csv", b'{"delimiter": ";"}', r"options\.json: delimiter"),
    ],
)
def test_what_cannot_be_taken_is_moved_aside_and_told(
    place: Place, path: str, options: bytes | None, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The file moves to refused/ with its options and a text that says why, which is also in one email."""
    place.put(path, BAD)
    if options is not None:
        place.put(f"{path}.options.json", options)
    place.look()
    place.look()
    assert not place.runs
    [email] = place.mailer.emails
    assert path in email.text
    [refused] = [path for path, data in place.files().items() if data == BAD]
    assert refused.startswith("refused/")
    text = place.files()[f"{refused}.reason.txt"].decode()
    assert text.strip() in email.text
    assert re.search(reason, text)
    assert len(place.files()) == (2 if options is None else 3)


def test_one_email_names_all_that_were_refused_at_once(place: Place) -> None:
    """Many refused files of one look are one email, and the good one among them is taken."""
    for number in range(60):
        place.put(f"incoming/sales/{number:02}.csv", BAD)
    place.put("incoming/sales/good.csv")
    place.look()
    [email] = place.mailer.emails
    assert email.subject == "Outlast: 60 files that arrived cannot be taken"
    assert "… and 10 more" in email.text
    assert len(place.runs) == 1


@pytest.mark.parametrize(("answers", "told"), [([500], 1), ([401], 0)])
def test_a_mail_service_that_fails_loses_nothing(place: Place, answers: list[int], told: int) -> None:
    """While the mail service does not answer, the file stays for the next look; where it refuses for good, the text
    beside the file is all."""
    place.put("incoming/sales/day.csv", BAD)
    place.mailer.answer_with(answers)
    for _ in range(2):
        try:
            place.look()
        except Transient:
            assert "incoming/sales/day.csv" in place.files()
    assert len(place.mailer.emails) == told
    assert "incoming/sales/day.csv" not in place.files()
    assert sorted(path[-4:] for path in place.files()) == [".csv", ".txt"]


def test_a_mirror_report_at_work_keeps_its_next_file_waiting(tmp_path: Path) -> None:
    """A file of a mirror report of which a run is at work stays until the run has ended."""
    place = Place(tmp_path, world=World(reports=dict(WITH_MIRROR)))
    name = next(name for name, report in WITH_MIRROR.items() if report.mode == "mirror")
    for day in (1, 2):
        place.put(f"incoming/{name}/{day}.csv")
        place.look()
    assert len(place.runs) == 1
    assert f"incoming/{name}/2.csv" in place.files()
    place.world.runs.set(place.runs[0].id, state="completed")
    place.look()
    assert len(place.runs) == 2


def test_two_looks_at_once_start_one_run(place: Place) -> None:
    """Two instances that look at the same time start a run once and lose no file."""
    place.put("incoming/sales/day.csv")
    place.put("incoming/sales/bad.csv", BAD)

    async def both() -> None:
        looks = (place.incoming().take_incoming(TIMER, place.client) for _ in range(2))
        await asyncio.gather(*looks, return_exceptions=True)

    asyncio.run(both())
    place.look()
    [run] = place.runs
    assert [started for _, started, _ in place.client.started] == [run.id]
    assert sorted(path.partition("/")[0] for path in place.files()) == ["accepted", "refused", "refused"]


def test_a_file_that_is_replaced_meanwhile_is_not_removed(place: Place) -> None:
    """When another version comes while a file is being taken, both have their runs."""
    place.put("incoming/sales/day.csv", make_csv(3))

    def replaced() -> None:
        if len(place.runs) == 1:
            (place.folder / "incoming/sales/day.csv").unlink()
            place.put("incoming/sales/day.csv", make_csv(7))

    place.client.when_started = replaced
    place.look()
    place.look()
    assert len(place.runs) == 2
    assert sorted(place.files().values()) == sorted([make_csv(3), make_csv(7)])


def one_of_each(place: Place) -> None:
    """A file that is taken, with options, and one that is refused."""
    place.put("incoming/sales/good.csv")
    place.put("incoming/sales/good.csv.options.json", b'{"parameters": {"factor": 2}}')
    place.put("incoming/sales/bad.csv", BAD)


def effects(folder: Path) -> int:
    """How many effects a look has at both."""
    place = Place(folder)
    one_of_each(place)
    place.look()
    return place.fuse.burnt


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_step_it_loses_no_file_and_starts_no_run_twice(
    tmp_path: Path, after: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Wherever the function is killed, the looks after it lead to one run, one started orchestration, one refused file
    with its text, and an email; a second one only where the kill came between the email and the text."""
    caplog.set_level(logging.CRITICAL)
    count = effects(tmp_path / "all")
    assert count >= 10
    for at in range(1, count + 1):
        place = Place(tmp_path / str(at), Fuse(at, after))
        one_of_each(place)
        with pytest.raises(Killed):
            place.look()
        for _ in range(2):
            place.look()
        [run] = place.runs
        accepted = f"accepted/sales/{run.id}/good.csv"
        assert run.request.reference_etag == asyncio.run(place.inputs.etag(accepted))
        assert run.request.parameters == {"factor": 2}
        assert [started for _, started, _ in place.client.started] == [run.id]
        files = place.files()
        assert files.pop(accepted) == GOOD
        assert f"{accepted}.options.json" in files
        assert sorted(path.rpartition("/")[2] for path in files) == [
            "bad.csv",
            "bad.csv.reason.txt",
            "good.csv.options.json",
        ]
        assert not any(path.startswith("incoming") for path in files)
        assert 1 <= len(place.mailer.emails) <= 2
