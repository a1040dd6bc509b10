"""Loads the reports of a folder, and checks each: a fault is told when the app starts, with file, class and field."""

import hashlib
import importlib
import inspect
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from outlast.aggregates.faults import aggregates_of, faults_of_group
from outlast.errors import OutlastError
from outlast.inputs.said import Form
from outlast.key_paths import MOST_LEVELS, members_of
from outlast.models import RUNS_CONTAINER, SNAPSHOT_HEADER, SNAPSHOT_ID, SNAPSHOT_RUN
from outlast.report import MODES, GroupedReport, Parameters, Report, Row
from outlast.run_options import NOTIFY, RESERVED_PARAMETERS

_OF_SNAPSHOTS = frozenset({"id", SNAPSHOT_RUN, SNAPSHOT_ID, SNAPSHOT_HEADER})


class ReportError(OutlastError):
    """A report file cannot be used. The text names file, class and field."""


def load_reports(folder: Path) -> dict[str, Report[Any]]:
    """Load all reports of a folder, by file name. Raises ReportError for the first one that cannot be used."""
    files = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return {path.stem: _load(path, folder.name) for path in files}


def load_report(folder: Path, name: str) -> Report[Any]:
    """Load one report of a folder. Raises ReportError when it cannot be used."""
    return _load(folder / f"{name}.py", folder.name)


