"""Commands that look at runs and change nothing."""

from pathlib import Path

import httpx
import pytest

from outlast.http.corrected_rows import read_corrected
from outlast_cli.profiles import Profile, Profiles
from tests.unit.outlast_cli.calling import URL, Caller
from tests.unit.outlast_cli.shown import RUN, completed, failed, record, shown

HEADER = "row,column,code,message,id\n"
REJECTS = f"GET /api/runs/{RUN}/rejects"


def page(text: str, following: str | None = None) -> httpx.Response:
    link = {"Link": f'<{URL}/api/runs/{RUN}/rejects?chunk={following}>; rel="next"'} if following else {}
    return httpx.Response(200, text=text, headers=link)


def test_runs_are_listed_over_pages(call: Caller) -> None:
    """A list follows the pages up to its limit and sends the filters with each."""
    first = {"runs": [record(id="a", totals={"rows": 5, "rejected": 1})], "continuation": "c1"}
    call.answers = {"GET /api/runs": [first, {"runs": [record(id="b"), record(id="c")], "continuation": "c2"}]}
    done = call("list", "--report", "flights", "--state", "open", "--from", "2026-01-01", "-n", "2")
    assert [line.split("\t")[0] for line in done.out.splitlines()] == ["a", "b"]
    assert done.out.splitlines()[0] == "a\tflights\tstoring\t5\t1\t-"
    assert dict(done.requests[1].url.params) == {
        "report": "flights",
        "state": "open",
        "from": "2026-01-01",
        "top": "2",
        "continuation": "c1",
    }


def test_a_run_is_shown(call: Caller) -> None:
    """A run is shown with its receipt, or with its failure, which is on standard error."""
    call.answers = {f"GET /api/runs/{RUN}": completed(request_units=12.5)}
    lines = [" ".join(line.split()) for line in call("show", RUN).out.splitlines()]
    assert "state completed" in lines
    assert "request units 12.5" in lines
    call.answers = {f"GET /api/runs/{RUN}": failed()}
    assert "3 of 12 rows were rejected" in call("show", RUN).err
    assert call("show", RUN, "--json").json == failed()


def test_a_run_under_way_shows_its_phase(call: Caller) -> None:
    """A run under way shows how far its phase is."""
    custom = {"phase": "storing", "chunks_done": 3, "chunks": 10, "totals": {"documents": 7}}
    call.answers = {f"GET /api/runs/{RUN}": shown("storing", custom=custom)}
    assert "storing, 3 of 10 chunks" in call("show", RUN).out


def test_rejects_are_shown_over_pages(call: Caller) -> None:
    """Rejects are shown as a table with the four columns of ours, over all pages."""
    call.answers = {REJECTS: [page(f"{HEADER}4,id,int,no number,x\n", "7"), page(f"{HEADER}9,,row,late,y\n")]}
    done = call("rejects", RUN)
    assert done.out == "4\tid\tint\tno number\n9\t\trow\tlate\n"
    assert [dict(one.url.params) for one in done.requests] == [{}, {"chunk": "7"}]


def test_rejects_are_kept_as_one_file(call: Caller, tmp_path: Path) -> None:
    """The file has all pages and one header, and is as the app has sent it behind the mark that Excel needs."""
    file = tmp_path / "rejects.csv"
    call.answers = {REJECTS: [page(f"{HEADER}4,id,int,no,x\n", "7"), page(f'{HEADER}9,,row,late,"a\nb"\n')]}
    assert call("rejects", RUN, "-o", str(file)).code == 0
    assert file.read_text("utf-8") == f'\ufeff{HEADER}4,id,int,no,x\n9,,row,late,"a\nb"\n'
    assert [one.name for one in tmp_path.iterdir() if "rejects" in one.name] == ["rejects.csv"]
    assert call("rejects", RUN, "-o", str(tmp_path / "none" / "r.csv")).code == 2


def test_a_line_end_in_the_name_of_a_column_ends_no_header(call: Caller, tmp_path: Path) -> None:
    """Of the second page and those after it the whole header is left out, also where it goes over several lines."""
    file, header = tmp_path / "rejects.csv", 'row,column,code,message,"net ""A""\r\nin €",id\r\n'
    call.answers = {REJECTS: [page(f"{header}4,id,int,no,1,x\r\n", "7"), page(f'{header}9,id,int,no,"2\n",y\r\n')]}
    assert call("rejects", RUN, "-o", str(file)).code == 0
    assert file.read_bytes().decode("utf-8-sig") == f'{header}4,id,int,no,1,x\r\n9,id,int,no,"2\n",y\r\n'


def test_rejects_on_standard_output_are_the_apps_bytes(call: Caller) -> None:
    """With `-o -` all pages are printed with the line ends and letters of the app, and without a mark."""
    row = '4,id,int,no,"Łódź\n"\r\n'
    call.answers = {REJECTS: [page(f"{HEADER}{row}", "7"), page(f"{HEADER}{row}")]}
    assert call("rejects", RUN, "-o", "-").out_bytes == f"{HEADER}{row}{row}".encode()


