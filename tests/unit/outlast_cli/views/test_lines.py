from io import StringIO

from outlast_cli.runs import Run
from outlast_cli.views.lines import Lines, line
from tests.unit.outlast_cli.shown import custom, shown


def at(phase: str, done: int, **totals: float) -> Run:
    return Run.of(shown(phase, custom=custom(phase, done) | {"totals": totals}))


def test_the_bar_is_as_long_as_what_is_done() -> None:
    """Half the chunks fill half the bar, and the numbers stand beside it."""
    text = line(at("generating", 5, rows=5_000), "ascii")
    assert f" {'#' * 10}{'.' * 10} " in text
    assert "5/10" in text
    assert "5,000 rows" in text


def test_a_line_fits_a_terminal() -> None:
    """A line with ten million documents and thousands of chunks is under 80 characters."""
    run = Run.of(
        shown(
            "publishing",
            custom=custom("publishing", 10, documents=10_000_000) | {"chunks_done": 1_000, "chunks": 1_000},
        )
    )
    assert len(line(run, "utf-8")) < 80


def test_there_is_a_line_a_change() -> None:
    """A look that is as the one before prints nothing."""
    out = StringIO()
    view = Lines(out)
    for done in (1, 1, 2, 2):
        view.show(at("generating", done), 0)
    assert len(out.getvalue().splitlines()) == 2
