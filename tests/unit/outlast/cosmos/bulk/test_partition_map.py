from typing import Any

import pytest

from outlast.cosmos.bulk.partition_map import PartitionMap
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.document import staged, staged_under
from outlast.cosmos.partition_key import effective_partition_key_v1
from outlast.errors import Permanent

KEYS = ["a", "", "é", 7, -1.5, True, False, None]


def read_map(*lows: str, **definition: Any) -> PartitionMap:
    """Return a map of ranges r0, r1, … that begin at these lower bounds."""
    properties = {
        "id": "c",
        "_rid": "r",
        "partitionKey": {"paths": ["/pk"], "kind": "Hash", "version": 2, **definition},
    }
    return PartitionMap.read(properties, [{"id": f"r{n}", "minInclusive": low} for n, low in enumerate(lows)], None)


def batch_of(ranges: PartitionMap, document: StagedDocument) -> str:
    (target,) = ranges.targets([document])
    return target.batch


def test_a_document_goes_to_the_range_it_lies_in() -> None:
    """A range contains its lower bound and everything up to the next one."""
    document = staged({"id": "1", "pk": "a"}, ["pk"], 2)
    bound = document.effective_partition_key.decode()
    assert batch_of(read_map("", bound), document) == "r1"
    assert batch_of(read_map("", bound + "0"), document) == "r0"
    assert batch_of(read_map(""), document) == "r0"


@pytest.mark.parametrize("key", KEYS)
def test_a_container_of_version_1_is_divided_by_its_own_hash(key: Any) -> None:
    """The ranges of a container of hash version 1 are found by that hash, not by the staged one."""
    document = staged({"id": "1", "pk": key}, ["pk"], 2)
    bound = effective_partition_key_v1(key)
    assert batch_of(read_map("", bound, version=1), document) == "r1"
    assert batch_of(read_map("", bound + "00", version=1), document) == "r0"


def test_a_container_without_a_version_has_the_first() -> None:
    """A container whose properties have no version was created before there was a second one."""
    properties = {"id": "c", "_rid": "r", "partitionKey": {"paths": ["/pk"], "kind": "Hash"}}
    assert PartitionMap.read(properties, [], None).version == 1


def test_a_hierarchical_key_is_divided_by_the_hash_of_all_levels() -> None:
    """A range may begin between two documents that have the first level of their keys in common."""
    low, high = sorted(
        (staged_under({"id": "1", "a": "x", "b": n}, [["a"], ["b"]], 2) for n in range(2)),
        key=lambda one: one.effective_partition_key,
    )
    ranges = read_map("", high.effective_partition_key.decode(), paths=["/a", "/b"], kind="MultiHash")
    assert (batch_of(ranges, low), batch_of(ranges, high)) == ("r0", "r1")
    assert low.effective_partition_key[:32] == high.effective_partition_key[:32]


def test_another_kind_of_key_is_refused() -> None:
    """A container whose partition key is of a kind that the writer cannot compute is refused."""
    with pytest.raises(Permanent, match="container c has a partition key of the kind Range"):
        read_map("", kind="Range")
