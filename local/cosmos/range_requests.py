"""Requests for the partition key ranges of a container."""

from typing import Any

from local.cosmos.exchange import Exchange
from local.cosmos.messages import Response
from local.cosmos.parsing import whole
from local.cosmos.partitions import Partition
from local.cosmos.resource_answers import answer
from local.cosmos.state import Container


def list_ranges(exchange: Exchange) -> Response:
    """GET pkranges: all, or those added since the version in If-None-Match, or 304 where none was added."""
    container = exchange.container()
    known = _known_version(container, exchange.header("if-none-match"))
    etag = f'"{container.rid}-{container.map_version}"'
    if known == container.map_version:
        return Response(304, {"etag": etag, "x-ms-request-charge": "1"})
    ranges = [_describe(container, partition, etag) for partition in container.partitions if partition.version > known]
    body = {"_rid": container.rid, "PartitionKeyRanges": ranges, "_count": len(ranges)}
    return answer(200, body, headers={"etag": etag})


def _describe(container: Container, partition: Partition, etag: str) -> dict[str, Any]:
    return {
        "_rid": f"{container.rid}{int(partition.id):04d}",
        "id": partition.id,
        "_etag": etag,
        "minInclusive": partition.low,
        "maxExclusive": partition.high,
        "ridPrefix": int(partition.id),
        "_self": f"{container.self_link}pkranges/{partition.id}/",
        "throughputFraction": 1 / len(container.partitions),
        "status": "online",
        "parents": list(partition.parents),
        "_ts": container.properties["_ts"],
    }


def _known_version(container: Container, etag: str | None) -> int:
    rid, _, version = (etag or "").strip('"').rpartition("-")
    return (whole(version) or 0) if rid == container.rid else 0
