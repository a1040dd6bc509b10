"""The documents of a physical partition."""

from hypothesis import given
from hypothesis import strategies as st

from local.cosmos.partitions import Partition, Record


def record(number: int, key: bytes = b"k") -> Record:
    return Record(b"{}", number, number, 0, key)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=40), st.integers(0, 40))
def test_a_scan_sees_each_document_once_and_in_order(steps: list[tuple[int, bool]], after: int) -> None:
    """A scan from any number on gives each document once, in the order of the numbers, after any writes and
    removals."""
    partition, number = Partition("0", "", "FF", 0), 0
    for id_, stays in steps:
        before = partition.get(b"k", str(id_))
        number += before is None
        written = record(before.number if before else number)
        partition.put(str(id_), written)
        if not stays:
            partition.remove(b"k", str(id_))
            if before is not None:
                partition.put(str(id_), before)  # as an undone delete does
    held = sorted(one.number for one in partition.groups.get(b"k", {}).values())
    assert [one.number for one in partition.scan(after)] == [n for n in held if n > after]
    assert [one.number for one in partition.scan_key(b"k", after)] == [n for n in held if n > after]
    assert len(partition) == len(held)


def test_many_removals_do_not_pile_up() -> None:
    """Numbers of removed documents are dropped, so that a partition used as a queue does not grow."""
    partition = Partition("0", "", "FF", 0)
    for number in range(1, 2000):
        partition.put(str(number), record(number))
        partition.remove(b"k", str(number))
    assert len(partition._numbers) < 200
    assert not partition.groups
    assert partition.size == 0