def _load(path: Path, package: str) -> Report[Any]:
    try:
        module = importlib.import_module(f"{package}.{path.stem}")
    except Exception as error:
        raise ReportError(f"{package}/{path.name} cannot be imported: {type(error).__name__}: {error}") from error
    found = [
        member
        for member in vars(module).values()
        if inspect.isclass(member) and issubclass(member, Report) and member.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise ReportError(f"{package}/{path.name} must define one subclass of Report, but defines {len(found)}")
    report = check_report(found[0], f"{package}/{path.name}, class {found[0].__name__}", path.stem)
    found[0].source_sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return report


def check_report(cls: type[Report[Any]], where: str, name: str) -> Report[Any]:
    """The report of a class, under this name. Raises ReportError, which begins with `where`, if it cannot be used."""
    for field, fault in _faults(cls):
        raise ReportError(f"{where}, {field}: {fault}")
    cls.name, cls.row = name, _row_class(cls)
    return cls()


def _faults(cls: type[Report[Any]]) -> Iterable[tuple[str, str]]:
    container, key = getattr(cls, "container", None), getattr(cls, "partition_key", None)
    if not (isinstance(container, str) and re.fullmatch(r"[^/\\?#\s][^/\\?#]{0,254}", container)):
        yield "container", f"must be a container's name, not {container!r}"
    if container == RUNS_CONTAINER:
        yield "container", f"must not be {RUNS_CONTAINER!r}, where the app keeps its own records"
    if not _is_key(key):
        yield "partition_key", f"must be a path such as /carrier, or two or three that lie apart, not {key!r}"
    elif cls.mode == "snapshot" and (taken := _OF_SNAPSHOTS & {names[0] for names in members_of(cls.partition_key)}):
        yield (
            "partition_key",
            f"must not begin with a member that the app sets in a snapshot's documents, as /{min(taken)}",
        )
    if not (isinstance(cls.reads, Mapping) and all(_is_key(key) for key in cls.reads.values())):
        yield "reads", f'must name containers and their partition keys, as {{"airlines": "/id"}}, not {cls.reads!r}'
    if cls.mode not in MODES:
        yield "mode", f"must be one of {', '.join(MODES)}, not {cls.mode!r}"
    yield from _faults_of_options(cls)
    yield from _faults_of_parameters(cls.parameters)
    yield from _faults_of_code(cls)
    yield from _faults_of_groups(cls)


def _faults_of_options(cls: type[Report[Any]]) -> Iterable[tuple[str, str]]:
    if cls.notify not in NOTIFY:
        yield "notify", f"must be one of {', '.join(NOTIFY)}, not {cls.notify!r}"
    if cls.duplicates not in ("last", "first", "reject"):
        yield "duplicates", f"must be 'last', 'first' or 'reject', not {cls.duplicates!r}"
    if not (isinstance(cls.max_delete_percent, int | float) and 0 <= cls.max_delete_percent <= 100):
        yield "max_delete_percent", f"must be a number from 0 to 100, not {cls.max_delete_percent!r}"
    if not (isinstance(cls.min_rows, int) and cls.min_rows >= 0):
        yield "min_rows", f"must be a whole number from 0 on, not {cls.min_rows!r}"
    dialect: object = cls.dialect
    if not (dialect is None or isinstance(dialect, Form)):
        yield "dialect", f"must be Csv(…), Json(…), Excel(…) or FixedWidth(…), not {dialect!r}"
    yield from _faults_of_plan(cls.plan_first, cls.queried)
    yield from _faults_of_schedule(cls.schedule, cls.scheduled_input, cls.parameters)


def _faults_of_groups(cls: type[Report[Any]]) -> Iterable[tuple[str, str]]:
    if issubclass(cls, GroupedReport):
        yield from faults_of_group(cls, _row_class(cls).model_fields, cls.key is not GroupedReport.key)
    elif aggregates := aggregates_of(cls):
        yield next(iter(aggregates)), "is an aggregate, which only a GroupedReport has"


def _faults_of_plan(plan_first: object, queried: object) -> Iterable[tuple[str, str]]:
    if not isinstance(plan_first, bool):
        yield "plan_first", f"must be True or False, not {plan_first!r}"
    if not (isinstance(queried, tuple) and all(_is_path(path) for path in queried)):
        yield "queried", f'must be a tuple of paths such as ("/carrier",), not {queried!r}'


def _faults_of_schedule(schedule: object, path: object, parameters: type[Parameters]) -> Iterable[tuple[str, str]]:
    if not isinstance(schedule, str) or (schedule and not re.fullmatch(r"%.+%|\S+( \S+){5}", schedule)):
        yield "schedule", f"must have six fields, such as '0 0 2 * * *', not {schedule!r}"
    if not isinstance(path, str) or bool(path) != bool(schedule):
        yield "scheduled_input", "must be given with schedule, and not without it"
        return
    try:
        path.format(date=datetime.now(UTC))
    except (LookupError, ValueError, AttributeError) as error:
        yield "scheduled_input", f"may have {{date:%Y-%m-%d}} and the like, but {path!r} has another field: {error!r}"
    if not (schedule and inspect.isclass(parameters)):
        return
    if needed := [name for name, field in parameters.model_fields.items() if field.is_required()]:
        yield "schedule", f"a schedule gives no parameters, and {', '.join(needed)} has no default"


def _faults_of_parameters(parameters: object) -> Iterable[tuple[str, str]]:
    if not (inspect.isclass(parameters) and issubclass(parameters, Parameters)):
        yield "parameters", "must be a subclass of Parameters"
    elif taken := RESERVED_PARAMETERS & {field.alias or name for name, field in parameters.model_fields.items()}:
        yield "parameters", f"{', '.join(sorted(taken))} is a name that the start endpoint uses itself"


def _faults_of_code(cls: type[Report[Any]]) -> Iterable[tuple[str, str]]:
    if _row_class(cls) is Row:
        yield "row", "name the row's class, as in `class FlightDelays(Report[Flight])`"
    if cls.generate_report in (Report.generate_report, GroupedReport.generate_report):
        yield "generate_report", "is missing"
    if inspect.iscoroutinefunction(cls.generate_report) or inspect.isasyncgenfunction(cls.generate_report):
        yield "generate_report", "must be a plain `def`: it must not wait; read what it needs in read_data_from_db"
    if not inspect.iscoroutinefunction(cls.read_data_from_db):
        yield "read_data_from_db", "must be `async def`, because it waits for the database"


def _is_path(key: object) -> bool:
    return isinstance(key, str) and re.fullmatch(r"(/[^/\"]+)+", key) is not None


def _is_key(key: object) -> bool:
    """Whether this is a path, or a tuple of two or three none of which lies inside another."""
    if not isinstance(key, tuple):
        return _is_path(key)
    apart = all(not f"{one}/".startswith(f"{other}/") for one in key for other in key if one is not other)
    return 1 < len(key) <= MOST_LEVELS and all(map(_is_path, key)) and apart and len(set(key)) == len(key)


def _row_class(cls: type[Report[Any]]) -> type[Row]:
    for base in getattr(cls, "__orig_bases__", ()):
        for argument in get_args(base):
            if inspect.isclass(argument) and issubclass(argument, Row):
                return argument
    return Row
