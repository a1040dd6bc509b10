"""Headers with numbers about queries and containers, in the service's forms."""

import base64
from typing import Any
from urllib.parse import quote

import orjson

from local.cosmos import hashing
from local.cosmos.query.index_use import IndexUse
from local.cosmos.query.rows import Page
from local.cosmos.state import Container

DOCUMENTS_KILOBYTES = 50 * 1024 * 1024
"""The most of one physical partition."""
KILOBYTE = 1024


def query_metrics(page: Page, seconds: float) -> str:
    """What the gateway measured of a page. Only the whole time is measured, not that of its steps."""
    matched = len(page.rows)
    ratio = min(1.0, matched / page.loaded) if page.loaded else 1.0
    steps = (
        "queryCompileTimeInMs", "queryLogicalPlanBuildTimeInMs", "queryPhysicalPlanBuildTimeInMs",
        "queryOptimizationTimeInMs", "VMExecutionTimeInMs", "indexLookupTimeInMs", "documentLoadTimeInMs",
        "systemFunctionExecuteTimeInMs", "userFunctionExecuteTimeInMs", "writeOutputTimeInMs",
    )  # fmt: skip
    values = {
        "totalExecutionTimeInMs": f"{seconds * 1000:.2f}",
        **dict.fromkeys(steps, "0.00"),
        "instructionCount": "0",
        "retrievedDocumentCount": str(page.loaded),
        "retrievedDocumentSize": str(page.read),
        "outputDocumentCount": str(matched),
        "outputDocumentSize": str(page.size),
        "indexUtilizationRatio": f"{ratio:.2f}",
    }
    return _delimited(values)


def index_metrics(use: IndexUse) -> str:
    """The indexes that served the condition and those that could, for `x-ms-cosmos-populateindexmetrics`."""
    body = {
        "UtilizedSingleIndexes": [_single(spec) for spec in use.used],
        "PotentialSingleIndexes": [_single(spec) for spec in use.lacking],
        "UtilizedCompositeIndexes": [],
        "PotentialCompositeIndexes": [],
    }
    return base64.b64encode(orjson.dumps(body)).decode()


def index_metrics_v2(use: IndexUse) -> str:
    """The same for `x-ms-cosmos-populateindexmetrics-v2`."""
    body = {
        name: {"SingleIndexes": [{"IndexSpec": spec} for spec in specs], "CompositeIndexes": []}
        for name, specs in (("Utilized", use.used), ("Potential", use.lacking))
    }
    return quote(orjson.dumps(body).decode(), safe="")


def _single(spec: str) -> dict[str, Any]:
    return {
        "FilterExpression": "",
        "IndexSpec": spec,
        "FilterPreciseSet": True,
        "IndexPreciseSet": True,
        "IndexImpactScore": "High",
    }


def quota(container: Container) -> dict[str, str]:
    """The headers for the most that a container may hold, and what it holds."""
    kilobytes = sum(partition.size for partition in container.partitions) // KILOBYTE
    count = sum(len(partition) for partition in container.partitions)
    most = DOCUMENTS_KILOBYTES * len(container.partitions)
    kinds = {"functions": "50", "storedProcedures": "100", "triggers": "25", "documentSize": str(2 * KILOBYTE)}
    largest = {**kinds, "documentsSize": str(most), "documentsCount": "-1", "collectionSize": str(most)}
    used = {"documentsSize": str(kilobytes), "documentsCount": str(count), "collectionSize": str(kilobytes)}
    return {
        "x-ms-resource-quota": _delimited(largest),
        "x-ms-resource-usage": _delimited({**dict.fromkeys(kinds, "0"), **used}),
        "x-ms-documentdb-collection-index-transformation-progress": "100",
    }


def statistics(container: Container) -> list[dict[str, Any]]:
    """The documents of each partition, and its largest partition keys."""
    return [
        {
            "id": partition.id,
            "sizeInKB": partition.size // KILOBYTE,
            "documentCount": len(partition),
            "sampledDistinctPartitionKeyCount": len(partition.groups),
            "partitionKeys": [
                {"partitionKey": _portable(key), "sizeInKB": size // KILOBYTE}
                for size, key in _largest(partition.groups)
            ],
        }
        for partition in container.partitions
    ]


def _largest(groups: dict[bytes, Any]) -> list[tuple[int, bytes]]:
    sizes = [(sum(len(record.body) for record in group.values()), key) for key, group in groups.items()]
    return sorted((pair for pair in sizes if pair[0] >= KILOBYTE * KILOBYTE), reverse=True)[:3]


def _portable(key: bytes) -> list[Any]:
    values = [hashing.value_of(level) for level in hashing.levels_of(key)]
    return [{} if value is hashing.UNDEFINED_VALUE else value for value in values]


def _delimited(values: dict[str, str]) -> str:
    return ";".join(f"{name}={value}" for name, value in values.items())
