"""Recorded items and the host's rows in one form, and what the recorded orchestrations did."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECORDS = Path(__file__).parents[1] / "records" / "telemetry"
KINDS = {
    "MessageData": "trace",
    "RequestData": "request",
    "RemoteDependencyData": "dependency",
    "ExceptionData": "exception",
}
SEVERITIES = ("Verbose", "Information", "Warning", "Error", "Critical")
OTHER_EACH_TIME = {
    "InvocationId",
    "FunctionExecutionTimeMs",
    "ProcessId",
    "HostInstanceId",
    "FormattedMessage",
    "durabletask.task.execution_id",
    "prop__invocationId",
    "prop__InvocationId",
    "prop__executionDuration",
    "prop__Duration",
    "prop__StartTime",
    "prop__EndTime",
    "prop__sequenceNumber",
    "prop__extensionVersion",
    "prop__reason",
}
"""Properties whose values differ from run to run: ids, times, and the stack of the host's own code."""
Plan = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of telemetry."""

    kind: str
    id: str
    parent: str
    operation: str
    trace: str
    when: str
    columns: dict[str, str]
    properties: dict[str, str]

    @property
    def name(self) -> str:
        return self.columns.get("name", "")

    def comparable(self) -> dict[str, Any]:
        """Return what must be the same in both: columns, the properties' names, and the values that do not vary."""
        properties = {k: None if k in OTHER_EACH_TIME else v for k, v in self.properties.items()}
        return {"kind": self.kind, "operation": self.operation, **self.columns, "customDimensions": properties}


def recorded(name: str) -> list[Item]:
    """Return the items of a recording."""
    lines = (RECORDS / name).read_text(encoding="utf-8").splitlines()
    return [_of_envelope(json.loads(line)) for line in lines]


def written(path: Path) -> list[Item]:
    """Return the rows of the host's telemetry. The host may be writing one: a line without an end is none yet."""
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    return [_of_row(json.loads(line)) for line in whole.splitlines()]


def _of_envelope(envelope: dict[str, Any]) -> Item:
    tags, data = envelope["tags"], envelope["data"]["baseData"]
    kind = KINDS[envelope["data"]["baseType"]]
    columns: dict[str, str] = {}
    if kind in ("request", "dependency"):
        columns = {"name": data["name"], "success": str(data["success"]), "resultCode": data.get("responseCode", "")}
        columns["type"] = data.get("type", "")
    elif kind == "exception":
        outer, inner = data["exceptions"]
        columns = {"severity": data["severityLevel"], "outerMessage": outer["message"], "outerType": outer["typeName"]}
        columns |= {"innermostMessage": inner["message"], "innermostType": inner["typeName"]}
    else:
        columns = {"severity": data["severityLevel"]}
    return Item(
        kind=kind,
        id=data.get("id", ""),
        parent=tags.get("ai.operation.parentId", ""),
        operation=tags.get("ai.operation.name", ""),
        trace=tags["ai.operation.id"],
        when=envelope["time"],
        columns=columns,
        properties=data.get("properties", {}),
    )


def _of_row(row: dict[str, Any]) -> Item:
    kind = row["itemType"]
    columns: dict[str, str] = {}
    if kind in ("request", "dependency"):
        columns = {name: row.get(name, "") for name in ("name", "success", "resultCode", "type")}
    elif kind == "exception":
        columns = {"severity": SEVERITIES[row["severityLevel"]]}
        columns |= {n: row[n] for n in ("outerMessage", "outerType", "innermostMessage", "innermostType")}
    else:
        columns = {"severity": SEVERITIES[row["severityLevel"]]}
    return Item(
        kind=kind,
        id=row.get("id", ""),
        parent=row["operation_ParentId"],
        operation=row["operation_Name"],
        trace=row["operation_Id"],
        when=row["timestamp"],
        columns=columns,
        properties=row["customDimensions"],
    )


class Tree:
    """Items with names that are the same in two runs of the same orchestrations."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._spans = {item.id: item for item in items if item.id}
        self._child = {item.parent: item for item in self._spans.values() if item.kind == "request"}
        self.items: dict[str, Item] = {}
        seen: defaultdict[str, int] = defaultdict(int)
        for item in sorted(items, key=lambda one: one.when):
            name = self.name_of(item)
            self.items[f"{name} #{seen[name]}" if not item.id else name] = item
            seen[name] += 1

    def name_of(self, item: Item) -> str:
        """Return the item's kind and name with the instance and the task that it is about."""
        properties = item.properties
        if not item.id:
            where = self.parent_of(item)
            what = properties.get("prop__state") or properties.get("EventName") or item.columns["severity"]
            return f"{item.kind} {properties['Category']} {what} of {where}"
        about = [properties.get("durabletask.task.instance_id", ""), properties.get("durabletask.task.task_id", "")]
        if item.kind == "dependency" and item.name.startswith("orchestration:"):
            about.append(self._child[item.id].properties["durabletask.task.instance_id"])
        return " ".join([item.kind, item.name, *filter(None, about)])

    def parent_of(self, item: Item) -> str:
        """Return the name of the span above, or a blank where it is not part of the record."""
        above = self._spans.get(item.parent)
        return self.name_of(above) if above else ""


def plan_of(tree: Tree) -> tuple[str, Plan]:
    """Return the instance of the recorded run and the steps that make the same orchestrations."""
    root = next(item for item in tree.items.values() if item.name == "orchestration:import_report")
    return root.properties["durabletask.task.instance_id"], _plan(tree, root)


def _plan(tree: Tree, request: Item) -> Plan:
    waits = [i for i in tree.items.values() if i.kind == "dependency" and i.parent == request.id]
    waits.sort(key=lambda one: one.when)
    steps: list[Any] = []
    children: list[Any] = []
    for wait in waits:
        if wait.name.startswith("activity:"):
            steps.append(wait.name.partition(":")[2])
            continue
        child = tree._child[wait.id]
        plan = {"name": child.name.partition(":")[2], "instance": _instance(child), "plan": _plan(tree, child)}
        if request.name.endswith("run_wave"):
            children.append(plan)
        else:
            steps.append([plan])
    failure = request.properties.get("otel.status_description", "").partition(" failed: ")[2]
    return {"steps": [*steps, children] if children else steps, "error": failure}


def _instance(item: Item) -> str:
    return item.properties["durabletask.task.instance_id"]
