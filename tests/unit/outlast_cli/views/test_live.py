from io import StringIO

from rich.console import Console

from outlast_cli.errors import Unreachable
from outlast_cli.runs import Run
from outlast_cli.views.live import Live
from tests.unit.outlast_cli.shown import completed, custom, shown


def drawn(*looks: Run, width: int = 100) -> str:
    """The last picture of a run that was watched for a second a look."""
    out = StringIO()
    console = Console(file=out, width=width, force_terminal=True, color_system=None, legacy_windows=False)
    with Live(console) as live:
        for second, look in enumerate(looks):
            live.show(look, float(second * 10))
    return out.getvalue().rpartition("\x1b[2K")[2]


GENERATING = Run.of(shown("generating", custom=custom("generating", 5, rows=500, rejected=2)))
STORING = Run.of(shown("storing", custom=custom("storing", 0, rows=1_000, documents=0)))
HALF = Run.of(
    shown(
        "storing",
        attempt=2,
        lanes=[{"documents": 40, "ru": 9_000.0, "throttled": 20}],
        custom=custom("storing", 2, wave="a1:2:store1", rows=1_000, documents=210, ru=1_000.0),
    )
)


def test_the_picture_has_phases_rates_and_lanes() -> None:
    """Each phase has a bar and counts, the current one the time left, and below are rates, throttling and lanes."""
    lines = drawn(GENERATING, STORING, HALF).splitlines()
    assert lines[0] == "flights a1, attempt 2, watched for 20 s"
    assert lines[1].split() == ["generating", "█" * 24, "1,000", "rows", "10", "s"]
    assert lines[2].startswith("storing     █")
    assert "250 documents" in lines[2]
    assert "about 40 s left" in lines[2]
    assert lines[3] == "25 documents/s  1,000 RU/s  20 throttled (2/s)  1 of 8 lanes at work"


def test_rejects_are_told_while_they_come() -> None:
    """The picture of a run that rejects rows says how many."""
    assert "2 rejected" in drawn(GENERATING)


def test_the_last_picture_has_no_rates() -> None:
    """A run that has ended shows its phases and no rates."""
    picture = drawn(GENERATING, Run.of(completed()))
    assert "rows/s" not in picture
    assert "completed  " not in picture


def test_a_narrow_terminal_is_not_broken() -> None:
    """On 60 columns no line of the table is broken into two."""
    assert len(drawn(GENERATING, STORING, HALF, width=60).splitlines()) <= 6


def test_an_app_that_is_away_is_told() -> None:
    """While the app gives no answer, the picture says that the run goes on."""
    out = StringIO()
    with Live(Console(file=out, force_terminal=True, width=100)) as live:
        live.silent(Unreachable("GET x gave no answer"))
    assert "The run goes on" in out.getvalue()
