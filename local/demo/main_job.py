"""The whole job on this machine: a real report from file to database, then a broken one to its email."""

import argparse
import csv
import gzip
import json
import time
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from local import arguments
from local.console import LocalError, ends_cleanly, say
from local.demo.concurrency import most_lanes_at_once
from local.demo.running import Watched, api_of, start, watch
from local.demo.text import document_lines, mail_lines, receipt_lines, reject_lines, title
from local.json_calls import bypass_proxies, get
from local.stack.ports import Ports
from local.stack.services import Services
from local.stack.settings import APP, sample_values
from outlast_cli.api import Api
from outlast_cli.runs import path_of

Facts = dict[str, Any]
REPORT, CONTAINER = "flight_delays", "flight-delays"
GROUPED, GROUPED_CONTAINER = "carrier_months", "carrier-months"
GOOD, BROKEN = APP / "samples/flights-2013-01.csv.gz", APP / "samples/flights-broken.csv"
MAIL_SECONDS = 10


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m local demo", description=__doc__)
    parser.add_argument("--json", type=arguments.new_file, metavar="FILE", help="also write the facts there")
    options = parser.parse_args(argv)
    bypass_proxies()
    try:
        with ends_cleanly(), TemporaryDirectory(prefix="outlast-", ignore_cleanup_errors=True) as data:
            facts = tell(Path(data))
    except KeyboardInterrupt:
        say("\nInterrupted; nothing is left running.")
        raise
    if options.json:
        options.json.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return 0


def tell(data: Path) -> Facts:
    """Run the demo step by step. Each step raises LocalError when its facts are wrong."""
    begun = time.monotonic()
    settings = sample_values(APP)
    title("Start host, database and inbox, on free ports and in a temporary folder")
    with Services(APP, data, Ports(), settings) as services:
        show_addresses(services)
        with api_of(services) as app:
            facts = report_is_written(app) | report_is_in_database(services) | groups_are_in_database(app, services)
            broken_file_fails(app)
        facts |= mail_arrives(services, settings["MAIL_TO"])
        database_is_as_before(services, facts)
    say(f"\nAll as it should be, in {time.monotonic() - begun:.0f} s; nothing is left running.")
    return facts


def show_addresses(services: Services) -> None:
    for name, url in (("host", services.host.url), ("database", services.cosmos.url), ("inbox", services.inbox.url)):
        say(f"  {name:<9} {url}")


def report_is_written(app: Api) -> Facts:
    """Post a real month of flights, watch its run, and check its receipt against the file."""
    watched = run_report(app, GOOD)
    status_url, receipt = watched.started["statusQueryGetUri"], receipt_of(watched)
    say(f"\n{receipt_lines(receipt)}")
    read, stored, rejected = receipt["rows_read"], receipt["rows_stored"], receipt["rows_rejected"]
    expect(read == rows_of(GOOD), f"the file has {rows_of(GOOD)} rows, and {read} were read")
    expect(stored + rejected == read, f"{stored} rows stored and {rejected} rejected are not the {read} that were read")
    names = ("rows_read", "rows_stored", "rows_rejected", "documents_written", "seconds")
    facts = {name: receipt[name] for name in names} | {"status_url": status_url}
    return facts | how_it_went(watched, most_lanes_at_once(status_url, watched.run.id))


def how_it_went(watched: Watched, lanes: int) -> Facts:
    say(f"  {'at once':<18} {lanes:>10} lanes")
    expect(len(watched.looks) >= 3, f"the run showed only {len(watched.looks)} different statuses")
    expect(lanes >= 2, f"only {lanes} lane worked at a time")
    return {"distinct_statuses": len(watched.looks), "most_lanes_at_once": lanes}


def report_is_in_database(services: Services) -> Facts:
    """Read three of the documents with azure-cosmos, and count all."""
    title(f"Read it back from the database: SELECT TOP 3 * FROM c in {CONTAINER}")
    with services.open_database() as database:
        container = database.get_container_client(CONTAINER)
        found = list(container.query_items("SELECT TOP 3 * FROM c", enable_cross_partition_query=True))
    expect(len(found) == 3, f"the database has {len(found)} documents of it, not three")
    say(document_lines(found))
    return {"documents_in_database": documents_in_database(services)}


