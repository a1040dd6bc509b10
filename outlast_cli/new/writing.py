"""The source of a report and of its test, as `make check` wants it."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping

from outlast_cli.errors import Usage
from outlast_cli.new.columns import Column
from outlast_cli.new.draft import Draft

FORMS = {"csv": "Csv", "excel": "Excel", "json": "Json", "jsonl": "Json"}
SAID: Mapping[str, frozenset[str]] = {
    "Csv": frozenset({"delimiter", "quote", "encoding", "decimal", "thousands", "header_line", "comment", "nulls"}),
    "Json": frozenset({"path", "encoding"}),
    "Excel": frozenset({"sheet", "header_line", "nulls"}),
}
"""The options of a start that a report's `dialect` can say, by its class."""
OF_ONE_INPUT = frozenset({"member"})
"""Options that say what is read of one input, and not how a report's inputs are read."""
NUMBERS = frozenset({"header_line", "sheet"})
WIDTH = 120


def dialect_of(form: str, options: Mapping[str, str]) -> dict[str, str]:
    """Return the options that become the report's `dialect`; raise Usage for one that this format does not have."""
    said = {name: value for name, value in options.items() if name not in OF_ONE_INPUT}
    known = SAID.get(FORMS.get(form, ""), frozenset())
    for name in said:
        if name not in known:
            names = ", ".join(sorted(known)) or "no option"
            raise Usage(f"-o {name} does not say how {form} is read", f"A report of {form} takes {names}.")
    return said


def report_source(draft: Draft) -> str:
    body = list(_grouped(draft) if draft.group_by else _plain(draft))
    what = "one document a group of rows" if draft.group_by else "one document a row"
    head = [f'"""{draft.class_name}: {what} of files such as {_plain_text(draft.source)}."""', "", *_imports(draft)]
    return "\n".join([*head, "", "", *_row_class(draft), "", "", *body]) + "\n"


def _row_class(draft: Draft) -> Iterator[str]:
    yield f"class {_row(draft)}(Row):"
    if draft.nulls:
        yield f"    null_values = frozenset({{{', '.join(map(_quoted, draft.nulls))}}})"
    yield from (_field(draft, column) for column in draft.row_columns)


def _row(draft: Draft) -> str:
    return f"{draft.class_name}Row"


def _field(draft: Draft, column: Column) -> str:
    default = draft.optional and column.has_nulls
    if column.field == column.name:
        value = " = None" if default else ""
    else:
        value = f" = Field({'None, ' if default else ''}alias={_quoted(column.name)})"
    note = f"  # {column.kind.note}; say which" if column.kind.note else ""
    return f"    {column.field}: {column.annotation}{value}{note}"


def _plain(draft: Draft) -> Iterator[str]:
    yield f"class {draft.class_name}(Report[{_row(draft)}]):"
    yield '    """One document a row."""'
    yield ""
    yield from _attributes(draft)
    yield ""
    yield f"    def generate_report(self, row: {_row(draft)}, reference: None) -> Iterable[Document]:"
    dump = 'row.model_dump(exclude={"id"})' if any(one.field == "id" for one in draft.columns) else "row.model_dump()"
    yield f'        yield {{"id": {_id(draft, "row")}, **{dump}}}'


def _grouped(draft: Draft) -> Iterator[str]:
    yield f"class {draft.class_name}(GroupedReport[{_row(draft)}]):"
    yield f'    """Counts and sums by {", ".join(draft.group_by)}."""'
    yield ""
    yield from _attributes(draft)
    only = "," if len(draft.group_by) == 1 else ""
    yield f"    group_by = ({', '.join(map(_quoted, draft.group_by))}{only})"
    yield "    rows_counted = Count()"
    for column in draft.added:
        yield f"    mean_{column.field} = Mean({_quoted(column.field)})"
        yield f"    max_{column.field} = Max({_quoted(column.field)})"
    yield ""
    yield "    def generate_report(self, group: Group, reference: None) -> Iterable[Document]:"
    yield "        yield {"
    yield f'            "id": {_id(draft, "group")},'
    shown = [*draft.group_by, "rows_counted"]
    shown += [f"{what}_{column.field}" for column in draft.added for what in ("mean", "max")]
    yield from (f'            "{name}": group.{name},' for name in shown if name != "id")
    yield "        }"


def _attributes(draft: Draft) -> Iterator[str]:
    yield f"    container = {_quoted(draft.container)}"
    yield f"    partition_key = {_quoted(f'/{draft.partition_key}')}"
    if draft.reading:
        said = ", ".join(f"{name}={_value(name, value)}" for name, value in draft.reading.items())
        yield f"    dialect = {FORMS[draft.form]}({said})"


def _id(draft: Draft, of: str) -> str:
    """A text: the values with a dash between."""
    one = draft.id_fields[0]
    if len(draft.id_fields) == 1 and draft.needs_quote(one):
        return f'quote({of}.{one}, safe=" ")'
    if len(draft.id_fields) == 1 and draft.column(one).kind.annotation == "str":
        return f"{of}.{one}"
    parts = [
        f"quote({of}.{name}, safe=' ')" if draft.needs_quote(name) else _part(draft, of, name)
        for name in draft.id_fields
    ]
    return 'f"' + "-".join(f"{{{part}}}" for part in parts) + '"'


def _part(draft: Draft, of: str, name: str) -> str:
    is_time = draft.column(name).kind.annotation.startswith(("datetime", "Annotated[datetime"))
    return f"{of}.{name}.isoformat()" if is_time else f"{of}.{name}"


def _imports(draft: Draft) -> list[str]:
    found = defaultdict[str, set[str]](set)
    found["collections.abc"].add("Iterable")
    for column in draft.row_columns:
        for module, name in column.kind.imports:
            found[module].add(name)
    if any(draft.needs_quote(name) for name in draft.id_fields):
        found["urllib.parse"].add("quote")
    own = found.pop("outlast.report", set[str]()) | {"Document", "GroupedReport" if draft.group_by else "Report", "Row"}
    own |= {FORMS[draft.form]} if draft.reading else set()
    blocks = [[_import(module, names) for module, names in sorted(found.items())]]
    if any(column.field != column.name for column in draft.row_columns):
        blocks.append(["from pydantic import Field"])
    aggregates = {"Count", "Group", *({"Max", "Mean"} if draft.added else ())}
    blocks.append([_import("outlast.aggregates", aggregates)] * bool(draft.group_by) + [_import("outlast.report", own)])
    return "\n\n".join("\n".join(block) for block in blocks).split("\n")


def _import(module: str, names: set[str]) -> str:
    return f"from {module} import {', '.join(sorted(names))}"


def _value(name: str, value: str) -> str:
    if name == "nulls":
        texts = list(map(_quoted, value.split(",")))
        return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"
    return value if name in NUMBERS and value.isdigit() else _quoted(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _plain_text(text: str) -> str:
    return text.replace("\\", "/").replace('"', "'")[:60]


def test_source(draft: Draft, sample: str, rows: int, documents: int, rejected: int) -> str:
    """The test says of the sample what the report made of it when it was written."""
    return f'''"""{draft.class_name} on the first rows of {_plain_text(draft.source)}."""

from pathlib import Path

from outlast.testing import run_report

SAMPLE = Path(__file__).with_name({_quoted(sample)})


def test_the_sample_becomes_documents() -> None:
    """The rows of the sample become as many documents as they should, and no other row is rejected."""
    result = run_report({_quoted(draft.name)}, SAMPLE)
    assert (result.rows, len(result.documents), result.rejected) == ({rows}, {documents}, {rejected})
    assert all(document["id"] for document in result.documents)
'''
