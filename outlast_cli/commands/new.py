"""Writes a report from a file that it is to read."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from outlast_cli.address import profile_name
from outlast_cli.checkout import find_checkout, read_sample, run_draft
from outlast_cli.commands.report_test import describe, show_result
from outlast_cli.errors import Usage
from outlast_cli.new.columns import Column, read_columns
from outlast_cli.new.draft import Draft, check_name, field_of
from outlast_cli.new.keys import Proposal, propose_id, propose_partition_key
from outlast_cli.new.keys import describe as describe_column
from outlast_cli.new.placing import place, places_of, refuse_taken
from outlast_cli.new.sample_file import ENDINGS, UTF_8, sample_file
from outlast_cli.new.types import MOST_ODD
from outlast_cli.new.writing import OF_ONE_INPUT, dialect_of, report_source, test_source
from outlast_cli.profiles import LOCAL, profiles_path, read_profiles
from outlast_cli.session import JsonOption, Session, session
from outlast_cli.starting import read_pairs

if TYPE_CHECKING:
    from outlast_cli.checkout import ReportResult, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the caller says; None is proposed, and asked for on a terminal."""

    id: str | None
    partition_key: str | None
    container: str | None
    group_by: str | None
    ask: bool


def new(
    context: typer.Context,
    report: Annotated[str, typer.Argument(help="The name of the new report, such as store_sales.")],
    file: Annotated[Path, typer.Option("--from", exists=True, dir_okay=False, help="A file that it is to read.")],
    id: Annotated[str | None, typer.Option("--id", metavar="COLUMNS", help="What makes the id, with commas.")] = None,
    partition_key: Annotated[str | None, typer.Option("--partition-key", metavar="COLUMN")] = None,
    container: Annotated[
        str | None, typer.Option("--container", help="Default: the report's name with dashes.")
    ] = None,
    group_by: Annotated[
        str | None, typer.Option("--group-by", metavar="COLUMNS", help="Write a report that groups all rows by these.")
    ] = None,
    options: Annotated[
        list[str] | None, typer.Option("--option", "-o", metavar="NAME=VALUE", help="How the file is read.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take what is proposed.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a report and its test from a sample of its input, and run it on that file.

    Types, missing values and the form of dates and numbers are inferred; id and partition key are proposed with the
    reason. On a terminal you are asked for them; elsewhere the proposals are taken, as with --yes.
    """
    with session(context, as_json=as_json) as s:
        root = find_checkout(Path.cwd())
        check_name(report)
        if not force:
            refuse_taken(root, report, ENDINGS)
        wishes = Wishes(
            id=id,
            partition_key=partition_key,
            container=container,
            group_by=group_by,
            ask=s.output.for_people and not yes,
        )
        if not yes:
            _tell_unasked(s, wishes)
        given = read_pairs(options or [], "--option")
        draft, ending, content = _draft(s, root, report, file, given, wishes)
        of_file = {name: value for name, value in given.items() if name in OF_ONE_INPUT}
        files, result = _make(root, draft, ending, content, file, of_file)
        place(root, files)
        written = list(map(str, files))
        told = describe(result) | {"partitions": _spread(draft, result.documents)}
        if as_json:
            s.output.data(
                {"written": written, "id": list(draft.id_fields), "partition_key": draft.partition_key, **told}
            )
            return
        show_result(s, result, told, 1)
        s.output.pairs([("logical partitions", told["partitions"]), *(("written", path) for path in written)])
        said = [*_local(s), *(f"-o{name}={value}" for name, value in of_file.items())]
        again = shlex.join(["outlast", "run", report, str(file), *said])
        s.output.note(f"Next: look at {written[0]}, then, with `make serve` in another terminal: {again}")


def _local(s: Session) -> list[str]:
    """What makes a command call the app that `make serve` starts."""
    environ = s.machine.environ
    used = profile_name(environ, read_profiles(profiles_path(environ)))
    return [] if used in (None, LOCAL) else ["--profile", LOCAL]


def _tell_unasked(s: Session, wishes: Wishes) -> None:
    is_open = not (wishes.partition_key and (wishes.id or wishes.group_by))
    if is_open and not (wishes.ask or s.output.as_json):
        s.output.err.print("This is no terminal, so the proposals are taken without asking, as with --yes.")


def _draft(
    s: Session, root: Path, name: str, file: Path, options: dict[str, str], wishes: Wishes
) -> tuple[Draft, str, bytes]:
    """Read the sample and decide; return the draft with ending and content of the test's sample."""
    sample = read_sample(root, file, options)
    _refuse_other_encoding(sample, file)
    if sample.bad:
        s.output.warn(f"{sample.bad:,} of {sample.bad + len(sample.rows):,} rows cannot be read; they will be rejects")
    form = sample.reading.format or "csv"
    reading = dialect_of(form, options)
    columns, nulls = read_columns(sample.columns, sample.rows, semicolons=sample.reading.delimiter == ";")
    _tell_odd(s, columns, len(sample.rows))
    rows = len(columns[0].values)
    groups = [field_of(columns, one) for one in wishes.group_by.split(",")] if wishes.group_by else []
    keys = [one for one in columns if one.field in groups] if groups else columns
    id_fields = groups or _choose_id(s, columns, rows, wishes)
    draft = Draft(
        name=name,
        source=file.name,
        columns=columns,
        nulls=nulls,
        id_fields=id_fields,
        partition_key=_choose_key(s, keys, rows, wishes),
        container=wishes.container or name.replace("_", "-"),
        group_by=groups,
        form=form,
        reading=reading,
        optional=form in ("json", "jsonl"),
    )
    return draft, *sample_file(form, sample.text, sample.rows, sample.reading.encoding or UTF_8)


def _refuse_other_encoding(sample: "Sample", file: Path) -> None:
    """A report for the few rows that happen to be ASCII would be of no use."""
    rows, wrong = sample.bad + len(sample.rows), sample.undecodable
    if not sample.rows or wrong > MOST_ODD * rows:
        why = f"{wrong:,} of its {rows:,} rows have bytes that are not UTF-8" if wrong else "no row of it can be read"
        raise Usage(f"{file} cannot be read: {why}", "Say how it is read, as with: -o encoding=cp1252")


def _tell_odd(s: Session, columns: Sequence[Column], rows: int) -> None:
    for column in columns:
        if column.odd:
            kind = re.sub(r"Annotated\[(\w+).*", r"\1", column.kind.annotation)
            s.output.warn(
                f"{column.name}: {len(column.odd):,} of {rows:,} values are no {kind}, such as {column.odd[0]!r}; "
                f"their rows will be rejects. If they are right, make {column.field} a str"
            )


def _choose_id(s: Session, columns: Sequence[Column], rows: int, wishes: Wishes) -> list[str]:
    proposed = propose_id(columns, rows)
    given = wishes.id or _asked(s, "id", proposed, wishes)
    if not given:
        raise Usage("No id can be proposed", "Say which columns make it: --id COLUMN,COLUMN")
    return [field_of(columns, one) for one in given.split(",")]


def _choose_key(s: Session, columns: Sequence[Column], rows: int, wishes: Wishes) -> str:
    proposed = propose_partition_key(columns, rows)
    if wishes.group_by and not proposed.sure:
        proposed = Proposal((columns[0].field,), f"the first of the groups' columns: {describe_column(columns[0])}")
    given = wishes.partition_key or _asked(s, "partition key", proposed, wishes)
    return "id" if given == "id" else field_of(columns, given)


def _asked(s: Session, what: str, proposed: Proposal, wishes: Wishes) -> str:
    """Tell the proposal with its reason; on a terminal let the person say another."""
    text = ",".join(proposed.fields)
    if not s.output.as_json:
        s.output.err.print(f"{what}: {text or 'none'} ({proposed.reason})", markup=False)
    return str(typer.prompt(f"Take as {what}", default=text, err=True)) if wishes.ask else text


def _make(
    root: Path, draft: Draft, ending: str, content: bytes, file: Path, options: dict[str, str]
) -> tuple[dict[Path, bytes], "ReportResult"]:
    """The files to write, and what the report makes of the whole file, with these options of a start. The test
    says what it makes of the sample."""
    source = report_source(draft)
    report, test, sample = places_of(draft.name, ending)
    of_sample = run_draft(root, draft.name, source, sample.name, content)
    of_file = run_draft(root, draft.name, source, file.name, file.read_bytes(), options)
    made = (of_sample.rows, len(of_sample.documents), of_sample.rejected)
    tested = test_source(draft, sample.name, *made)
    return {report: source.encode(), test: tested.encode(), sample: content}, of_file


def _spread(draft: Draft, documents: Sequence[dict[str, object]]) -> str:
    counts: dict[str, int] = {}
    for document in documents:
        value = str(document.get(draft.partition_key))
        counts[value] = counts.get(value, 0) + 1
    largest = max(counts.values(), default=0) / max(1, len(documents))
    return f"{len(counts):,}; the largest has {largest:.1%} of the documents"