def groups_are_in_database(app: Api, services: Services) -> Facts:
    """Post the same month for the report that groups its rows, and read its documents back: together they count every
    row of the file."""
    watched = run_report(app, GOOD, GROUPED)
    say(f"\n{receipt_lines(receipt_of(watched))}")
    title(f"Read the groups back: SELECT TOP 3 * FROM c in {GROUPED_CONTAINER}")
    with services.open_database() as database:
        found = list(database.get_container_client(GROUPED_CONTAINER).read_all_items())
    say(document_lines(found[:3]))
    flights = sum(document["flights"] for document in found)
    expect(flights == rows_of(GOOD), f"the documents count {flights} flights, and the file has {rows_of(GOOD)}")
    return {"groups": len(found), "rows_in_groups": flights}


def broken_file_fails(app: Api) -> None:
    """Post a file with bad rows of which none is tolerated: the run fails before anything is written, and its rejects
    name the rows."""
    run = run_report(app, BROKEN).run
    expect(run.state == "failed", f"the broken run ended {run.state}")
    say(f"\n  Failed: {run.record['failure']['text']}")
    title(f"Ask which rows were bad: GET /api/runs/{run.id}/rejects")
    text = app.call("GET", path_of(run.id, "/rejects")).text
    rejects = list(csv.DictReader(StringIO(text, newline="")))
    expect(bool(rejects), "no row of the broken file was rejected")
    say(reject_lines(rejects))


def mail_arrives(services: Services, mail_to: str) -> Facts:
    """Show the one email about the failed run."""
    title("See the email as it arrived")
    mails = wait_for_mails(services.inbox.url)
    expect(len(mails) == 1, f"{len(mails)} mails arrived for the one run that failed")
    expect(mails[0]["to"] == [mail_to], f"the mail went to {mails[0]['to']}, not to {mail_to}")
    say(mail_lines(mails[0]))
    return {"mails": len(mails), "mail_subject": mails[0]["subject"], "mail_to": mail_to}


def database_is_as_before(services: Services, facts: Facts) -> None:
    expect(
        documents_in_database(services) == facts["documents_in_database"] == facts["documents_written"],
        f"{facts['documents_written']} documents were written, and the database has {documents_in_database(services)}",
    )


def receipt_of(watched: Watched) -> dict[str, Any]:
    run = watched.run
    expect(run.state == "completed", f"the run ended {run.state}: {run.record['failure']}")
    receipt: dict[str, Any] = run.record["receipt"]
    return receipt


def run_report(app: Api, file: Path, report: str = REPORT) -> Watched:
    """Post a file and watch its run to the end."""
    title(f"Post {file.relative_to(APP)} to /api/reports/{report}")
    begun = time.monotonic()
    run = start(app, report, file)
    say(f"  202 Accepted after {time.monotonic() - begun:.2f} s; its durable status:\n  {run['statusQueryGetUri']}\n")
    return watch(app, run)


def rows_of(file: Path) -> int:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        return sum(1 for _ in csv.reader(lines)) - 1


def documents_in_database(services: Services) -> int:
    with services.open_database() as database:
        counted: Iterable[Any] = database.get_container_client(CONTAINER).query_items(
            "SELECT VALUE COUNT(1) FROM c", enable_cross_partition_query=True
        )
        return sum(counted)


def wait_for_mails(inbox_url: str) -> list[dict[str, Any]]:
    """Return the emails as soon as one has arrived, or an empty list after MAIL_SECONDS."""
    give_up = time.monotonic() + MAIL_SECONDS
    mails: list[dict[str, Any]] = get(f"{inbox_url}/api/mails")["mails"]
    while not mails and time.monotonic() < give_up:
        time.sleep(0.2)
        mails = get(f"{inbox_url}/api/mails")["mails"]
    return mails


def expect(true: bool, otherwise: str) -> None:
    if not true:
        raise LocalError(f"\nThe demo is not as it must be: {otherwise}.")