def test_the_kept_file_can_be_sent_back(call: Caller, tmp_path: Path) -> None:
    """The app reads the kept file as a correction: the mark at its start is no part of the first column's name."""
    file = tmp_path / "rejects.csv"
    call.answers = {REJECTS: page(f"{HEADER}4,id,int,no,Zürich\n")}
    assert call("rejects", RUN, "-o", str(file)).code == 0
    assert read_corrected(file.read_bytes(), ["id"]) == [(4, ["Zürich"])]


def test_rejects_as_json_have_all_columns(call: Caller) -> None:
    """With --json each reject is an object with the row's own columns too."""
    call.answers = {REJECTS: page(f"{HEADER}4,id,int,no,x\n")}
    reject = {"row": "4", "column": "id", "code": "int", "message": "no", "id": "x"}
    assert call("rejects", RUN, "--json").json == [reject]


def test_columns_that_are_named_like_ours_do_not_replace_them(call: Caller) -> None:
    """A column of the input with the name of one of our four columns is beside it in JSON, and not in the table."""
    call.answers = {REJECTS: page("row,column,code,message,id,code,message\n4,id,int,no,x,A7,hello\n")}
    assert call("rejects", RUN).out == "4\tid\tint\tno\n"
    reject = {"row": "4", "column": "id", "code": "int", "message": "no", "id": "x"}
    assert call("rejects", RUN, "--json").json == [reject | {"input.code": "A7", "input.message": "hello"}]


PLAN = {
    "run": RUN,
    "state": "planned",
    "rows": 12,
    "rejected": 1,
    "documents": {"new": 9, "total": 9},
    "request_units": 135.9,
    "minutes": None,
    "price": {"amount": 0.5, "currency": "EUR"},
    "partitions": [],
    "rejects": {"int": {"rows": 1, "first": [{"row": 4, "column": "id", "message": "no"}]}},
}


def test_a_plan_is_shown(call: Caller) -> None:
    """A plan is shown with counts, price and rejects, and without what is not known."""
    call.answers = {f"GET /api/runs/{RUN}/plan": PLAN}
    done = call("plan", RUN, "--ru-per-second", "4000")
    assert dict(done.requests[0].url.params) == {"ru_per_second": "4000"}
    assert "documents new    9" in done.out
    assert "0.5 EUR" in done.out
    assert "minutes" not in done.out
    assert "int\t1\t4\tid\tno" in done.out
    assert f"outlast approve {RUN}" in done.err


def test_figures_keep_their_digits(call: Caller) -> None:
    """Request units, price and the throughput that is asked for have all their digits where no person reads them."""
    price = {"amount": 1234567.89, "currency": "EUR"}
    call.answers = {f"GET /api/runs/{RUN}/plan": PLAN | {"request_units": 87654321.5, "price": price}}
    done = call("plan", RUN, "--ru-per-second", "1234567")
    assert done.requests[0].url.params["ru_per_second"] == "1234567"
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert "request units 87654321.5" in lines
    assert "price 1234567.89 EUR" in lines


def test_events_are_told_in_order(call: Caller) -> None:
    """Each event is a line with what belongs to it."""
    told = [
        {"at": "t1", "event": "accepted", "attempt": 1},
        {"at": "t2", "event": "phase_ended", "attempt": 1, "phase": "storing", "documents": 9},
    ]
    call.answers = {f"GET /api/runs/{RUN}/events": {"run": RUN, "events": told}}
    assert call("events", RUN).out == "t1\t1\taccepted\t\nt2\t1\tphase_ended\tphase storing, documents 9\n"


def test_the_page_is_named(call: Caller) -> None:
    """The address of the page is printed, of a run with its id; an app without a page is told."""
    call.answers = {"GET /api/ui": httpx.Response(200, text="<html>")}
    assert call("open", RUN).out == f"{URL}/api/ui#/runs/{RUN}\n"
    assert call.browsed == []
    call.answers = {}
    assert call("open").code == 5


@pytest.mark.parametrize("url", ["http://127.0.0.1:7071", URL])
def test_the_page_of_this_machine_is_opened_with_the_key(
    call: Caller, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """On a terminal the address of an app on this machine has the key behind the #; no other address has it, and
    nothing that goes into a file or a pipe."""
    call.keep(Profiles(current="app", named={"app": Profile(url=url, key="a/b==")}))
    call.answers = {"GET /api/ui": httpx.Response(200, text="<html>")}
    assert call("open", RUN).out == f"{url}/api/ui#/runs/{RUN}\n"
    monkeypatch.setenv("FORCE_COLOR", "1")
    there = f"/runs/{RUN}" if url == URL else f"key=a%2Fb%3D%3D&to=/runs/{RUN}"
    assert call("open", RUN).out == f"{url}/api/ui#{there}\n"
    assert call.browsed == [f"{url}/api/ui#{there}"]
    assert "a%2Fb" not in call("open", RUN, "--json").out


def test_a_run_is_watched_later(call: Caller) -> None:
    """`watch` shows each change as a line if asked, and ends with the run's code."""
    custom = {"phase": "storing", "chunks_done": 3, "chunks": 10, "totals": {"documents": 7}}
    call.answers = {f"GET /api/runs/{RUN}": [shown("storing", custom=custom), failed()]}
    done = call("watch", RUN, "--progress", "lines")
    assert done.code == 1
    assert "3/10 chunks" in done.err
